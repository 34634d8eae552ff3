"""The device program over a folder: every image a row, once, with its verdict or its fault."""

import csv
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge_app.cli import main
from tflite_mammo.conversion.convert import Converted


@pytest.fixture
def model(converted: dict[str, Converted]) -> str:
    return str(converted["int8"].bundle.path)


@pytest.fixture
def images(phantom_folder: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    (folder / "more").mkdir(parents=True)
    for i, path in enumerate(sorted((phantom_folder / "images").iterdir())[:8]):
        shutil.copy(path, folder / ("more" if i % 2 else ".") / path.name)
    return folder


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _edge_app(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return done.exit_code, done.stdout, done.stderr


def test_every_image_gets_a_verdict_a_score_and_a_time(model: str, images: Path, tmp_path: Path) -> None:
    status, _, _ = _edge_app(model, images, "--out", tmp_path / "results.csv")
    rows = _rows(tmp_path / "results.csv")
    assert status == 0
    assert {row["file"] for row in rows} == {p.relative_to(images).as_posix() for p in images.rglob("*.png")}
    for row in rows:
        assert row["verdict"] == ("malignant" if float(row["score"]) >= float(row["threshold"]) else "benign")
        assert float(row["ms"]) > 0


def test_an_unreadable_image_is_a_row_with_its_reason_and_status_1(model: str, images: Path, tmp_path: Path) -> None:
    (images / "broken.png").write_bytes(b"")
    status, _, _ = _edge_app(model, images, "--out", tmp_path / "results.csv")
    rows = _rows(tmp_path / "results.csv")
    (broken,) = [row for row in rows if row["verdict"] == "error"]
    assert status == 1
    assert (broken["file"], broken["score"]) == ("broken.png", "")
    assert "unreadable image" in broken["reason"]
    assert len(rows) == 9


def test_an_interrupted_table_goes_on_where_it_was(model: str, images: Path, tmp_path: Path) -> None:
    out = tmp_path / "results.csv"
    _edge_app(model, images, "--out", out)
    whole = out.read_bytes()
    lines = whole.splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:4]) + lines[4][:20])  # as a board that lost its power left it
    status, _, _ = _edge_app(model, images, "--out", out)
    assert status == 0
    assert sorted(row["file"] for row in _rows(out)) == sorted(row["file"] for row in _rows_of(whole))


def _rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode().splitlines()))


def test_a_second_run_does_no_image_twice(model: str, images: Path, tmp_path: Path) -> None:
    out = tmp_path / "results.csv"
    _edge_app(model, images, "--out", out)
    before = out.read_bytes()
    _, stdout, _ = _edge_app(model, images, "--out", out)
    assert out.read_bytes() == before
    assert "0 images written" in stdout
    assert "8 were there before" in stdout


def test_results_of_another_model_are_not_mixed(
    model: str, converted: dict[str, Converted], images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results.csv"
    _edge_app(model, images, "--out", out)
    before = out.read_bytes()
    status, _, stderr = _edge_app(converted["float32"].bundle.path, images, "--out", out)
    assert status == 2
    assert "results of another model" in stderr
    assert out.read_bytes() == before


def test_a_file_that_is_no_results_table_is_left_alone(model: str, images: Path, tmp_path: Path) -> None:
    out = tmp_path / "notes.csv"
    out.write_text("my notes")
    status, _, stderr = _edge_app(model, images, "--out", out)
    assert status == 2
    assert "no results table" in stderr
    assert out.read_text() == "my notes"


def test_one_file_may_be_named_instead_of_a_folder(model: str, images: Path, tmp_path: Path) -> None:
    one = next(images.glob("*.png"))
    _edge_app(model, one, "--out", tmp_path / "results.csv")
    assert [row["file"] for row in _rows(tmp_path / "results.csv")] == [one.name]


@pytest.mark.parametrize(
    ("what", "message"),
    [("missing", "no such folder"), ("empty", "no image in it"), ("text", "not a TF Lite model")],
)
def test_wrong_use_is_one_clean_line_and_status_2(
    what: str, message: str, model: str, images: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "model.tflite").write_text("not a model at all")
    chosen = str(tmp_path / "model.tflite") if what == "text" else model
    place = images if what == "text" else tmp_path / what
    status, stdout, stderr = _edge_app(chosen, place, "--out", tmp_path / "results.csv")
    assert (status, stdout) == (2, "")
    assert stderr.startswith("error: ")
    assert stderr.count("\n") == 1
    assert message in stderr
    assert not (tmp_path / "results.csv").exists()

"""The device program over a folder: every image a row, once, with its verdict or its fault."""

import csv
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge_app.cli import main
from edge_app.folder import classify, images_at
from edge_app.results import Results
from tflite_mammo.bundle import write_bundle
from tflite_mammo.conversion.convert import Converted
from tflite_mammo.data.phantoms import PhantomSet, write_phantoms
from tflite_mammo.predict import Classifier


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
    assert {row["file"] for row in rows} == {p.as_posix() for p in images.rglob("*.png")}
    for row in rows:
        assert row["verdict"] == ("malignant" if float(row["score"]) >= float(row["threshold"]) else "benign")
        assert float(row["ms"]) > 0


def test_an_unreadable_image_is_a_row_with_its_reason_and_status_1(model: str, images: Path, tmp_path: Path) -> None:
    (images / "broken.png").write_bytes(b"")
    status, _, _ = _edge_app(model, images, "--out", tmp_path / "results.csv")
    rows = _rows(tmp_path / "results.csv")
    (broken,) = [row for row in rows if row["verdict"] == "error"]
    assert status == 1
    assert (broken["file"], broken["score"]) == (str(images / "broken.png"), "")
    assert "unreadable image" in broken["reason"]
    assert len(rows) == 9


@pytest.mark.parametrize("cut", [0, 5, 50, 95])
def test_an_interrupted_table_goes_on_where_it_was(model: str, images: Path, tmp_path: Path, cut: int) -> None:
    out = tmp_path / "results.csv"
    _edge_app(model, images, "--out", out)
    whole = out.read_bytes()
    lines = whole.splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:4]) + lines[4][: len(lines[4]) * cut // 100])  # as a board that lost power left it
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
    assert [row["file"] for row in _rows(tmp_path / "results.csv")] == [str(one)]


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


@pytest.mark.parametrize("left", [b"", b"file,verd", b"file,verdict,score,threshold,reason,ms,model\r\n"])
def test_a_table_that_was_cut_before_its_first_row_is_begun_anew(
    model: str, images: Path, tmp_path: Path, left: bytes
) -> None:
    (tmp_path / "results.csv").write_bytes(left)
    status, _, _ = _edge_app(model, images, "--out", tmp_path / "results.csv")
    assert (status, len(_rows(tmp_path / "results.csv"))) == (0, 8)


def test_an_image_that_could_not_be_read_is_tried_again(model: str, images: Path, tmp_path: Path) -> None:
    out, broken = tmp_path / "results.csv", images / "broken.png"
    broken.write_bytes(b"")
    assert [_edge_app(model, images, "--out", out)[0] for _ in range(2)] == [1, 1]
    shutil.copy(next((images / "more").iterdir()), broken)
    assert _edge_app(model, images, "--out", out)[0] == 0
    assert [row["verdict"] != "error" for row in _rows(out)] == [True] * 9


def test_images_of_the_same_name_in_two_folders_are_two_images(model: str, images: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(images, other)
    for folder in (images, other):
        _edge_app(model, folder, "--out", tmp_path / "results.csv")
    assert len(_rows(tmp_path / "results.csv")) == 16


def test_a_name_that_is_no_utf_8_is_a_row_like_any_other(model: str, images: Path, tmp_path: Path) -> None:
    odd = os.fsdecode(os.fsencode(images) + b"/b\xe9.png")
    shutil.copy(next((images / "more").iterdir()), odd)
    assert [_edge_app(model, images, "--out", tmp_path / "results.csv")[0] for _ in range(2)] == [0, 0]
    assert (tmp_path / "results.csv").read_bytes().count(b"b\xe9.png") == 1


def test_each_row_is_in_the_file_before_the_next_image_is_read(model: str, images: Path, tmp_path: Path) -> None:
    seen = []
    with Results(tmp_path / "results.csv", Classifier(Path(model)).bundle.sha256) as results:
        found = images_at(images)
        classify(Classifier(Path(model)), found, results, lambda _: seen.append(len(_rows(tmp_path / "results.csv"))))
    assert seen == list(range(1, 9))


def test_dicom_files_without_a_suffix_are_found(model: str, images: Path, tmp_path: Path) -> None:
    pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")
    write_phantoms(tmp_path / "dicom", PhantomSet(1, 0, 96, "dcm"), workers=1)
    for i, path in enumerate(sorted((tmp_path / "dicom/images").iterdir())):
        path.rename(path.with_name(f"1.2.840.{i}"))
    _edge_app(model, tmp_path / "dicom/images", "--out", tmp_path / "results.csv")
    assert [row["verdict"] in ("benign", "malignant") for row in _rows(tmp_path / "results.csv")] == [True] * 4


def test_a_model_of_lesion_crops_is_refused_at_once(
    converted: dict[str, Converted], phantom_folder: Path, tmp_path: Path
) -> None:
    bundle = converted["float32"].bundle
    spec = replace(bundle.card.spec, crop="roi")
    card = replace(bundle.card, spec=spec, spec_fingerprint=spec.fingerprint)
    weights = bundle.path.read_bytes()
    weights = weights[: weights.index(b"PK\x03\x04")]
    roi = write_bundle(weights, card, tmp_path / "roi.tflite").path
    done = CliRunner().invoke(main, [str(roi), str(phantom_folder / "images"), "--out", str(tmp_path / "r.csv")])
    assert done.exit_code == 2
    assert "looks at crops about outlined lesions, and a folder of images outlines none" in done.stderr
    assert not (tmp_path / "r.csv").exists()

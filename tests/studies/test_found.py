"""Every run below a folder, whatever became of it."""

import fcntl
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.reporting.tables import run_lines
from tflite_mammo.studies.found import find_runs
from tflite_mammo.training.run import Run


def stopped(run: Run, folder: Path) -> Path:
    folder.mkdir(parents=True)
    np.savez(folder / "checkpoint.npz", weights=np.zeros(1))
    shutil.copy(run.folder / "history.csv", folder)
    return folder


def collapsed(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "collapse.json").write_text(json.dumps({"sign": "constant", "words": "all malignant", "epoch": 2}))
    return folder


def test_runs_are_found_at_any_depth_and_told_by_recipe_fold_and_seed(run: Run, tmp_path: Path, copy_run) -> None:
    copy_run(tmp_path / "b" / "deep" / "er", recipe="z")
    copy_run(tmp_path / "later", seed=10)
    copy_run(tmp_path / "sooner", seed=9)
    found = find_runs(tmp_path)
    assert [(row.run, row.recipe, row.seed) for row in found] == [
        ("sooner", "small-cnn", 9), ("later", "small-cnn", 10), ("b/deep/er", "z", 0),
    ]  # fmt: skip
    assert {row.state for row in found} == {"ok"}
    assert found[0].auc == run.evaluation.figures["auc"]
    assert (found[0].epochs, found[0].data) == (3, run.data.fingerprint)


def test_what_lies_inside_a_run_is_part_of_it(tmp_path: Path, copy_run) -> None:
    copy_run(tmp_path / "run")
    copy_run(tmp_path / "run" / "models" / "kept")
    assert [row.run for row in find_runs(tmp_path)] == ["run"]


def test_a_run_itself_can_be_named(run: Run) -> None:
    (row,) = find_runs(run.folder)
    assert (row.run, row.state) == (".", "ok")


def test_a_run_on_a_leak_says_so(tmp_path: Path, copy_run) -> None:
    folder = copy_run(tmp_path / "run").folder
    audit = json.loads((folder / "audit.json").read_text()) | {"leaks": 3, "accepted": True}
    (folder / "audit.json").write_text(json.dumps(audit))
    assert find_runs(tmp_path)[0].state == "LEAK ACCEPTED"


def test_a_stopped_run_says_how_far_it_came(run: Run, tmp_path: Path) -> None:
    stopped(run, tmp_path / ".mine.partial")
    (row,) = find_runs(tmp_path)
    assert (row.run, row.state, row.epochs) == (".mine.partial", "stopped at epoch 3", 3)


def test_a_run_that_is_being_trained_is_not_called_stopped(run: Run, tmp_path: Path) -> None:
    handle = os.open(stopped(run, tmp_path / ".mine.partial"), os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        assert find_runs(tmp_path)[0].state == "training now at epoch 3"
    finally:
        os.close(handle)


def test_a_collapsed_run_says_why(tmp_path: Path) -> None:
    collapsed(tmp_path / "mine.collapsed")
    (row,) = find_runs(tmp_path)
    assert (row.state, row.epochs, row.damaged) == ("collapsed at epoch 2: constant", 2, False)


def test_other_hidden_folders_are_left_alone(run: Run, tmp_path: Path, copy_run) -> None:
    copy_run(tmp_path / ".run.0a1b.partial")
    copy_run(tmp_path / ".cache" / "run")
    assert find_runs(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("recipe.toml", None, "no recipe.toml"),
        ("environment.json", "{", "environment.json: cannot be read as json"),
        ("history.csv", "epoch,images_per_second\n1,fast\n", "a cell is no number"),
        ("history.csv", "epoch,images_per_second\n", "history.csv: no epoch"),
        ("evaluation.json", "{}", "the key 'split' is missing"),
    ],
)
def test_a_damaged_run_is_named_and_stops_nothing(
    tmp_path: Path, copy_run, name: str, text: str | None, words: str
) -> None:
    copy_run(tmp_path / "whole")
    broken = copy_run(tmp_path / "broken").folder / name
    broken.unlink() if text is None else broken.write_text(text)
    whole, damaged = find_runs(tmp_path)
    assert (whole.run, whole.damaged, damaged.run, damaged.damaged) == ("whole", False, "broken", True)
    assert damaged.state.startswith("damaged: ")
    assert words in damaged.state


def test_a_folder_that_is_not_there_is_one_clean_line(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match="nowhere: no such folder"):
        find_runs(tmp_path / "nowhere")


def test_the_table_has_a_row_a_run_below_its_recipe_and_fits_100_columns(run: Run, tmp_path: Path, copy_run) -> None:
    name = "resnet50-oversample-last30"
    copy_run(tmp_path / f"{name}-seed0", recipe=name, minutes=1080.0)
    copy_run(tmp_path / "u60")
    collapsed(tmp_path / "mine.collapsed")
    lines = run_lines(find_runs(tmp_path))
    assert lines[0].split()[:3] == ["run", "seed", "ep."]
    assert [line for line in lines if not line.startswith(" ")][1:] == [name, "small-cnn", "not finished"]
    assert max(map(len, lines)) <= 100
    assert f"{run.evaluation.figures['auc'].value:.3f} (" in lines[2]
    assert len({line.index("ok") for line in lines if line.endswith("ok")}) == 1


def test_folds_are_a_column_where_there_are_any(tmp_path: Path, copy_run) -> None:
    copy_run(tmp_path / "one", fold=2)
    assert "fold" in run_lines(find_runs(tmp_path))[0]

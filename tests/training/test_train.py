"""A run folder: whole, repeatable, and refused when it is not one."""

import csv
import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflite_mammo.auditing.gate import audited, expect_no_leak
from tflite_mammo.data.dataset import Dataset, Part
from tflite_mammo.errors import LeakError, MammoError, StoppedError
from tflite_mammo.evaluation.threshold import Rule, lock_threshold
from tflite_mammo.schema import to_json
from tflite_mammo.training import train as training
from tflite_mammo.training.checkpoint import NAME as CHECKPOINT
from tflite_mammo.training.fit import steps_in
from tflite_mammo.training.recipe import read_recipe, with_changes
from tflite_mammo.training.run import Run
from tflite_mammo.training.scoring import keras_scores
from tflite_mammo.training.tables import Augment
from tflite_mammo.training.train import train

QUICK = with_changes(read_recipe("small-cnn"), seed=3)


def test_a_run_holds_what_is_needed_to_repeat_it(run: Run, prepared: Dataset) -> None:
    assert run.data == prepared.info
    assert run.environment.data == prepared.info.fingerprint
    assert run.recipe.name == "small-cnn"
    assert len(run.history) == run.recipe.epochs
    assert {row.split for row in run.scores.rows} == {"validation", "test"}
    assert run.environment.parameters == run.model().count_params()
    assert run.environment.images_per_second > 0
    assert {"plots", "augmentation.png", "tensorboard"} <= {path.name for path in run.folder.iterdir()}
    assert not (run.folder / CHECKPOINT).exists()


def test_the_saved_network_gives_the_saved_scores(run: Run, prepared: Dataset) -> None:
    again = keras_scores(run.model(), prepared, prepared.part("test"))
    np.testing.assert_allclose(again.values, run.scores.of_split("test").values, atol=1e-6)


def test_the_threshold_is_locked_on_the_validation_part(run: Run, prepared: Dataset) -> None:
    locked = lock_threshold(run.scores.of_split("validation"), Rule("youden"), "again")
    assert run.evaluation.threshold.value == locked.value
    assert prepared.info.fingerprint[:12] in run.evaluation.threshold.locked_on


def test_the_same_seed_gives_the_same_scores(prepared: Dataset, tmp_path: Path) -> None:
    one = train(QUICK, prepared, tmp_path / "one")
    two = train(QUICK, prepared, tmp_path / "two")
    np.testing.assert_array_equal(one.scores.values, two.scores.values)


def test_a_run_that_fails_leaves_nothing_behind(prepared: Dataset, tmp_path: Path) -> None:
    missing = with_changes(QUICK, weights="nowhere.h5")
    with pytest.raises(MammoError, match=r"nowhere\.h5"):
        train(missing, prepared, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def leaky(prepared: Dataset, tmp_path: Path) -> Dataset:
    """The prepared phantoms with an audit that found two pairs across parts."""
    folder = tmp_path / "leaky"
    shutil.copytree(prepared.folder, folder)
    report = replace(audited(Dataset(folder)), leaks=2, duplicates=3, two_labels=1)
    (folder / "audit" / "audit.json").write_text(to_json(report), encoding="utf-8")
    return Dataset(folder)


def test_data_with_a_leak_is_refused_before_anything_is_written(leaky: Dataset, tmp_path: Path) -> None:
    with pytest.raises(LeakError, match="2 pairs of images show the same in different parts"):
        train(QUICK, leaky, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_an_accepted_leak_is_remembered_by_the_run(leaky: Dataset, tmp_path: Path) -> None:
    accepted = expect_no_leak(leaky, audited(leaky), accept=True)
    run = train(QUICK, leaky, tmp_path / "run", audit=accepted)
    assert (run.audit.leaks, run.audit.duplicates, run.audit.two_labels, run.audit.accepted) == (2, 3, 1, True)


def test_a_run_on_clean_data_says_so(run: Run) -> None:
    assert (run.audit.leaks, run.audit.accepted) == (0, False)


def test_an_existing_run_is_not_written_over(run: Run, prepared: Dataset) -> None:
    with pytest.raises(MammoError, match="exists already"):
        train(QUICK, prepared, run.folder)


def test_the_history_says_what_a_person_would_plot(run: Run) -> None:
    with (run.folder / "history.csv").open(newline="") as file:
        columns = next(csv.reader(file))
    both = {"loss", "accuracy", "precision", "recall"}
    assert {"epoch", "learning_rate", "val_auc", *both, *(f"val_{name}" for name in both)} <= set(columns)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"no recipe\.toml; expected a folder that `tflite-mammo train` wrote"):
        Run(tmp_path)


def test_a_broken_network_file_is_named(run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run.folder, copy)
    (copy / "model.keras").write_bytes(b"broken")
    with pytest.raises(MammoError, match=r"model\.keras cannot be loaded"):
        Run(copy).model()


def _stop_after(steps: int) -> Callable[[int], None]:
    """Ctrl-C at a certain step."""
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        if done > steps:
            raise KeyboardInterrupt

    return advance


def _stopped(dataset: Dataset, out: Path) -> Path:
    """A training stopped in its second epoch; where what it left lies."""
    with pytest.raises(StoppedError, match=r"stopped, epoch 1 of 3 is kept; go on with --resume"):
        train(QUICK, dataset, out, advance=_stop_after(steps_in(QUICK, dataset) // 3 + 1))
    return out.with_name(f".{out.name}.partial")


def test_a_stopped_run_goes_on_to_what_an_unbroken_one_gives(prepared: Dataset, tmp_path: Path) -> None:
    partial = _stopped(prepared, tmp_path / "run")
    resumed = train(QUICK, prepared, tmp_path / "run", resume=True)
    whole = train(QUICK, prepared, tmp_path / "whole")
    np.testing.assert_array_equal(resumed.scores.values, whole.scores.values)
    assert [row["loss"] for row in resumed.history] == [row["loss"] for row in whole.history]
    assert not partial.exists()


def test_a_stopped_run_is_not_written_over_by_accident(prepared: Dataset, tmp_path: Path) -> None:
    partial = _stopped(prepared, tmp_path / "run")
    before = (partial / CHECKPOINT).read_bytes()
    with pytest.raises(MammoError, match=r"was stopped after epoch 1; go on with --resume, or remove .*\.run\.partial"):
        train(QUICK, prepared, tmp_path / "run")
    assert (partial / CHECKPOINT).read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"seed": 9}, "seed 3 against 9"),
        ({"batch_size": 4}, "batch_size 8 against 4"),
        ({"epochs": 9}, r"stages\[1\].epochs 3 against 9"),
    ],
)
def test_a_stopped_run_is_resumed_as_it_was(
    prepared: Dataset, tmp_path: Path, changes: dict[str, int], named: str
) -> None:
    _stopped(prepared, tmp_path / "run")
    with pytest.raises(MammoError, match=f"was stopped as another training: {named}; resume it as it was"):
        train(with_changes(QUICK, **changes), prepared, tmp_path / "run", resume=True)  # type: ignore[arg-type]


def test_a_stopped_run_is_resumed_on_its_own_data(prepared: Dataset, tmp_path: Path) -> None:
    partial = _stopped(prepared, tmp_path / "run")
    other = replace(prepared.info, fingerprint="0" * 64)
    (partial / "data.json").write_text(to_json(other), encoding="utf-8")
    with pytest.raises(MammoError, match="was stopped on other data than"):
        train(QUICK, prepared, tmp_path / "run", resume=True)


def test_a_damaged_checkpoint_is_named(prepared: Dataset, tmp_path: Path) -> None:
    partial = _stopped(prepared, tmp_path / "run")
    (partial / CHECKPOINT).write_bytes(b"half of it")
    with pytest.raises(MammoError, match=r"checkpoint\.npz: cannot be read .*; remove .*\.run\.partial and train"):
        train(QUICK, prepared, tmp_path / "run", resume=True)


def test_what_a_kill_before_the_first_epoch_left_is_written_over(prepared: Dataset, tmp_path: Path) -> None:
    partial = tmp_path / ".run.partial"
    (partial / "plots").mkdir(parents=True)
    (partial / "recipe.toml").write_text("half of it")
    run = train(QUICK, prepared, tmp_path / "run")
    assert run.recipe == QUICK
    assert not partial.exists()


def test_a_stop_before_the_first_epoch_leaves_nothing(prepared: Dataset, tmp_path: Path) -> None:
    with pytest.raises(StoppedError, match="stopped before the first epoch was whole; nothing is kept"):
        train(QUICK, prepared, tmp_path / "run", advance=_stop_after(1))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_keeps_the_last_whole_epoch(
    prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, calls = np.savez, 0

    def savez(file: object, **arrays: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        own(file, **arrays)  # type: ignore[arg-type]

    monkeypatch.setattr(np, "savez", savez)
    with pytest.raises(
        MammoError, match=r"epoch 2 could not be kept \(No space left on device\), the one before it is"
    ):
        train(QUICK, prepared, tmp_path / "run")
    resumed = train(QUICK, prepared, tmp_path / "run", resume=True)
    assert len(resumed.history) == 3


def test_a_network_that_cannot_be_written_costs_no_epoch(
    prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(*_: object) -> None:
        raise OSError("Unable to synchronously write: errno = 28")

    with monkeypatch.context() as full:
        full.setattr("keras.Model.save", save)
        with pytest.raises(
            MammoError,
            match=r"not be written .*; free some space and go on with --resume: .* kept",
        ):
            train(QUICK, prepared, tmp_path / "run")
    trained: list[int] = []
    resumed = train(QUICK, prepared, tmp_path / "run", resume=True, advance=trained.append)
    assert trained[0] == steps_in(QUICK, prepared)
    assert len(resumed.history) == 3


@pytest.mark.parametrize("name", ["validation", "test"])
def test_a_part_of_one_class_is_refused_before_anything_is_trained(
    prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    own = prepared.part

    def part(asked: str) -> Part:
        found = own(asked)
        return replace(found, labels=np.ones_like(found.labels)) if asked == name else found

    monkeypatch.setattr(prepared, "part", part)
    monkeypatch.setattr(training, "fit", lambda *_, **__: pytest.fail("trained"))
    with pytest.raises(MammoError, match=f"its {name} part holds malignant only; expected malignant and another class"):
        train(QUICK, prepared, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_the_sheet_shows_each_class_and_what_augmentation_makes_of_it(prepared: Dataset, tmp_path: Path) -> None:
    moved = replace(QUICK, augment=Augment(flip="both", rotation_degrees=30))
    sizes = {}
    for name, recipe in (("still", QUICK), ("moved", moved)):
        training._draw_augmentation(recipe, prepared, tmp_path / f"{name}.png")
        with Image.open(tmp_path / f"{name}.png") as sheet:
            sizes[name] = sheet.size
    assert sizes["moved"][0] > 6 * sizes["still"][0]
    assert sizes["moved"][1] == sizes["still"][1]

"""A run folder: whole, repeatable, and refused when it is not one."""

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.auditing.gate import audited, expect_no_leak
from tflite_mammo.console import no_progress
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.errors import LeakError, MammoError
from tflite_mammo.evaluation.evaluate import lock_threshold
from tflite_mammo.schema import to_json
from tflite_mammo.training.fit import _Watch, keras_scores
from tflite_mammo.training.network import build_network
from tflite_mammo.training.recipe import read_recipe, with_changes
from tflite_mammo.training.run import Run
from tflite_mammo.training.train import train

ONE_EPOCH = with_changes(read_recipe("small-cnn"), weights=None, epochs=1, seed=3)


def test_a_run_holds_what_is_needed_to_repeat_it(run: Run, prepared: Dataset) -> None:
    assert run.data == prepared.info
    assert run.environment.data == prepared.info.fingerprint
    assert run.recipe.name == "small-cnn"
    assert len(run.history) == run.recipe.epochs
    assert {row.split for row in run.scores.rows} == {"validation", "test"}


def test_the_saved_network_gives_the_saved_scores(run: Run, prepared: Dataset) -> None:
    again = keras_scores(run.model(), prepared, prepared.part("test"))
    np.testing.assert_allclose(again.values, run.scores.of_split("test").values, atol=1e-6)


def test_the_threshold_is_locked_on_the_validation_part(run: Run, prepared: Dataset) -> None:
    locked = lock_threshold(run.scores.of_split("validation"), "again")
    assert run.evaluation.threshold.value == locked.value
    assert prepared.info.fingerprint[:12] in run.evaluation.threshold.locked_on


def test_the_same_seed_gives_the_same_scores(prepared: Dataset, tmp_path: Path) -> None:
    one = train(ONE_EPOCH, prepared, tmp_path / "one")
    two = train(ONE_EPOCH, prepared, tmp_path / "two")
    np.testing.assert_array_equal(one.scores.values, two.scores.values)


def test_a_run_that_fails_leaves_nothing_behind(prepared: Dataset, tmp_path: Path) -> None:
    missing = with_changes(ONE_EPOCH, weights="nowhere.h5", epochs=None, seed=None)
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
        train(ONE_EPOCH, leaky, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_an_accepted_leak_is_remembered_by_the_run(leaky: Dataset, tmp_path: Path) -> None:
    accepted = expect_no_leak(leaky, audited(leaky), accept=True)
    run = train(ONE_EPOCH, leaky, tmp_path / "run", audit=accepted)
    assert (run.audit.leaks, run.audit.duplicates, run.audit.two_labels, run.audit.accepted) == (2, 3, 1, True)


def test_a_run_on_clean_data_says_so(run: Run) -> None:
    assert (run.audit.leaks, run.audit.accepted) == (0, False)


def test_an_existing_run_is_not_written_over(run: Run, prepared: Dataset) -> None:
    with pytest.raises(MammoError, match="exists already"):
        train(ONE_EPOCH, prepared, run.folder)


def test_a_loss_that_is_no_number_is_named(prepared: Dataset) -> None:
    network = build_network(ONE_EPOCH, prepared.info.spec.shape, 2)
    watch = _Watch(network.model, prepared, 1, no_progress)
    with pytest.raises(MammoError, match="epoch 1: the loss is nan; lower the recipe's learning_rate"):
        watch.on_epoch_end(0, {"loss": float("nan"), "accuracy": 0.5})


def test_the_history_says_what_a_person_would_plot(run: Run) -> None:
    with (run.folder / "history.csv").open(newline="") as file:
        columns = next(csv.reader(file))
    assert {"epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_auc"} <= set(columns)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"no recipe\.toml; expected a folder that `tflite-mammo train` wrote"):
        Run(tmp_path)


def test_a_broken_network_file_is_named(run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run.folder, copy)
    (copy / "model.keras").write_bytes(b"broken")
    with pytest.raises(MammoError, match=r"model\.keras cannot be loaded"):
        Run(copy).model()

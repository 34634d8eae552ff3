"""What every epoch gave, as a table and as figures of the validation part worked out by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.scores import ScoreRow, Scores
from tflite_mammo.training.history import Epoch, median_rate, validation_figures, write_history
from tflite_mammo.training.run import read_history

EPOCH = Epoch(1, 1, 1e-3, 0.123456789, 0.5, 0.5, 0.5, 1.0, 0.5, 0.5, 0.5, 0.5, 2.5, 10.0)


def test_a_slow_first_epoch_does_not_count_in_the_speed() -> None:
    history = [replace(EPOCH, images_per_second=rate) for rate in (1.0, 100.0, 104.0, 102.0)]
    assert median_rate(history) == 101.0
    assert median_rate([]) == 0.0


def test_a_history_reads_back_to_six_digits(tmp_path: Path) -> None:
    write_history([EPOCH, replace(EPOCH, epoch=2)], tmp_path / "history.csv")
    first, second = read_history(tmp_path / "history.csv")
    assert (first["loss"], first["learning_rate"], second["epoch"]) == (0.123457, 0.001, 2.0)


def _scores(finding: list[float], malignant: list[bool]) -> Scores:
    rows = [
        ScoreRow(f"{i}.png", f"P{i}", "", "", "validation", ("benign", "malignant")[m]) for i, m in enumerate(malignant)
    ]
    values = np.array([[1 - score, score] for score in finding], np.float32)
    return Scores(("benign", "malignant"), tuple(rows), values)


def test_validation_figures_count_from_half_on() -> None:
    found = validation_figures(_scores([0.9, 0.5, 0.8, 0.1], [True, True, False, False]))
    assert found["val_precision"] == pytest.approx(2 / 3)
    assert (found["val_recall"], found["val_auc"]) == (1.0, 0.75)
    assert found["val_loss"] == pytest.approx(-np.log([0.9, 0.5, 0.2, 0.9]).mean(), rel=1e-5)


def test_precision_of_nothing_called_is_nothing() -> None:
    found = validation_figures(_scores([0.1, 0.2], [True, False]))
    assert (found["val_precision"], found["val_recall"]) == (0.0, 0.0)

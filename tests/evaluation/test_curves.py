"""Curves against scikit-learn's."""

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as reference
from sklearn.calibration import calibration_curve

from tflite_mammo.evaluation.curves import precision_recall, reliability, roc
from tflite_mammo.evaluation.proportions import wilson, worth
from tflite_mammo.scores import Scores


def coarse(tables: Any) -> Scores:
    """With ties, and no score on the edge of a bin."""
    scores = tables.women(40)
    finding = (np.floor(scores.finding * 30) / 30 + 0.01).astype(np.float32)
    return Scores(scores.classes, scores.rows, np.stack([1 - finding, finding], axis=1))


def test_the_roc_curve_is_scikit_learns(tables: Any) -> None:
    scores = coarse(tables)
    false_alarms, found, _ = reference.roc_curve(scores.positive, scores.finding, drop_intermediate=False)
    np.testing.assert_allclose(roc(scores), (false_alarms, found))


def test_the_precision_recall_curve_is_scikit_learns(tables: Any) -> None:
    scores = coarse(tables)
    precision, recall, _ = reference.precision_recall_curve(scores.positive, scores.finding)
    np.testing.assert_allclose(precision_recall(scores), (recall[-2::-1], precision[-2::-1]))


def test_reliability_is_scikit_learns(tables: Any) -> None:
    scores = coarse(tables)
    bins = reliability(scores)
    kept, promised = calibration_curve(scores.positive, scores.finding, n_bins=10)
    np.testing.assert_allclose([one.kept for one in bins], kept)
    np.testing.assert_allclose([one.promised for one in bins], promised)
    assert sum(one.images for one in bins) == len(scores.rows)
    assert all(0 <= one.low <= one.kept <= one.high <= 1 for one in bins)


def test_intervals_of_reliability_are_by_patient(tables: Any) -> None:
    labels = [True, True, False, False] * 5
    alone, together = (reliability(tables.of([0.75] * 20, labels, per_patient=size))[0] for size in (1, 2))
    assert (alone.images, alone.kept, alone.promised) == (20, 0.5, 0.75)
    assert (alone.low, alone.high) == pytest.approx(wilson(0.5, 20))
    assert (together.low, together.high) == pytest.approx(wilson(0.5, worth(np.tile([2.0, 0.0], 5), np.full(10, 2.0))))


def test_a_bin_that_keeps_nothing_ends_at_0(tables: Any) -> None:
    only = reliability(tables.of([0.05, 0.05], [False, False]))
    assert [(one.kept, one.low, one.high) for one in only] == [(0, 0, pytest.approx(wilson(0, 2)[1]))]


def test_logits_promise_nothing(tables: Any) -> None:
    scores = tables.of([-3.0, 3e38], [False, True])
    assert reliability(scores) == []
    assert roc(scores)[1].tolist() == [0, 1, 1]


@pytest.mark.parametrize("label", [True, False])
def test_of_one_class_there_is_half_a_curve(label: bool, tables: Any) -> None:
    scores = tables.of([0.2, 0.4], [label, label])
    false_alarms, found = roc(scores)
    assert np.isnan(false_alarms).all() == label
    assert np.isnan(found).all() == (not label)
    recall, precision = precision_recall(scores)
    assert np.isnan(recall).all() == (not label)
    assert precision.tolist() == [float(label)] * 2

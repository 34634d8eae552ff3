"""Temperature and Platt's method against a search of its own, and that one scaling undoes or follows another."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import log_expit, logsumexp

from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.ranked import auc_of
from tflite_mammo.evaluation.scaling import (
    SLOPES,
    after,
    expect_calibration,
    fit_scaling,
    logits_of,
    scaled,
    unscaled,
)  # fmt: skip
from tflite_mammo.scores import AS_TRAINED, Scaling, Scores

PLATT = Scaling("platt", 0.4, -0.8, "here")


def drawn(slope: float = 2.5, shift: float = 1.0, count: int = 300) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits that are `slope` times too sure, shifted for the finding."""
    rng = np.random.default_rng(3)
    true = rng.normal(0, 1.5, count)
    return np.stack([np.zeros(count), true * slope + shift], axis=1), (rng.random(count) < 1 / (1 + np.exp(-true))) + 0


def of_three(slope: float = 2.0, count: int = 400) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(4)
    true = rng.normal(0, 1.2, (count, 3))
    chances = np.exp(true - logsumexp(true, axis=1, keepdims=True))
    return true * slope, np.array([rng.choice(3, p=row) for row in chances])


def smoothed(logits: NDArray[np.float64], labels: NDArray[np.int64], slope: float, shift: float) -> float:
    """Platt's loss of two classes (1999): targets (N+ + 1) / (N+ + 2) and 1 / (N- + 2)."""
    z, cases, others = slope * (logits[:, 1] - logits[:, 0]) + shift, int(labels.sum()), int((1 - labels).sum())
    target = np.where(labels == 1, (cases + 1) / (cases + 2), 1 / (others + 2))
    return float(-np.mean(target * log_expit(z) + (1 - target) * log_expit(-z)))


def three_smoothed(logits: NDArray[np.float64], labels: NDArray[np.int64], slope: float) -> float:
    log = slope * logits - logsumexp(slope * logits, axis=1, keepdims=True)
    sizes = [int((labels == kind).sum()) for kind in range(3)]
    targets = [[(sizes[label] + 1 if k == label else 1) / (sizes[label] + 3) for k in range(3)] for label in labels]
    return float(-(np.array(targets) * log).sum() / len(labels))


def test_the_temperature_is_that_of_the_least_loss(tables: Any) -> None:
    logits, labels = drawn()
    found = fit_scaling(tables.logits(logits, labels), "temperature", "here")
    slopes = np.linspace(0.1, 1.5, 1401)
    best = slopes[np.argmin([smoothed(logits, labels, slope, 0) for slope in slopes])]
    assert found.slope == pytest.approx(best, abs=1e-3)
    assert (found.method, found.intercept, found.fitted_on) == ("temperature", 0, "here")


def test_platts_slope_and_shift_are_those_of_the_least_loss(tables: Any) -> None:
    logits, labels = drawn()
    found = fit_scaling(tables.logits(logits, labels), "platt", "here")
    least = smoothed(logits, labels, found.slope, found.intercept)
    for slope in np.linspace(0.1, 1.2, 56):
        for shift in np.linspace(-2, 2, 41):
            assert smoothed(logits, labels, slope, shift) >= least
    step = 1e-4
    for slope, shift in ((step, 0), (0, step)):
        here = [smoothed(logits, labels, found.slope + k * slope, found.intercept + k * shift) for k in (-1, 1)]
        assert (here[1] - here[0]) / (2 * step) == pytest.approx(0, abs=2e-5)
    plenty = fit_scaling(tables.logits(*drawn(count=20_000)), "platt", "here")
    assert (plenty.slope, plenty.intercept) == pytest.approx((1 / 2.5, -1 / 2.5), abs=0.05)


def test_the_temperature_of_three_classes_is_that_of_the_least_loss(tables: Any) -> None:
    logits, labels = of_three()
    found = fit_scaling(tables.logits(logits, labels), "temperature", "here")
    slopes = np.linspace(0.3, 0.8, 101)
    best = slopes[np.argmin([three_smoothed(logits, labels, slope) for slope in slopes])]
    assert found.slope == pytest.approx(best, abs=0.004)
    assert found.slope == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("scaling", [PLATT, Scaling("temperature", 0.3), Scaling("temperature", 2.5)])
def test_scaled_scores_are_those_of_the_moved_logits_and_come_back(scaling: Scaling, tables: Any) -> None:
    logits, labels = drawn(1.0)
    scores = tables.logits(logits, labels)
    moved = scaled(scores, scaling)
    z = scaling.slope * (logits[:, 1] - logits[:, 0]) + scaling.intercept
    np.testing.assert_allclose(moved.finding, 1 / (1 + np.exp(-z)), atol=1e-6)
    np.testing.assert_allclose(unscaled(moved, scaling).values, scores.values, atol=1e-6)
    assert moved.rows == scores.rows


def test_of_three_classes_only_the_finding_is_shifted(tables: Any) -> None:
    logits, labels = of_three(1.0)
    expected = 0.5 * logits + np.array([0, 0, 0.7])
    expected = np.exp(expected - logsumexp(expected, axis=1, keepdims=True))
    moved = scaled(tables.logits(logits, labels), Scaling("platt", 0.5, 0.7))
    np.testing.assert_allclose(moved.values, expected, atol=1e-6)


def test_what_is_left_to_do_after_another_scaling(tables: Any) -> None:
    scores, second = tables.logits(*drawn(1.0)), Scaling("platt", 1.7, 0.3, "there")
    left = after(PLATT, second)
    np.testing.assert_allclose(scaled(scaled(scores, PLATT), left).values, scaled(scores, second).values, atol=2e-6)
    assert (left.method, left.fitted_on) == ("platt", "there")
    assert after(AS_TRAINED, PLATT) == PLATT
    same = after(PLATT, PLATT)
    assert (same.slope, same.intercept) == pytest.approx((1, 0))


@pytest.mark.parametrize("method", ["temperature", "platt"])
def test_classes_told_apart_without_a_mistake_ask_for_no_endless_slope(method: Any, tables: Any) -> None:
    labels = (np.arange(20) >= 10) + 0
    logits = np.stack([np.zeros(20), np.where(labels == 1, 1.0, -1.0) + np.linspace(-0.1, 0.1, 20)], axis=1)
    found = fit_scaling(tables.logits(logits, labels), method, "")
    assert 2 < found.slope < 3  # 11/12 of a chance at a logit of 1
    assert abs(found.intercept) < 0.1


def test_a_slope_stays_within_its_bounds(tables: Any) -> None:
    labels = (np.arange(40) % 2 == 0) + 0
    useless = np.stack([np.zeros(40), np.where(np.arange(40) % 4 < 2, 9.0, -9.0)], axis=1)
    assert fit_scaling(tables.logits(useless, labels), "temperature", "").slope == pytest.approx(0.1)
    faint = np.stack([np.zeros(40), np.where(labels == 1, 0.01, -0.01)], axis=1)
    assert fit_scaling(tables.logits(faint, labels), "temperature", "").slope == pytest.approx(10)


def test_a_temperature_leaves_the_order_of_two_classes(tables: Any) -> None:
    scores = tables.logits(*drawn(1.0))
    for scaling in (Scaling("temperature", 0.2), PLATT):
        moved = scaled(scores, scaling)
        assert auc_of(moved.finding, moved.positive) == auc_of(scores.finding, scores.positive)


@pytest.mark.parametrize("method", ["temperature", "platt"])
def test_scores_of_0_and_1_and_one_class_alone_are_fitted_without_a_warning(method: Any, tables: Any) -> None:
    for labels in ([True, False, True, False], [True] * 4, [False] * 4):
        found = fit_scaling(tables.of([1.0, 0.0, 0.0, 1.0], labels), method, "")
        assert SLOPES[0] * 0.999 <= found.slope <= SLOPES[1] * 1.001
        assert math.isfinite(found.intercept)
        assert np.isfinite(scaled(tables.of([1.0, 0.0], [True, False]), found).values).all()


def test_however_far_scores_are_moved_they_stay_scores(tables: Any) -> None:
    for shift, finding in ((5000.0, 1.0), (-5000.0, 0.0)):
        moved = scaled(tables.of([0.3, 0.0, 1.0], [True] * 3), Scaling("platt", 10.0, shift))
        assert moved.finding.tolist() == [finding] * 3


def test_without_a_method_scores_stay_as_they_are(tables: Any) -> None:
    assert fit_scaling(tables.of([5.0], [True]), "none", "here") == AS_TRAINED
    scores = tables.logits(*drawn(1.0))
    np.testing.assert_allclose(scaled(scores, AS_TRAINED).values, scores.values, atol=1e-6)


def test_platts_method_is_for_two_classes(tables: Any) -> None:
    with pytest.raises(MammoError, match="Platt scaling is for 2 classes, these are 3; use calibration 'temperature'"):
        fit_scaling(tables.logits(*of_three()), "platt", "")
    expect_calibration("temperature", ("a", "b", "c"))
    expect_calibration("platt", ("a", "b"))


@pytest.mark.parametrize("values", [[0.5, 0.6], [-0.1, 1.1], [0.2, 0.2]])
def test_scores_that_do_not_add_up_are_refused(values: list[float], tables: Any) -> None:
    rows = tables.of([0.5], [True]).rows
    with pytest.raises(MammoError, match="the scores of an image do not add up to 1; only a softmax's scores"):
        logits_of(Scores(("benign", "malignant"), rows, np.array([values], np.float32)))


def test_scores_of_256_steps_add_up_well_enough(tables: Any) -> None:
    rows = tables.of([0.5], [True]).rows
    values = np.array([[255 / 256, 0.0]], np.float32)
    assert np.isfinite(logits_of(Scores(("benign", "malignant"), rows, values))).all()

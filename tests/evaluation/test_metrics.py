"""Every figure against scikit-learn's; scikit-learn is given weights, or the images repeated."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as reference

from tflite_mammo.evaluation.metrics import BINS, CALLED, FIGURES, PROBABILITY, Judged, bin_of
from tflite_mammo.evaluation.ranked import RANKED

Reference = Callable[[NDArray[np.bool_], NDArray[np.float32], NDArray[np.bool_]], float]


def judged_of(count: int = 80, levels: int = 8, owner: NDArray[np.int64] | None = None, seed: int = 4) -> Judged:
    """Scores of so many levels, 0 and 1 among them, a little higher where the finding is there."""
    rng = np.random.default_rng(seed)
    positive = rng.random(count) < 0.4
    scores = (np.clip(rng.integers(0, levels, count) + levels * 0.2 * positive, 0, levels) / levels).astype(np.float32)
    called = scores.astype(np.float64) >= 0.55
    return Judged(scores.astype(np.float64), positive, called, np.arange(count) if owner is None else owner)


def plain(judged: Judged) -> dict[str, float]:
    return {name: float(values[0]) for name, values in judged.figures(judged.everybody).items()}


def sensitivity_at(positive: NDArray[np.bool_], scores: NDArray[np.float32], specificity: float) -> float:
    false_alarms, found, _ = reference.roc_curve(positive, scores, drop_intermediate=False)
    return float(found[1 - false_alarms >= specificity - 1e-9].max())


def specificity_at(positive: NDArray[np.bool_], scores: NDArray[np.float32], sensitivity: float) -> float:
    false_alarms, found, _ = reference.roc_curve(positive, scores, drop_intermediate=False)
    return float((1 - false_alarms)[found >= sensitivity - 1e-9].max())


def calibration_error(positive: NDArray[np.bool_], scores: NDArray[np.float32]) -> float:
    total = 0.0
    for low in range(10):
        here = [i for i, score in enumerate(scores) if low <= float(score) * 10 < low + 1 or (low == 9 and score == 1)]
        if here:
            total += len(here) * abs(np.mean(positive[here]) - np.mean(scores[here], dtype=np.float64))
    return total / len(scores)


EXPECTED: dict[str, Reference] = {
    "auc": lambda y, s, c: reference.roc_auc_score(y, s),
    "average_precision": lambda y, s, c: reference.average_precision_score(y, s),
    "partial_auc": lambda y, s, c: reference.roc_auc_score(y, s, max_fpr=0.1),
    "sensitivity_at_90_specificity": lambda y, s, c: sensitivity_at(y, s, 0.9),
    "sensitivity_at_95_specificity": lambda y, s, c: sensitivity_at(y, s, 0.95),
    "specificity_at_90_sensitivity": lambda y, s, c: specificity_at(y, s, 0.9),
    "specificity_at_95_sensitivity": lambda y, s, c: specificity_at(y, s, 0.95),
    "accuracy": lambda y, s, c: reference.accuracy_score(y, c),
    "sensitivity": lambda y, s, c: reference.recall_score(y, c),
    "specificity": lambda y, s, c: reference.recall_score(y, c, pos_label=0),
    "precision_positive": lambda y, s, c: reference.precision_score(y, c),
    "precision_negative": lambda y, s, c: reference.precision_score(y, c, pos_label=0),
    "balanced_accuracy": lambda y, s, c: reference.balanced_accuracy_score(y, c),
    "f1_positive": lambda y, s, c: reference.f1_score(y, c),
    "f1_negative": lambda y, s, c: reference.f1_score(y, c, pos_label=0),
    "f1_weighted": lambda y, s, c: reference.f1_score(y, c, average="weighted"),
    "mcc": lambda y, s, c: reference.matthews_corrcoef(y, c),
    "brier": lambda y, s, c: reference.brier_score_loss(y, s),
    "log_loss": lambda y, s, c: reference.log_loss(y, s),
    "calibration_error": lambda y, s, c: calibration_error(y, s),
}


def expected(judged: Judged, times: NDArray[np.int64] | None = None) -> dict[str, float]:
    """With each image as many times as its patient was drawn."""
    rows = np.arange(judged.scores.size) if times is None else np.repeat(np.arange(judged.scores.size), times)
    scores = judged.scores[rows].astype(np.float32)
    return {name: float(of(judged.positive[rows], scores, judged.called[rows])) for name, of in EXPECTED.items()}


def test_every_figure_has_a_reference() -> None:
    assert set(EXPECTED) == set(FIGURES) == {*RANKED, *CALLED, *PROBABILITY}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("levels", [2, 8, 100_000])
def test_every_figure_is_scikit_learns_with_ties_and_without(levels: int, seed: int) -> None:
    judged = judged_of(levels=levels, seed=seed)
    assert plain(judged) == pytest.approx(expected(judged), abs=1e-7)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("levels", [8, 100_000])
def test_drawn_patients_count_as_their_images_repeated(levels: int, kind: type) -> None:
    rng = np.random.default_rng(2)
    judged = judged_of(levels=levels, owner=rng.permutation(np.arange(80) // 3))
    counts = rng.integers(0, 4, (6, judged.patients))
    found = judged.figures(counts.astype(kind))
    for i, row in enumerate(counts):
        one = {name: float(values[i]) for name, values in found.items()}
        assert one == pytest.approx(expected(judged, row[judged.owner]), abs=3e-6)


@pytest.mark.parametrize("shift", [-10, -20, 0.5])
def test_figures_of_logits_are_those_of_their_order_and_calls(shift: float) -> None:
    judged = judged_of(levels=100_000)
    logits = Judged(judged.scores * 20 + shift, judged.positive, judged.called, judged.owner)
    assert logits.are_probabilities is False
    found, before = plain(logits), plain(judged)
    assert {name for name, value in found.items() if np.isnan(value)} == set(PROBABILITY)
    assert {name: found[name] for name in (*RANKED, *CALLED)} == {name: before[name] for name in (*RANKED, *CALLED)}


@pytest.mark.parametrize("label", [True, False])
def test_one_class_alone_has_no_figure_that_needs_both(label: bool) -> None:
    judged = judged_of()
    found = plain(Judged(judged.scores, np.full(80, label), judged.called, judged.owner))
    missing = {*RANKED, "mcc", "balanced_accuracy", "specificity" if label else "sensitivity"}
    assert {name for name, value in found.items() if np.isnan(value)} == missing
    assert found["accuracy"] == np.mean(judged.called == label)


@pytest.mark.parametrize("label", [True, False])
def test_a_class_that_is_not_there_adds_nothing_to_the_weighted_f1(label: bool) -> None:
    every = np.full(4, label)
    assert plain(Judged(np.linspace(0, 1, 4), every, every, np.arange(4)))["f1_weighted"] == 1


def test_a_draw_without_a_class_is_not_a_number_beside_one_with_both() -> None:
    judged = Judged(np.array([0.2, 0.6, 0.9]), np.array([False, False, True]), np.full(3, True), np.array([0, 1, 2]))
    found = judged.figures(np.array([[1.0, 1.0, 1.0], [2.0, 1.0, 0.0]]))
    for name in (*RANKED, "sensitivity"):
        assert np.isfinite(found[name]).tolist() == [True, False]


def test_nothing_called_leaves_no_precision_and_no_correlation() -> None:
    judged = judged_of()
    found = plain(Judged(judged.scores, judged.positive, np.full(80, False), judged.owner))
    assert np.isnan(found["precision_positive"])
    assert np.isnan(found["mcc"])
    assert found["f1_positive"] == 0


def test_a_score_of_1_that_is_wrong_costs_as_much_as_a_float_beside_it() -> None:
    judged = Judged(np.array([1.0, 0.0]), np.array([False, False]), np.array([True, False]), np.array([0, 1]))
    assert plain(judged)["log_loss"] == pytest.approx(-np.log(2.0**-23) / 2, abs=1e-6)


def test_a_score_of_1_lies_in_the_last_bin() -> None:
    assert bin_of(np.array([0.0, 0.0999, 0.1, 0.55, 0.9999, 1.0])).tolist() == [0, 0, 1, 5, 9, BINS - 1]


def test_a_patients_numbers_are_the_sums_over_her_images() -> None:
    owner = np.array([0, 1, 0, 1, 1])
    judged = Judged(np.array([0.9, 0.8, 0.7, 0.2, 0.6]), owner == 0, np.array([True, True, False, False, True]), owner)
    table = judged.of_patients
    assert table["all"].tolist() == [2, 3]
    assert table["right"].tolist() == [1, 1]
    assert table["true_positive"].tolist() == [1, 0]
    assert table["true_negative"].tolist() == [0, 1]
    assert table["called"].tolist() == [1, 2]
    assert judged.patients == 2


def test_scores_no_higher_than_chance_raise_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for positive in ([True], [False]):
            one = Judged(np.array([0.5]), np.array(positive), np.array([True]), np.array([0]))
            one.figures(np.zeros((2, 1), np.float32))

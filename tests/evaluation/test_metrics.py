import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as reference

from tflite_mammo.evaluation.metrics import FIGURES, auc, auc_of, figures

THRESHOLD = 0.55


def images(count: int = 60, levels: int = 8) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Scores of few levels, so that many are tied, a little higher where the finding is there."""
    rng = np.random.default_rng(4)
    positive = rng.random(count) < 0.4
    scores = np.clip(rng.integers(0, levels, count) + 2 * positive, 0, levels) / levels
    return scores.astype(np.float32), positive


def one(scores: NDArray[np.float32], positive: NDArray[np.bool_]) -> dict[str, float]:
    found = figures(scores, positive, THRESHOLD, np.ones((1, scores.size)))
    return {name: float(values[0]) for name, values in found.items()}


@pytest.mark.parametrize("levels", [1, 2, 8, 10_000])
def test_auc_with_ties_is_scikit_learns(levels: int) -> None:
    scores, positive = images(levels=levels)
    assert auc_of(scores, positive) == pytest.approx(reference.roc_auc_score(positive, scores), abs=1e-12)


def test_auc_of_weighted_draws_is_scikit_learns() -> None:
    scores, positive = images()
    weights = np.random.default_rng(1).integers(0, 4, (20, scores.size)).astype(np.float64)
    expected = [reference.roc_auc_score(positive, scores, sample_weight=row) for row in weights]
    np.testing.assert_allclose(auc(scores, positive, weights), expected, atol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_figures_at_the_threshold_are_scikit_learns(weighted: bool) -> None:
    scores, positive = images()
    weight = np.random.default_rng(2).integers(0, 4, scores.size).astype(float) if weighted else np.ones(scores.size)
    found = figures(scores, positive, THRESHOLD, weight[None, :])
    called, given = scores >= THRESHOLD, {"sample_weight": weight}
    assert float(found["accuracy"][0]) == pytest.approx(reference.accuracy_score(positive, called, **given))
    assert float(found["sensitivity"][0]) == pytest.approx(reference.recall_score(positive, called, **given))
    assert float(found["specificity"][0]) == pytest.approx(
        reference.recall_score(positive, called, pos_label=0, **given)
    )
    assert float(found["precision_positive"][0]) == pytest.approx(reference.precision_score(positive, called, **given))
    assert float(found["precision_negative"][0]) == pytest.approx(
        reference.precision_score(positive, called, pos_label=0, **given)
    )
    assert float(found["f1_positive"][0]) == pytest.approx(reference.f1_score(positive, called, **given))
    assert float(found["f1_negative"][0]) == pytest.approx(reference.f1_score(positive, called, pos_label=0, **given))


def test_every_figure_has_a_value_per_draw() -> None:
    scores, positive = images()
    found = figures(scores, positive, THRESHOLD, np.ones((7, scores.size)))
    assert set(found) == {*FIGURES, "precision_positive", "precision_negative"}
    assert {values.shape for values in found.values()} == {(7,)}


def test_a_score_on_the_threshold_is_called() -> None:
    found = one(np.array([THRESHOLD, 0.1], np.float32), np.array([True, False]))
    assert (found["sensitivity"], found["specificity"]) == (1.0, 1.0)


def test_a_weight_of_two_counts_as_two_images() -> None:
    scores, positive = images(20)
    twice = figures(scores, positive, THRESHOLD, np.r_[np.full(10, 2.0), np.ones(10)][None, :])
    repeated = one(np.r_[scores, scores[:10]], np.r_[positive, positive[:10]])
    assert {name: float(values[0]) for name, values in twice.items()} == pytest.approx(repeated)


@pytest.mark.parametrize("label", [True, False])
def test_one_class_alone_has_no_auc_and_half_the_rates(label: bool) -> None:
    scores, _ = images()
    found = one(scores, np.full(scores.size, label))
    assert np.isnan(found["auc"])
    assert np.isnan(found["sensitivity"]) == (not label)
    assert np.isnan(found["specificity"]) == label
    assert np.isfinite(found["accuracy"])


def test_scores_turned_round_turn_the_auc_round() -> None:
    scores, positive = images()
    assert auc_of(-scores, positive) == pytest.approx(1 - auc_of(scores, positive))

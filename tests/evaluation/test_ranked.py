"""The order of the scores: counts above each level, and what is left where a draw leaves levels empty."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as reference

from tflite_mammo.evaluation.ranked import Ranked, auc, auc_of


def images(count: int = 60, levels: int = 8) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    rng = np.random.default_rng(4)
    positive = rng.random(count) < 0.4
    return np.clip(rng.integers(0, levels, count) + 2 * positive, 0, levels) / levels, positive


@pytest.mark.parametrize("levels", [1, 2, 8, 10_000])
def test_the_area_is_scikit_learns(levels: int) -> None:
    scores, positive = images(levels=levels)
    assert auc_of(scores, positive) == pytest.approx(reference.roc_auc_score(positive, scores), abs=1e-12)


def test_the_area_is_the_chance_that_a_case_outscores_another_image() -> None:
    scores, positive = images()
    pairs = [(a > b) + (a == b) / 2 for a in scores[positive] for b in scores[~positive]]
    assert auc_of(scores, positive) == pytest.approx(np.mean(pairs))


def test_areas_of_weighted_images_are_scikit_learns() -> None:
    scores, positive = images()
    weights = np.random.default_rng(1).integers(0, 4, (20, scores.size)).astype(np.float64)
    expected = [reference.roc_auc_score(positive, scores, sample_weight=row) for row in weights]
    np.testing.assert_allclose(auc(scores, positive, weights), expected, atol=1e-12)


def test_an_area_without_a_mistake_is_1_whatever_the_numbers() -> None:
    for cases in range(1, 30):
        for others in range(1, 30):
            positive = np.arange(cases + others) < cases
            assert auc_of(positive * 0.3 + np.linspace(0.4, 0.5, positive.size), positive) == 1


def test_scores_turned_round_turn_the_area_round() -> None:
    scores, positive = images()
    assert auc_of(-scores, positive) == pytest.approx(1 - auc_of(scores, positive))


def test_an_area_of_one_class_is_not_a_number() -> None:
    assert np.isnan(auc_of(np.array([0.1, 0.2]), np.array([True, True])))


def test_the_curve_counts_images_from_none_to_all_a_step_a_level() -> None:
    scores, positive = np.array([0.2, 0.9, 0.2, 0.5]), np.array([True, True, False, False])
    cases, others = Ranked(scores, positive, np.array([0, 1, 1, 0])).curve(np.array([[1.0, 3.0]]))
    assert cases.tolist() == [[0, 3, 3, 4]]
    assert others.tolist() == [[0, 0, 1, 4]]


def test_counts_of_float32_give_figures_of_float64_but_for_their_digits() -> None:
    scores, positive = images(400, 10_000)
    ranked, counts = Ranked(scores, positive, np.arange(400)), np.random.default_rng(0).integers(0, 3, (5, 400))
    single, double = ranked.figures(counts.astype(np.float32)), ranked.figures(counts.astype(np.float64))
    for name in double:
        np.testing.assert_allclose(single[name], double[name], atol=2e-6)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_specificity_of_exactly_the_limit_is_enough(kind: type) -> None:
    scores = np.r_[np.linspace(0.1, 0.9, 10), np.linspace(0.25, 0.95, 10)]
    positive, weights = np.arange(20) >= 10, np.full((1, 20), 7, kind)  # one of ten, seven of seventy
    found = Ranked(scores, positive, np.arange(20)).figures(weights)
    assert found["sensitivity_at_90_specificity"][0] == pytest.approx(np.mean(scores[10:] > scores[8]))
    assert found["sensitivity_at_95_specificity"][0] == pytest.approx(np.mean(scores[10:] > 0.9))
    assert found["specificity_at_90_sensitivity"][0] == pytest.approx(np.mean(scores[:10] < np.sort(scores[10:])[1]))
    assert found["specificity_at_95_sensitivity"][0] == pytest.approx(np.mean(scores[:10] < scores[10]))


def test_the_partial_area_of_a_coin_is_a_half_and_of_an_oracle_1() -> None:
    positive = np.arange(40) < 20
    coin = Ranked(np.zeros(40), positive, np.arange(40)).figures(np.ones((1, 40)))
    oracle = Ranked(positive * 1.0, positive, np.arange(40)).figures(np.ones((1, 40)))
    assert coin["partial_auc"][0] == pytest.approx(0.5)
    assert oracle["partial_auc"][0] == pytest.approx(1)

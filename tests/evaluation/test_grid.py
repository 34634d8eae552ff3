"""The grid that scores stand on, and what it makes of a threshold."""

import numpy as np
import pytest

from tflite_mammo.evaluation.grid import ScoreGrid, grid_of


def even(numbers: list[int], threshold: float, halvings: int = 8) -> ScoreGrid:
    return grid_of(np.array(numbers, np.float64) / 2**halvings, threshold)


def of_logits(step: float, count: int = 40, start: float = -1.0) -> np.ndarray:
    """As a float32 softmax answers them."""
    return (1 / (1 + np.exp(-(start + step * np.arange(count))))).astype(np.float32).astype(np.float64)


def test_an_int8_softmax_answers_multiples_of_one_256th() -> None:
    grid = even([1, 3, 99, 101, 101, 255], 100.4 / 256)
    assert (grid.kind, grid.unit, grid.at_threshold, grid.coarse) == ("even", 1 / 256, 1 / 256, True)
    assert (grid.distinct, grid.smallest_step) == (5, 2 / 256)


def test_a_threshold_between_two_steps_acts_as_the_upper_one() -> None:
    grid = even([1, 3, 100, 101, 101, 255], 100.4 / 256)
    assert (grid.below, grid.above) == (100 / 256, 101 / 256)
    assert (grid.on_below, grid.on_above) == (1, 2)


def test_a_step_that_no_image_has_counts_none() -> None:
    grid = even([1, 3, 120, 255], 100.4 / 256)
    assert (grid.below, grid.on_below, grid.above, grid.on_above) == (100 / 256, 0, 101 / 256, 0)


def test_a_threshold_on_a_step_is_that_step() -> None:
    grid = even([1, 99, 100, 255], 100 / 256)
    assert (grid.below, grid.above, grid.on_below, grid.on_above) == (99 / 256, 100 / 256, 1, 1)


def test_a_fine_even_grid_warns_of_nothing() -> None:
    grid = even([1, 333, 512, 999], 0.5, halvings=10)
    assert (grid.kind, grid.unit, grid.coarse) == ("even", 1 / 1024, False)


def test_a_float_softmax_behind_an_int8_layer_has_steps_in_the_logit() -> None:
    scores = of_logits(0.05)
    grid = grid_of(scores, 0.5)
    assert grid.kind == "logit"
    assert grid.unit == pytest.approx(0.05, rel=1e-3)
    assert grid.at_threshold == pytest.approx(0.05 / 4, rel=1e-3)
    assert grid.coarse


def test_missing_steps_of_the_logit_are_allowed_for() -> None:
    grid = grid_of(of_logits(0.02)[[0, 1, 4, 5, 9, 17, 18, 20, 33, 39]], 0.4)
    assert grid.unit == pytest.approx(0.02, rel=1e-3)
    assert grid.at_threshold == pytest.approx(0.02 * 0.4 * 0.6, rel=1e-3)


def test_scores_of_a_float_network_stand_on_no_grid() -> None:
    scores = np.random.default_rng(1).random(200).astype(np.float32).astype(np.float64)
    grid = grid_of(scores, 0.5)
    assert (grid.kind, grid.unit, grid.at_threshold, grid.coarse) == ("none", None, None, False)
    ordered = np.sort(scores)
    assert (grid.below, grid.above) == (ordered[ordered < 0.5].max(), ordered[ordered >= 0.5].min())


def test_few_scores_prove_no_steps_of_the_logit() -> None:
    assert grid_of(of_logits(0.05)[:8], 0.5).kind == "none"
    assert grid_of(of_logits(0.05)[:9], 0.5).kind == "logit"


def test_scores_that_a_rounding_tells_apart_are_one() -> None:
    grid = grid_of(np.array([0.3, 0.3 + 1e-7, 0.7]), 0.5)
    assert (grid.distinct, grid.on_below, grid.on_above) == (2, 2, 1)
    assert grid.smallest_step == pytest.approx(0.4)


@pytest.mark.parametrize(("threshold", "below", "above"), [(0.1, None, 0.3), (0.9, 0.7, None)])
def test_beyond_all_scores_there_is_none_beside(threshold: float, below: float | None, above: float | None) -> None:
    grid = grid_of(np.array([0.3, 0.7]), threshold)
    assert (grid.below, grid.above) == (below, above)
    assert grid.on_below + grid.on_above == 1


def test_one_score_for_all_has_no_step() -> None:
    grid = grid_of(np.full(5, 0.3), 0.5)
    assert (grid.distinct, grid.smallest_step, grid.on_below) == (1, None, 5)


def test_logits_as_scores_are_not_taken_for_chances() -> None:
    assert grid_of(np.linspace(-3.1, 3.3, 20), 1.5).kind == "none"

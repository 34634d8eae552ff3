"""The difference of two AUCs against its definition over all pairs, and the draws against DeLong."""

import math

import numpy as np
import pytest
from scipy.stats import t

from tflite_mammo.evaluation.delong import areas, variance_of_difference
from tflite_mammo.evaluation.differences import COMPARED, Difference, differences
from tflite_mammo.evaluation.figure import Figure
from tflite_mammo.evaluation.metrics import Judged


def two(patients: int, better: float = 0.6, alike: float = 1.0, images: int = 1, seed: int = 3) -> list[Judged]:
    """Two models that find the same patients hard, where `alike` is large; scores with ties."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(patients), images)
    positive = rng.random(owner.size) < 0.4
    hard = alike * rng.normal(size=patients)[owner]
    latent = [hard + strength * positive + rng.normal(size=owner.size) for strength in (1.0, 1.0 + better)]
    scores = [np.round(1 / (1 + np.exp(-one)), 2) for one in latent]
    return [Judged(score, positive, score >= 0.6, owner) for score in scores]


def by_all_pairs(a: Judged, b: Judged) -> tuple[float, float]:
    """DeLong's difference and its standard error, for patients of one image each."""
    first, second = (np.sign(one.scores[one.positive][:, None] - one.scores[~one.positive]) / 2 + 0.5 for one in (a, b))
    wins = second - first
    of_cases, of_others = wins.mean(axis=1), wins.mean(axis=0)
    variance = of_cases.var(ddof=1) / of_cases.size + of_others.var(ddof=1) / of_others.size
    return float(wins.mean()), math.sqrt(variance)


@pytest.mark.parametrize("better", [-0.5, 0.0, 0.3, 0.9])
def test_the_difference_of_aucs_is_tested_as_delong_defines(better: float) -> None:
    a, b = two(90, better)
    found, (value, spread) = differences(a, b, 10)["auc"], by_all_pairs(a, b)
    assert found.p == pytest.approx(2 * t.sf(abs(value) / spread, a.fewest - 1), rel=1e-9)
    assert found.difference.by == "DeLong"
    half = t.ppf(0.975, a.fewest - 1) * spread
    assert (found.difference.value, found.difference.low, found.difference.high) == pytest.approx(
        (value, value - half, value + half), abs=1e-12
    )


def test_the_variance_is_that_of_the_covariance_of_both_models() -> None:
    a, b = two(60, images=3)
    scores = np.stack([a.scores, b.scores])
    ((one, shared), (_, other)) = areas(scores, a.positive, a.owner).covariance
    assert variance_of_difference(scores, a.positive, a.owner) == pytest.approx(one + other - 2 * shared, rel=1e-9)


def test_each_figure_is_of_its_own_model() -> None:
    a, b = two(80)
    found = differences(a, b, 10)
    assert tuple(found) == COMPARED
    for name, difference in found.items():
        one, other = (float(model.figures(model.everybody)[name][0]) for model in (a, b))
        assert (difference.a, difference.b) == (one, other)
        assert difference.difference.value == pytest.approx(other - one)


@pytest.mark.parametrize("images", [1, 3])
def test_the_draws_agree_with_delong(images: int) -> None:
    figure = differences(*two(300, images=images), 2000)["auc"].difference
    assert figure.drawn == pytest.approx((figure.low, figure.high), abs=0.008)


def test_both_models_meet_the_same_draws() -> None:
    """What is hard for both cancels out; drawn apart, the interval would be sqrt(2) times that of one model."""

    def width(alike: float, name: str) -> float:
        figure = differences(*two(200, alike=alike), 1000)[name].difference
        low, high = figure.drawn or (figure.low or 0, figure.high or 0)
        return high - low

    for name in COMPARED:
        assert width(4.0, name) < 0.75 * width(0.0, name)


def test_equal_scores_differ_by_nothing() -> None:
    a, _ = two(50, images=2)
    for difference in differences(a, a, 50).values():
        # That nothing differs here proves no equality elsewhere.
        assert difference.difference == Figure(0.0, None, None, difference.difference.by)
    assert differences(a, a, 50)["auc"].p == 1


def test_scores_in_the_same_order_have_the_same_auc() -> None:
    a, _ = two(50)
    found = differences(a, Judged(a.scores**3, a.positive, a.called, a.owner), 50)["auc"]
    assert (found.difference.value, found.difference.low, found.p) == (0, None, 1)


def test_models_that_differ_in_one_image_are_still_tested() -> None:
    positive, scores = np.arange(400) % 2 == 0, np.random.default_rng(8).permutation(400) / 400
    changed = scores + np.where(scores == np.median(scores[positive][1:]), -0.02, 0)
    a, b = (Judged(one, positive, one > 0.5, np.arange(400)) for one in (scores, changed))
    value, spread = by_all_pairs(a, b)
    assert 0 < spread < 1e-3
    assert differences(a, b, 10)["auc"].p == pytest.approx(2 * t.sf(abs(value) / spread, 199), rel=1e-6)


def test_what_evens_out_within_every_patient_is_no_difference_of_aucs() -> None:
    owner = np.repeat(np.arange(20), 3)
    positive, scores = owner < 9, np.random.default_rng(0).random(60)
    a, b = (Judged(one, positive, positive, owner) for one in (scores, scores.reshape(20, 3)[:, ::-1].ravel()))
    found = differences(a, b, 10)["auc"]
    assert (found.difference.value, found.difference.low, found.difference.high, found.p) == (0, None, None, 1)


def test_without_any_variance_a_difference_has_no_p() -> None:
    positive, owner = np.arange(7) < 3, np.arange(7)
    flat, sharp = (Judged(scores, positive, positive, owner) for scores in (np.full(7, 0.5), positive * 1.0))
    found = differences(flat, sharp, 50)["auc"]
    assert (found.a, found.b, found.p) == (0.5, 1.0, None)
    assert (found.difference.value, found.difference.low, found.difference.high) == (0.5, None, None)


def test_one_patient_with_all_the_cases_tells_no_variance() -> None:
    positive, owner = np.arange(8) < 2, np.r_[0, 0, 1:7]
    a, b = (Judged(np.random.default_rng(i).random(8), positive, positive, owner) for i in (0, 1))
    for other in (a, b):
        found = differences(a, other, 50)["auc"]
        assert (found.p, found.difference.low) == (None, None)


def test_an_interval_ends_where_differences_end() -> None:
    positive, owner = np.arange(6) < 3, np.arange(6)
    bad, good = (
        Judged(np.array(s), positive, positive, owner) for s in ([0, 0.1, 0.9, 0.5, 0.4, 0.6], [1, 1, 1, 0, 0, 1.0])
    )
    assert differences(bad, good, 50)["auc"].difference.high == 1


def test_one_class_alone_leaves_the_figures_of_that_class() -> None:
    a, b = two(30)
    a, b = (Judged(one.scores, np.zeros(30, bool), one.called, one.owner) for one in (a, b))
    found = differences(a, b, 50)
    assert found["auc"] == found["sensitivity"] == Difference()
    assert found["specificity"].difference == found["accuracy"].difference
    assert found["specificity"].a is not None

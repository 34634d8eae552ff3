"""Variances of AUCs against their definition over all pairs, a jackknife over patients, and another implementation."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from tflite_mammo.evaluation.delong import areas, interval_of_area
from tflite_mammo.evaluation.quantiles import two_sided

Drawn = tuple[NDArray[np.float64], NDArray[np.bool_]]


MANY = 10**9
"""Of patients, so that Student's t is a normal distribution."""


def two_models(count: int = 50, digits: int = 1) -> Drawn:
    """Scores with ties, of two models that agree in part."""
    rng = np.random.default_rng(8)
    positive = rng.random(count) < 0.4
    shared = rng.normal(size=count) + positive
    return np.round(shared + rng.normal(0, 0.7, (2, count)), digits), positive


def components(row: NDArray[np.float64], positive: NDArray[np.bool_]) -> tuple[NDArray[np.float64], ...]:
    """DeLong's V10 and V01, pair by pair."""
    kernel = np.array([[(a > b) + (a == b) / 2 for b in row[~positive]] for a in row[positive]])
    return kernel.mean(axis=1), kernel.mean(axis=0)


def jackknifed(row: NDArray[np.float64], positive: NDArray[np.bool_], owner: NDArray[np.int64]) -> float:
    """The variance of the AUC from leaving out one patient after another."""
    kept = [owner != patient for patient in np.unique(owner)]
    values = [roc_auc_score(positive[keep], row[keep]) for keep in kept]
    return (len(kept) - 1) * float(np.var(values))


def test_with_a_row_a_patient_the_covariance_is_delongs() -> None:
    scores, positive = two_models()
    found = areas(scores, positive, np.arange(positive.size))
    parts = [components(row, positive) for row in scores]
    above, below = np.cov([part[0] for part in parts]), np.cov([part[1] for part in parts])
    np.testing.assert_allclose(found.values, [part[0].mean() for part in parts])
    np.testing.assert_allclose(found.covariance, above / positive.sum() + below / (~positive).sum(), rtol=1e-12)


def test_areas_and_variances_are_those_of_another_implementation() -> None:
    # confidenceinterval 1.0.5 (delong_roc_variance) for each, MLstatkit 0.1.91 (Delong_test) for the difference.
    rng = np.random.default_rng(11)
    positive = np.arange(40) % 3 == 0
    first, second = np.round(rng.random(40) + 0.4 * positive, 1), np.round(rng.random(40) + 0.25 * positive, 2)
    found = areas(np.stack([first, second]), positive, np.arange(40))
    np.testing.assert_allclose(found.values, [0.8310439560439561, 0.7857142857142857], rtol=1e-12)
    np.testing.assert_allclose(np.diag(found.covariance), [0.004335678235306414, 0.00518041753491422], rtol=1e-6)
    of_difference = found.covariance.trace() - 2 * found.covariance[0, 1]
    assert of_difference == pytest.approx(0.009470811310414017, rel=1e-9)
    z = float(found.values[1] - found.values[0]) / math.sqrt(of_difference)
    assert z == pytest.approx(-0.46578872158580886, rel=1e-9)
    assert two_sided(z, MANY) == pytest.approx(0.6413667388376978, rel=1e-9)


def test_of_many_rows_a_patient_the_variance_is_obuchowskis_sum() -> None:
    scores, positive = two_models(40)
    owner = np.random.default_rng(1).integers(0, 15, 40)
    row = scores[0]
    of_cases, of_others = components(row, positive)
    area, total = of_cases.mean(), np.zeros(3)
    for patient in range(15):
        above = (of_cases[owner[positive] == patient] - area).sum() / positive.sum()
        below = (of_others[owner[~positive] == patient] - area).sum() / (~positive).sum()
        total += above**2, below**2, 2 * above * below
    sizes = [np.unique(part).size for part in (owner[positive], owner[~positive], owner)]
    expected = sum(part * size / (size - 1) for part, size in zip(total, sizes, strict=True))
    assert areas(scores, positive, owner).covariance[0, 0] == pytest.approx(expected)


@pytest.mark.parametrize("mixed", [False, True])
def test_of_many_rows_a_patient_the_variance_is_near_the_jackknifes(mixed: bool) -> None:
    rng = np.random.default_rng(5)
    owner = np.repeat(np.arange(60), 4)
    positive = np.arange(240) % 4 < 2 if mixed else (owner % 2).astype(bool)
    row = positive + rng.normal(0, 0.8, 60)[owner] + rng.normal(0, 0.8, 240)
    variance = areas(row[None, :], positive, owner).covariance[0, 0]
    assert variance == pytest.approx(jackknifed(row, positive, owner), rel=0.06)
    alone = areas(row[None, :], positive, np.arange(240)).covariance[0, 0]
    # Images that are alike tell less; a patient who is her own control tells more.
    assert variance < 0.8 * alone if mixed else variance > 1.3 * alone


def test_copies_of_every_image_of_a_patient_change_nothing() -> None:
    scores, positive = two_models(30)
    once, many = (
        areas(np.repeat(scores, k, axis=1), np.repeat(positive, k), np.repeat(np.arange(30), k)) for k in (1, 4)
    )
    np.testing.assert_allclose(many.values, once.values)
    np.testing.assert_allclose(many.covariance, once.covariance)


def test_the_order_alone_counts_and_classes_may_be_swapped() -> None:
    scores, positive = two_models()
    owner = np.arange(positive.size) // 2
    found = areas(scores, positive, owner)
    bent = areas(np.exp(scores * 2) + 3, positive, owner)
    swapped = areas(-scores, ~positive, owner)
    for other in (bent, swapped):
        np.testing.assert_allclose(other.values, found.values)
        np.testing.assert_allclose(other.covariance, found.covariance)
    np.testing.assert_allclose(areas(-scores, positive, owner).values, 1 - found.values)


def test_a_model_beside_itself_has_no_difference() -> None:
    scores, positive = two_models()
    covariance = areas(scores[[0, 0]], positive, np.arange(positive.size)).covariance
    assert covariance.trace() == pytest.approx(2 * covariance[0, 1])


def test_one_patient_with_all_the_cases_shows_no_variance() -> None:
    scores, positive = two_models()
    assert np.isnan(areas(scores, positive, np.where(positive, 0, np.arange(50))).covariance).all()


def test_the_interval_is_even_on_the_scale_of_the_logit() -> None:
    low, high = interval_of_area(0.8, 0.002, 30, 90)  # Student's t of 29 degrees
    assert low is not None
    assert high is not None
    half = 2.0452296 * math.sqrt(0.002) / (0.8 * 0.2)
    assert math.log(low / (1 - low)) == pytest.approx(math.log(4) - half)
    assert math.log(high / (1 - high)) == pytest.approx(math.log(4) + half)


def test_an_interval_stays_inside_0_to_1_however_wide() -> None:
    low, high = interval_of_area(0.999999999, 1e9, 5, 5)
    assert (low, high) == pytest.approx((0, 1))


@pytest.mark.parametrize("variance", [0.0, -1e-3, math.nan, math.inf])
def test_without_a_variance_there_is_no_interval(variance: float) -> None:
    assert interval_of_area(0.5, variance, 10, 10) == (None, None)


@pytest.mark.parametrize(("cases", "others"), [(1, 1), (1, 40), (5, 5), (20, 80), (500, 500)])
def test_from_the_lowest_area_that_fits_a_perfect_one_1_is_just_far_enough(cases: int, others: int) -> None:
    low, high = interval_of_area(1.0, 0.0, cases, others)
    assert low is not None
    # Newcombe 2006, method 5: with (cases + others) / 2 - 1 in the place of either.
    beside = (cases + others) / 2 - 1
    q1, q2 = low / (2 - low), 2 * low**2 / (1 + low)
    variance = (low * (1 - low) + beside * (q1 - low**2) + beside * (q2 - low**2)) / (cases * others)
    assert (1 - low) / math.sqrt(variance) == pytest.approx(1.959963985)
    assert high == 1
    assert interval_of_area(0.0, 0.0, cases, others) == (0.0, pytest.approx(1 - low))


def test_chances_of_a_normal_value_are_two_sided() -> None:
    assert two_sided(0, MANY) == 1
    assert two_sided(-1.959963985, MANY) == pytest.approx(0.05)
    assert two_sided(1.644853627, MANY) == pytest.approx(0.1)

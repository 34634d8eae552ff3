"""PPV and NPV against Bayes, and their intervals."""

import math

import numpy as np
import pytest

from tflite_mammo.evaluation.figure import NO_FIGURE, Figure, Figures
from tflite_mammo.evaluation.prevalence import AtPrevalence, at_prevalence, predictive_values
from tflite_mammo.evaluation.proportions import wilson

MANY = 10**9


def figures(found: int, cases: int, quiet: int, others: int) -> Figures:
    parts = {"sensitivity": (found, cases), "specificity": (quiet, others)}
    return {name: Figure(part / whole, *wilson(part / whole, whole), "Wilson") for name, (part, whole) in parts.items()}


def drawn(given: Figures, draws: int = 400) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.binomial(50, figure.value or 0, draws) / 50 for name, figure in given.items()}


def at(given: Figures, prevalence: float = 0.01) -> AtPrevalence:
    return at_prevalence(prevalence, given, drawn(given), MANY)


def test_values_are_those_of_a_thousand_women() -> None:
    # Ten have it, eight are found; of 990 others 99 are called and 891 are not.
    found = at(figures(80, 100, 90, 100))
    assert (found.ppv.value, found.npv.value) == pytest.approx((8 / 107, 891 / 893))
    assert found.prevalence == 0.01
    ppv, npv = predictive_values(np.array([0.8, 0.5]), np.array([0.9, 1.0]), 0.01)
    assert ppv.tolist() == pytest.approx([8 / 107, 1])
    assert npv.tolist() == pytest.approx([891 / 893, 990 / 995])


def test_at_the_tables_own_share_of_cases_they_are_its_own_precisions() -> None:
    found = at(figures(40, 50, 120, 150), 50 / 200)
    assert (found.ppv.value, found.npv.value) == pytest.approx((40 / 70, 120 / 130))


@pytest.mark.parametrize("given", [(40, 50, 120, 150), (9, 10, 9, 10), (50, 50, 149, 150), (1, 50, 1, 150)])
def test_intervals_hold_the_value_and_stay_inside_0_to_1(given: tuple[int, int, int, int]) -> None:
    found = at(figures(*given))
    for figure in (found.ppv, found.npv):
        assert 0 <= (figure.low or 0) < (figure.value or 0) <= (figure.high or 0) <= 1
        assert figure.by == "both intervals"


def test_the_interval_is_moverrs_of_the_ratio_of_both_rates() -> None:
    given = figures(40, 50, 120, 150)
    (a, a1, a2), (b, b1, b2) = (0.2, *(1 - end for end in wilson(0.8, 150)[::-1])), (0.8, *wilson(0.8, 50))
    # Donner and Zou 2012, equation 9, of false alarms over sensitivity.
    low = (a * b - math.sqrt((a * b) ** 2 - a1 * b2 * (2 * a - a1) * (2 * b - b2))) / (b2 * (2 * b - b2))
    high = (a * b + math.sqrt((a * b) ** 2 - a2 * b1 * (2 * a - a2) * (2 * b - b1))) / (b1 * (2 * b - b1))
    found = at(given, 0.25).ppv
    assert (found.low, found.high) == pytest.approx((1 / (1 + 3 * high), 1 / (1 + 3 * low)))


def test_without_a_false_alarm_the_interval_says_how_few_there_could_be() -> None:
    few, many = (at(figures(15, 20, count, count)).ppv for count in (20, 2000))
    assert (few.value, few.high, many.high) == (1, 1, 1)
    assert (few.low or 0) < 0.1 < (many.low or 0)
    assert few.drawn == (1, 1)


def test_a_finding_that_is_never_found_has_no_certain_call() -> None:
    found = at(figures(0, 20, 15, 20))
    assert (found.ppv.value, found.ppv.low) == (0, 0)
    assert 0 < (found.ppv.high or 0) < 0.05
    assert (found.npv.low or 1) < (found.npv.value or 0) < 1


def test_intervals_narrow_with_more_patients() -> None:
    few, many = (at(figures(8 * k, 10 * k, 9 * k, 10 * k)).ppv for k in (2, 200))
    assert (many.high or 1) - (many.low or 0) < 0.2 * ((few.high or 0) - (few.low or 0))


def test_intervals_are_near_those_of_the_draws_in_a_middling_part() -> None:
    found = at(figures(40, 50, 40, 50), 0.25)
    for figure in (found.ppv, found.npv):
        assert figure.drawn == pytest.approx((figure.low, figure.high), abs=0.03)


def test_where_nobody_would_be_called_there_is_no_ppv() -> None:
    found = at(figures(0, 20, 20, 20))
    assert found.ppv == NO_FIGURE
    assert found.npv.value == pytest.approx(0.99)


def test_of_one_class_there_is_neither() -> None:
    given = {**figures(40, 50, 120, 150), "sensitivity": NO_FIGURE}
    assert at_prevalence(0.1, given, {}, MANY) == AtPrevalence(0.1, NO_FIGURE, NO_FIGURE)

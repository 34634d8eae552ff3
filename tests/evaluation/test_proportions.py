"""Wilson's interval against scipy's, and what images of few patients are worth."""

import numpy as np
import pytest
from scipy.stats import binomtest

from tflite_mammo.evaluation.proportions import interval_of_share, wilson, worth


@pytest.mark.parametrize(("part", "whole"), [(0, 10), (10, 10), (1, 1), (81, 263), (15, 148), (1, 29), (999, 1000)])
def test_the_interval_is_wilsons(part: int, whole: int) -> None:
    expected = binomtest(part, whole).proportion_ci(method="wilson")
    assert wilson(part / whole, whole) == pytest.approx((expected.low, expected.high))
    ones = np.arange(whole) < part
    assert interval_of_share(ones.astype(np.float64), np.ones(whole)) == pytest.approx((expected.low, expected.high))


def test_the_interval_is_the_one_worked_by_hand() -> None:
    # (p - share)^2 = z^2 p (1 - p) / n for share 1/2, n 4, z^2 3.8415: p = (1 +- sqrt(z^2 / (n + z^2))) / 2.
    assert wilson(0.5, 4) == pytest.approx((0.1500, 0.8500), abs=5e-5)
    # Newcombe 1998, table I: 15 of 148.
    assert wilson(15 / 148, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)


def test_none_and_all_end_exactly_at_0_and_1() -> None:
    for count in range(1, 200):
        assert wilson(0.0, count)[0] == 0
        assert wilson(1.0, count)[1] == 1
        assert 0 < wilson(1.0, count)[0] < 1


@pytest.mark.parametrize("copies", [2, 3, 7])
def test_copies_of_every_image_of_a_patient_prove_nothing(copies: int) -> None:
    part = (np.random.default_rng(0).random(50) < 0.7).astype(np.float64)
    once = interval_of_share(part, np.ones(50))
    again = interval_of_share(part * copies, np.full(50, float(copies)))
    # But for what 50 patients tell their variance less surely than as many images would.
    assert again == pytest.approx(once, abs=0.008)
    assert again[0] <= once[0] < once[1] <= again[1]


def test_images_are_worth_what_the_variance_over_patients_says() -> None:
    part, whole = np.array([2.0, 0.0, 3.0, 1.0]), np.array([2.0, 2.0, 4.0, 2.0])
    share = 6 / 10
    left = [(2 - share * 2) / 10, (0 - share * 2) / 10, (3 - share * 4) / 10, (1 - share * 2) / 10]
    # Student's t of 3 degrees is 3.1824, of 9 degrees 2.2622.
    unsure = (4 / 3 * 3.18245**2) / (10 / 9 * 2.26216**2)
    assert worth(part, whole) == pytest.approx(share * (1 - share) / sum(one**2 for one in left) / unsure, rel=1e-5)


def test_a_row_each_is_worth_a_row() -> None:
    for cases in (1, 7, 19):
        assert worth(np.r_[np.ones(cases), np.zeros(20 - cases)], np.ones(20)) == pytest.approx(20)


def test_images_are_never_worth_more_than_there_are() -> None:
    part, whole = np.array([5.0, 6.0, 5.0]), np.full(3, 10.0)  # more alike than chance
    assert worth(part, whole) == 30


def test_patients_without_an_image_add_nothing() -> None:
    part, whole = np.array([1.0, 0.0, 1.0, 0.0]), np.array([1.0, 1.0, 2.0, 0.0])
    assert worth(part, whole) == worth(part[:3], whole[:3])
    assert worth(np.array([2.0, 0.0]), np.array([2.0, 0.0])) == 1


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_where_all_are_alike_every_patient_counts_once(share: float) -> None:
    whole = np.array([4.0, 1.0, 3.0])
    assert worth(share * whole, whole) == 3
    assert interval_of_share(share * whole, whole) == wilson(share, 3)


@pytest.mark.parametrize("whole", [3.0, 10.0, 49.0, 98.0])
def test_one_patient_is_worth_one_image_whatever_her_share(whole: float) -> None:
    for part in range(int(whole) + 1):
        assert worth(np.array([float(part)]), np.array([whole])) == 1


def test_a_share_of_nothing_has_no_interval() -> None:
    assert interval_of_share(np.zeros(3), np.zeros(3)) == (None, None)

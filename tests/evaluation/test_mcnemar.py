"""Which of two models is right more often, by hand, by scipy, and for patients with several images."""

import numpy as np
import pytest
from scipy.stats import binomtest

from tflite_mammo.evaluation.mcnemar import McNemar, mcnemar


def of_counts(both: int, only_a: int, only_b: int, neither: int = 0) -> McNemar:
    """Every patient with one image."""
    counts = (both, only_a, only_b, neither)
    right_a, right_b = (np.repeat(right, counts).astype(bool) for right in ([1, 1, 0, 0], [1, 0, 1, 0]))
    return mcnemar(right_a, right_b, np.arange(right_a.size))


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (0, 1), (3, 3), (4, 5), (2, 9), (9, 2), (0, 30), (400, 480)])
def test_one_image_each_is_tested_exactly(only_a: int, only_b: int) -> None:
    found = of_counts(7, only_a, only_b, 5)
    expected = binomtest(only_a, only_a + only_b, 0.5).pvalue if only_a + only_b else 1.0
    assert (found.only_a, found.only_b) == (only_a, only_b)
    assert found.p == pytest.approx(expected, rel=1e-9)


def test_thousands_of_differences_are_no_number_too_large() -> None:
    assert of_counts(0, 3_000, 3_090).p == pytest.approx(binomtest(3_000, 6_090).pvalue, rel=1e-9)


def test_images_of_one_patient_change_sides_together() -> None:
    # B above A by patient: 2, 1, 1, -1, 0 images, a sum of 3. Of the 16 ways to sign 2, 1, 1, 1 one gives 5 and three
    # give 3, and as many -5 and -3: p = 8 / 16.
    right_a = np.array([0, 0, 0, 1, 0, 1, 1, 0, 1, 0], bool)
    right_b = np.array([1, 1, 1, 1, 1, 1, 0, 0, 0, 1], bool)
    assert mcnemar(right_a, right_b, np.repeat(np.arange(5), 2)) == McNemar(2, 5, 0.5)


def test_what_evens_out_within_every_patient_is_no_difference() -> None:
    found = mcnemar(np.array([1, 0, 1, 0], bool), np.array([0, 1, 0, 1], bool), np.array([0, 0, 1, 1]))
    assert found == McNemar(2, 2, 1.0)


def test_four_patients_prove_nothing() -> None:
    found = mcnemar(np.zeros(40, bool), np.ones(40, bool), np.repeat(np.arange(4), 10))
    assert found.p == 2 / 2**4


def test_no_image_gives_no_p() -> None:
    assert mcnemar(np.zeros(0, bool), np.zeros(0, bool), np.zeros(0, np.int64)) == McNemar(0, 0)


def test_images_repeated_prove_no_more() -> None:
    right_a, right_b = (np.repeat(right, (20, 5, 14)).astype(bool) for right in ([1, 1, 0], [1, 0, 1]))
    once = mcnemar(right_a, right_b, np.arange(39))
    six = mcnemar(np.repeat(right_a, 6), np.repeat(right_b, 6), np.repeat(np.arange(39), 6))
    assert (six.only_a, six.only_b) == (30, 84)
    assert six.p == pytest.approx(once.p)


def test_equal_models_differ_by_chance_as_often_as_p_says() -> None:
    rng = np.random.default_rng(11)
    owner, below = np.repeat(np.arange(60), 4), []
    for _ in range(400):
        # Each patient is hard for one of the models or the other, by chance.
        ease = 2 * rng.normal(size=(2, 60))[:, owner]
        right = ease + rng.normal(size=ease.shape) > 0
        tests = mcnemar(right[0], right[1], owner), mcnemar(right[0], right[1], np.arange(owner.size))
        below.append([test.p is not None and test.p < 0.05 for test in tests])
    by_patient, naive = np.sum(below, axis=0)
    assert 6 <= by_patient <= 36
    assert naive > 60

"""Patients are drawn whole, and the same ones whatever is computed from them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tflite_mammo.evaluation import bootstrap
from tflite_mammo.evaluation.bootstrap import interval_95, owners, patient_draws

MANY = 10**9
"""Of patients, so that what is left out at each end is 2.5 %."""


def drawn(patients: int, draws: int = 500, seed: int = 1, images: int = 10) -> NDArray[np.float32]:
    return np.concatenate(list(patient_draws(patients, images, draws, seed)))


def width(values: NDArray[np.float64], owner: NDArray[np.int64]) -> float:
    """Of the interval of the mean of `values`, resampled by owner."""
    counts = drawn(int(owner.max()) + 1, 2000)
    sums, sizes = np.bincount(owner, values), np.bincount(owner).astype(np.float64)
    low, high = interval_95((counts @ sums) / (counts @ sizes), MANY)
    assert low is not None
    assert high is not None
    return high - low


def test_images_of_one_patient_have_one_number() -> None:
    assert owners(["b", "a", "b", "c", "a", "b"]).tolist() == [1, 0, 1, 2, 0, 1]


def test_as_many_patients_are_drawn_as_there_are() -> None:
    counts = drawn(7)
    assert counts.shape == (500, 7)
    assert (counts.sum(axis=1) == 7).all()
    assert counts.dtype == np.float32


def test_how_often_a_patient_is_drawn_is_binomial() -> None:
    counts = drawn(20, 20_000)
    np.testing.assert_allclose(counts.mean(axis=0), 1, atol=0.04)
    np.testing.assert_allclose(counts.var(axis=0), 0.95, atol=0.05)
    assert np.corrcoef(counts[:, 0], counts[:, 1])[0, 1] == pytest.approx(-1 / 19, abs=0.03)


def test_the_same_seed_draws_the_same_patients() -> None:
    np.testing.assert_array_equal(drawn(9, seed=3), drawn(9, seed=3))
    assert (drawn(9, seed=3) != drawn(9, seed=4)).any()


@pytest.mark.parametrize("at_once", [1, 40, 90, 1000])
def test_the_size_of_the_blocks_changes_no_draw(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = drawn(5, 33)
    monkeypatch.setattr(bootstrap, "AT_ONCE", at_once)
    blocks = list(patient_draws(5, 10, 33, 1))
    np.testing.assert_array_equal(np.concatenate(blocks), expected)
    assert max(len(block) * 10 for block in blocks) <= max(at_once, 10)


def test_more_patients_than_images_still_fit_into_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "AT_ONCE", 100)
    assert max(block.size for block in patient_draws(25, 5, 33, 1)) <= 100


def test_the_interval_narrows_with_more_patients() -> None:
    values = np.random.default_rng(0).random(800)
    few, many = width(values[:50], np.arange(50)), width(values, np.arange(800))
    assert many == pytest.approx(few / 4, rel=0.35)  # 16 times the patients, a quarter of the width


def test_the_interval_by_patient_is_wider_than_by_image_where_a_patients_images_are_alike() -> None:
    values = np.repeat(np.random.default_rng(0).random(50), 4)
    by_patient, by_image = width(values, np.arange(200) // 4), width(values, np.arange(200))
    assert by_patient == pytest.approx(2 * by_image, rel=0.2)  # four alike images tell as much as one


def test_the_interval_holds_the_middle_95_per_cent() -> None:
    assert interval_95(np.arange(1001.0), MANY) == pytest.approx((25, 975))


def test_draws_that_could_not_be_computed_are_left_out_while_they_are_few() -> None:
    values = np.r_[np.arange(901.0), np.full(100, np.nan)]
    assert interval_95(values, MANY) == pytest.approx((22.5, 877.5))


def test_there_is_no_interval_where_too_few_draws_could_be_computed() -> None:
    assert interval_95(np.r_[np.arange(899.0), np.full(101, np.nan)], MANY) == (None, None)


@pytest.mark.parametrize("values", [[], [np.nan], [np.nan, np.inf]])
def test_there_is_no_interval_of_no_draw(values: list[float]) -> None:
    assert interval_95(np.array(values), MANY) == (None, None)


def test_of_few_patients_less_is_left_out_and_of_one_nothing_is_said() -> None:
    # Of 5 a t of 2.776 times the root of 5 / 4 is 3.104 deviations of a normal distribution: .095 % at each end.
    assert interval_95(np.arange(10_001.0), 5) == pytest.approx((9.55, 10_000 - 9.55), abs=0.05)
    assert interval_95(np.arange(1001.0), 1) == (None, None)

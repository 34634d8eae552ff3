import numpy as np
import pytest
from numpy.typing import NDArray

from tflite_mammo.evaluation import bootstrap
from tflite_mammo.evaluation.bootstrap import interval_95, patient_weights


def weights_of(patients: list[str], draws: int = 500, seed: int = 1) -> NDArray[np.float64]:
    return np.concatenate(list(patient_weights(patients, draws, seed)))


def width(values: NDArray[np.float64], patients: list[str]) -> float:
    """Of the interval of the mean of `values`, resampled by patient."""
    weights = weights_of(patients, 2000)
    low, high = interval_95((weights @ values) / weights.sum(axis=1))
    assert low is not None
    assert high is not None
    return high - low


def test_the_images_of_a_patient_are_drawn_together() -> None:
    patients = ["b", "a", "b", "c", "a", "b"]
    weights = weights_of(patients)
    for name in "abc":
        mine = weights[:, [patient == name for patient in patients]]
        assert (mine == mine[:, :1]).all()


def test_patients_are_drawn_one_from_another() -> None:
    a, b = weights_of(["a", "b"]).T
    assert (a != b).any()


def test_as_many_patients_are_drawn_as_there_are() -> None:
    weights = weights_of(["a", "a", "b", "c", "c", "c", "d"])
    of_each_patient = weights[:, [0, 2, 3, 6]]
    assert (of_each_patient.sum(axis=1) == 4).all()


def test_every_patient_is_drawn_about_once_on_average() -> None:
    weights = weights_of([f"P{i}" for i in range(20)], 4000)
    np.testing.assert_allclose(weights.mean(axis=0), 1, atol=0.1)


def test_the_same_seed_draws_the_same_patients() -> None:
    patients = ["a", "b", "c", "c"]
    np.testing.assert_array_equal(weights_of(patients, seed=3), weights_of(patients, seed=3))
    assert (weights_of(patients, seed=3) != weights_of(patients, seed=4)).any()


@pytest.mark.parametrize("at_once", [1, 40, 1000])
def test_blocks_hold_all_draws_whatever_fits_at_once(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "WEIGHTS_AT_ONCE", at_once)
    blocks = list(patient_weights(["a", "b", "b", "c"], 33))
    assert sum(len(block) for block in blocks) == 33
    assert max(block.size for block in blocks) <= max(at_once, 4)


def test_the_interval_narrows_with_more_patients() -> None:
    values = np.random.default_rng(0).random(800)
    few = width(values[:50], [f"P{i}" for i in range(50)])
    many = width(values, [f"P{i}" for i in range(800)])
    assert many == pytest.approx(few / 4, rel=0.35)  # 16 times the patients, a quarter of the width


def test_the_interval_by_patient_is_wider_than_by_image_where_a_patients_images_are_alike() -> None:
    values = np.repeat(np.random.default_rng(0).random(50), 4)
    by_patient = width(values, [f"P{i // 4}" for i in range(200)])
    by_image = width(values, [f"P{i}" for i in range(200)])
    assert by_patient == pytest.approx(2 * by_image, rel=0.2)  # four alike images tell as much as one


def test_the_interval_holds_the_middle_95_per_cent() -> None:
    assert interval_95(np.arange(1001.0)) == pytest.approx((25, 975))


def test_draws_that_could_not_be_computed_are_left_out_while_they_are_few() -> None:
    values = np.r_[np.arange(901.0), np.full(100, np.nan)]
    assert interval_95(values) == pytest.approx((22.5, 877.5))


def test_there_is_no_interval_where_too_few_draws_could_be_computed() -> None:
    assert interval_95(np.r_[np.arange(899.0), np.full(101, np.nan)]) == (None, None)

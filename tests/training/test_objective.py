"""Losses, optimisers and schedules: each does what its name says, in numbers worked out by hand."""

import math

import keras
import numpy as np
import pytest

from tflite_mammo.training.objective import PlannedRate, layer_factors, loss_of, optimizer_of
from tflite_mammo.training.tables import Loss, Schedule, Stage

TRUTH = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
SCORES = np.array([[0.7, 0.3], [0.4, 0.6]], np.float32)


def _loss(loss: Loss) -> float:
    return float(np.asarray(loss_of(loss)(TRUTH, SCORES)))


def test_cross_entropy_is_the_mean_log_of_the_right_column() -> None:
    expected = -(math.log(0.7) + math.log(0.6)) / 2
    assert _loss(Loss()) == pytest.approx(expected, abs=1e-6)
    assert _loss(Loss("binary_crossentropy")) == pytest.approx(expected, abs=1e-6)


def test_label_smoothing_takes_from_the_right_column_what_it_gives_to_all() -> None:
    def of(right: float, wrong: float) -> float:
        return -(0.95 * math.log(right) + 0.05 * math.log(wrong))

    expected = (of(0.7, 0.3) + of(0.6, 0.4)) / 2
    assert _loss(Loss(label_smoothing=0.1)) == pytest.approx(expected, abs=1e-6)


def test_the_focal_loss_discounts_what_is_told_well() -> None:
    expected = -(0.3**2 * math.log(0.7) + 0.4**2 * math.log(0.6)) / 2
    assert _loss(Loss("focal")) == pytest.approx(expected, abs=1e-6)
    assert _loss(Loss("focal", gamma=1.0)) > _loss(Loss("focal", gamma=3.0))


def _rates(schedule: Schedule, epochs: int = 4, steps: int = 10) -> list[float]:
    rate = PlannedRate(0.1, schedule, epochs, steps)
    return [float(np.asarray(rate(step))) for step in range(epochs * steps + 1)]


def test_an_exponential_schedule_multiplies_by_its_factor_per_epoch() -> None:
    rates = _rates(Schedule("exponential", factor=0.5))
    assert [rates[0], rates[10], rates[20]] == pytest.approx([0.1, 0.05, 0.025], rel=1e-5)


def test_a_cosine_schedule_ends_at_nothing_by_way_of_half() -> None:
    rates = _rates(Schedule("cosine"))
    assert [rates[0], rates[20], rates[40]] == pytest.approx([0.1, 0.05, 0.0], abs=1e-6)


def test_warming_up_climbs_to_the_rate_and_the_rest_follows() -> None:
    rates = _rates(Schedule("cosine", warmup_epochs=1.0))
    assert rates[:3] == pytest.approx([0.01, 0.02, 0.03], rel=1e-5)
    assert max(rates) == rates[10] == pytest.approx(0.1)
    assert [rates[25], rates[40]] == pytest.approx([0.05, 0.0], abs=1e-6)


@pytest.mark.parametrize(
    ("stage", "kind", "setting", "value"),
    [
        (Stage(1, optimizer="adam"), keras.optimizers.Adam, "beta_1", 0.9),
        (Stage(1, optimizer="adamw", weight_decay=0.02), keras.optimizers.AdamW, "weight_decay", 0.02),
        (Stage(1, optimizer="rmsprop", momentum=0.5), keras.optimizers.RMSprop, "momentum", 0.5),
        (Stage(1, optimizer="sgd", momentum=0.9), keras.optimizers.SGD, "momentum", 0.9),
        (Stage(1, optimizer="adagrad"), keras.optimizers.Adagrad, "weight_decay", None),
        (Stage(1, optimizer="adamax"), keras.optimizers.Adamax, "beta_2", 0.999),
    ],
)
def test_the_optimiser_is_the_one_asked_for(stage: Stage, kind: type, setting: str, value: object) -> None:
    optimizer = optimizer_of(stage, 10, [])
    assert type(optimizer) is kind
    assert getattr(optimizer, setting) == value
    assert float(np.asarray(optimizer.learning_rate)) == pytest.approx(stage.learning_rate)


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_layer_decay_scales_the_step_of_each_variable(name: str) -> None:
    """Whatever the optimiser makes of a gradient: with Adam a scaled gradient would change nothing."""
    stage = Stage(1, optimizer=name, learning_rate=0.1, layer_decay=3.0)  # type: ignore[arg-type]
    shallow, deep = keras.Variable([1.0, 1.0], name="shallow"), keras.Variable([1.0, 1.0], name="deep")
    factors = layer_factors(stage, [shallow, deep], {shallow.path: 0.0, deep.path: 1.0})
    optimizer = optimizer_of(stage, 10, factors)
    optimizer.build([shallow, deep])
    gradient = keras.ops.convert_to_tensor([0.5, 0.5])
    optimizer.apply([gradient, gradient], [shallow, deep])
    moved, moved_deep = (1 - float(np.asarray(variable)[0]) for variable in (shallow, deep))
    assert moved == pytest.approx(0.05 if name == "sgd" else 0.1, rel=1e-3)
    assert moved_deep / moved == pytest.approx(math.exp(-3), rel=1e-3)


def test_the_head_trains_at_the_full_rate() -> None:
    head = keras.Variable([1.0], name="head")
    assert layer_factors(Stage(1, layer_decay=3.0), [head], {}) == [1.0]

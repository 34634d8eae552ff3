"""What a stage minimises and with which steps: a recipe's loss, optimiser and schedule as Keras objects."""

import math
from typing import Any

import keras
from keras import ops

from tflite_mammo.training.tables import Loss, Schedule, Stage

OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
    "adagrad": keras.optimizers.Adagrad,
    "adamax": keras.optimizers.Adamax,
}
FOCAL_GAMMA = 2.0


def loss_of(loss: Loss) -> keras.losses.Loss:
    """On a column per class, whatever the head: for two columns that add up to 1, binary cross-entropy is the same."""
    if loss.kind == "focal":
        gamma = FOCAL_GAMMA if loss.gamma is None else loss.gamma
        return keras.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=gamma, label_smoothing=loss.label_smoothing)
    return keras.losses.CategoricalCrossentropy(label_smoothing=loss.label_smoothing)


def optimizer_of(stage: Stage, steps: int, factors: list[float]) -> keras.optimizers.Optimizer:
    """`steps` per epoch; `factors`: what multiplies the rate of each trainable variable, in their order."""
    settings: dict[str, Any] = {}
    if stage.momentum:
        settings["momentum"] = stage.momentum
    if stage.optimizer == "adamw":
        settings["weight_decay"] = stage.weight_decay
    if stage.schedule.kind == "plateau" or stage.schedule == Schedule():
        rate: object = stage.learning_rate  # a plain number, which a plateau may lower
    else:
        rate = PlannedRate(stage.learning_rate, stage.schedule, stage.epochs, steps)
    kind = OPTIMIZERS[stage.optimizer]
    return _at_own_rates(kind, factors)(rate, **settings) if stage.layer_decay else kind(rate, **settings)


def layer_factors(stage: Stage, variables: list[keras.Variable], depth: dict[str, float]) -> list[float]:
    """The head, which has no depth, trains at the full rate."""
    return [math.exp(-stage.layer_decay * depth.get(variable.path, 0.0)) for variable in variables]


def _at_own_rates(kind: type[Any], factors: list[float]) -> type[Any]:
    class AtOwnRates(kind):  # type: ignore[misc]
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            factor = factors[self._get_variable_index(variable)]
            super().update_step(gradient, variable, ops.cast(learning_rate, "float32") * factor)

    return AtOwnRates


class PlannedRate(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """The rate as a function of the step alone, so that an interrupted stage goes on where it was."""

    def __init__(self, rate: float, schedule: Schedule, epochs: int, steps: int) -> None:
        self._rate, self._schedule = rate, schedule
        self._steps = steps
        self._warmup = schedule.warmup_epochs * steps
        self._total = epochs * steps - self._warmup

    def __call__(self, step: Any) -> Any:
        step = ops.cast(step, "float32")
        climbed = ops.minimum((step + 1) / self._warmup, 1.0) if self._warmup >= 1 else 1.0
        past = ops.maximum(step - self._warmup, 0.0)
        return self._rate * climbed * self._left(past)

    def _left(self, past: Any) -> Any:
        if self._schedule.kind == "cosine":
            return 0.5 * (1 + ops.cos(math.pi * ops.minimum(past / self._total, 1.0)))
        if self._schedule.kind == "exponential" and self._schedule.factor:
            return ops.power(ops.cast(self._schedule.factor, "float32"), past / self._steps)
        return 1.0

"""The tables of a recipe, each a frozen dataclass that refuses what contradicts itself."""

import re
from dataclasses import dataclass, field
from typing import Literal

from tflite_mammo.schema import to_dict

UNFREEZE = re.compile(
    r"none|all|(?P<share>\d+(?:\.\d+)?)%|last:(?P<last>\d+)|blocks:(?P<blocks>\d+)|from:(?P<start>\d+)"
)


@dataclass(frozen=True)
class Head:
    pool: Literal["average", "flatten"] = "average"
    input_dropout: float = 0.0
    """After pooling, before the first dense layer."""
    dense: tuple[int, ...] = ()
    dropout: float = 0.0
    """After every dense layer, or before the output where there is none."""
    l2: float = 0.0
    """On the kernels of the dense layers and of the output."""
    output: Literal["softmax", "sigmoid"] = "softmax"
    units: int | None = None
    """Of the output; needs not be written: one per class for softmax, one for sigmoid."""

    def __post_init__(self) -> None:
        for name in ("dropout", "input_dropout"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ValueError(f"{name} {getattr(self, name)}; expected 0 to less than 1")
        if any(units < 1 for units in self.dense):
            raise ValueError(f"dense {list(self.dense)}; expected widths of 1 or more")
        if self.l2 < 0.0:
            raise ValueError(f"l2 {self.l2}; expected 0 or more")
        if self.output == "softmax" and self.units == 1:
            raise ValueError(
                "a softmax over one unit is always 1, so every image would get the same answer; "
                "use output = 'sigmoid', or one unit per class"
            )
        if self.output == "sigmoid" and self.units not in (None, 1):
            raise ValueError(f"a sigmoid of {self.units} units; it has one, for the finding; use output = 'softmax'")


@dataclass(frozen=True)
class Schedule:
    """How the learning rate of a stage changes."""

    kind: Literal["constant", "exponential", "cosine", "plateau"] = "constant"
    factor: float | None = None
    """exponential: what an epoch multiplies the rate with. plateau: what a plateau does  [default: 0.1]."""
    patience: int | None = None
    """plateau: epochs without a better monitored figure  [default: 3]."""
    warmup_epochs: float = 0.0
    """The rate climbs from nothing over so many epochs, before the rest."""

    def __post_init__(self) -> None:
        if self.factor is not None and self.kind not in ("exponential", "plateau"):
            raise ValueError(f"a {self.kind} schedule has no factor; take it out, or use exponential or plateau")
        if self.patience is not None and self.kind != "plateau":
            raise ValueError(f"a {self.kind} schedule has no patience; take it out, or use plateau")
        if self.kind == "exponential" and self.factor is None:
            raise ValueError("an exponential schedule needs its factor per epoch, such as 0.9")
        if self.factor is not None and not 0.0 < self.factor < 1.0:
            raise ValueError(f"factor {self.factor}; expected above 0 and below 1")
        if self.patience is not None and self.patience < 1:
            raise ValueError(f"patience {self.patience}; expected 1 or more")
        if self.warmup_epochs < 0.0:
            raise ValueError(f"warmup_epochs {self.warmup_epochs}; expected 0 or more")
        if self.warmup_epochs and self.kind == "plateau":
            raise ValueError("plateau and warmup_epochs would both set the rate; choose one")


@dataclass(frozen=True)
class Stage:
    epochs: int
    unfreeze: str = "all"
    """Of the backbone's layers: none (the head alone trains), all, from the output side a share ('60%'), a number of
    layers ('last:30') or of blocks ('blocks:2'), or from a layer on, by its number in Keras ('from:249')."""
    optimizer: Literal["adam", "adamw", "rmsprop", "sgd", "adagrad", "adamax"] = "adam"
    learning_rate: float = 1e-3
    momentum: float = 0.0
    """Of sgd and rmsprop."""
    weight_decay: float = 0.0
    """Of adamw."""
    layer_decay: float = 0.0
    """d: the rate times exp(-d * l), where l runs from 0 at the backbone's last convolution to 1 at its first."""
    schedule: Schedule = field(default_factory=Schedule)

    def __post_init__(self) -> None:
        match = UNFREEZE.fullmatch(self.unfreeze)
        numbers = [float(found) for found in (match.groups() if match else ()) if found is not None]
        share_too_large = bool(match and match["share"] and float(match["share"]) > 100)
        if not match or share_too_large or (not match["start"] and 0.0 in numbers):
            raise ValueError(
                f"unfreeze '{self.unfreeze}'; expected none, all, a share such as '60%', 'last:30', 'blocks:2' or "
                "'from:249'"
            )
        if self.epochs < 1 or self.learning_rate <= 0:
            raise ValueError("epochs and learning_rate must be above 0")
        if self.momentum and self.optimizer not in ("sgd", "rmsprop"):
            raise ValueError(f"{self.optimizer} has no momentum to set; take it out, or use sgd or rmsprop")
        if not 0.0 <= self.momentum < 1.0:
            raise ValueError(f"momentum {self.momentum}; expected 0 to less than 1")
        if self.weight_decay and self.optimizer != "adamw":
            raise ValueError(f"{self.optimizer} has no weight_decay; take it out, or use adamw")
        if self.weight_decay < 0.0 or self.layer_decay < 0.0:
            raise ValueError("weight_decay and layer_decay must be 0 or more")
        if self.weight_decay and self.layer_decay:
            raise ValueError("weight_decay would not follow layer_decay from layer to layer; choose one")
        if self.layer_decay and self.unfreeze == "none":
            raise ValueError("layer_decay with unfreeze = 'none': no layer of the backbone trains; choose one")
        if self.schedule.warmup_epochs >= self.epochs:
            raise ValueError(f"warmup_epochs {self.schedule.warmup_epochs} of {self.epochs}; expected fewer")


@dataclass(frozen=True)
class Loss:
    kind: Literal["categorical_crossentropy", "binary_crossentropy", "focal"] = "categorical_crossentropy"
    label_smoothing: float = 0.0
    gamma: float | None = None
    """Of the focal loss: how much less an image counts that is told well  [default: 2]."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.label_smoothing < 1.0:
            raise ValueError(f"label_smoothing {self.label_smoothing}; expected 0 to less than 1")
        if self.gamma is not None and (self.kind != "focal" or self.gamma <= 0):
            raise ValueError("gamma is the focal loss's and above 0; take it out, or use kind = 'focal'")


@dataclass(frozen=True)
class Augment:
    flip: Literal["none", "horizontal", "vertical", "both"] = "none"
    rotation_degrees: float = 0.0
    zoom: float = 0.0
    shift: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    noise: float = 0.0
    """Standard deviation of Gaussian noise, as a share of white."""
    erase: float = 0.0
    """The chance that a rectangle of an image is painted grey."""

    def __post_init__(self) -> None:
        shares = {name: value for name, value in to_dict(self).items() if name not in ("flip", "rotation_degrees")}
        for name, value in shares.items():
            if not 0.0 <= value < 1.0:
                raise ValueError(f"{name} {value}; expected 0 to less than 1")
        if not 0.0 <= self.rotation_degrees <= 180.0:
            raise ValueError(f"rotation_degrees {self.rotation_degrees}; expected 0 to 180")


@dataclass(frozen=True)
class Balance:
    oversample: bool = False
    """The smaller class drawn again, each copy newly augmented, until it is as frequent as the larger one."""
    class_weights: bool = False

    def __post_init__(self) -> None:
        if self.oversample and self.class_weights:
            raise ValueError("oversample and class_weights would balance twice; choose one")

"""How a model is quantised, declared: convert/presets/NAME.toml to a frozen QuantPreset."""

from dataclasses import dataclass
from typing import Literal

from tflite_mammo.declared import find
from tflite_mammo.evaluation.drift import Budget
from tflite_mammo.schema import read_toml


@dataclass(frozen=True)
class QuantPreset:
    name: str
    weights: Literal["float32", "float16", "int8"]
    activations: Literal["float32", "int8"]
    budget: Budget
    keep_float: tuple[str, ...] = ()
    """TF Lite operators that stay in float, such as SOFTMAX."""
    calibration_images: int = 0

    def __post_init__(self) -> None:
        if self.activations == "int8" and self.weights != "int8":
            raise ValueError("int8 activations need int8 weights")
        if (self.activations == "int8") != (self.calibration_images > 0):
            raise ValueError("calibration_images must be above 0 for int8 activations, and 0 otherwise")


def read_preset(name: str) -> QuantPreset:
    path = find("presets", name)
    return read_toml(QuantPreset, path, name=path.stem)

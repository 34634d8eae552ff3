"""How a model is quantised, declared: convert/presets/NAME.toml to a frozen QuantPreset."""

from dataclasses import dataclass
from typing import Literal

from tflite_mammo.declared import find
from tflite_mammo.evaluation.budget import Budget
from tflite_mammo.schema import read_toml, toml_of


@dataclass(frozen=True)
class QuantPreset:
    name: str
    weights: Literal["float32", "float16", "int8"]
    activations: Literal["float32", "int8"]
    budget: Budget
    keep_float: tuple[str, ...] = ()
    """TF Lite operators that stay in float, such as SOFTMAX."""
    calibration_images: int = 0
    engine: Literal["litert-quantizer", "tensorflow"] = "litert-quantizer"
    """What quantises: the first starts from the float32 file, the second from the network itself."""
    scores: Literal["float32", "uint8"] = "float32"
    """What the file answers in; uint8 knows 256 scores and is for hardware without floats."""

    @property
    def is_calibrated(self) -> bool:
        """Whether it looks at images: how far activations reach, or what rounded weights meet."""
        return self.activations == "int8" or self.weights == "float16"

    @property
    def can_be_searched(self) -> bool:
        """Whether --fallback knows what to do with it."""
        return self.activations == "int8" and self.engine == "litert-quantizer"

    def __post_init__(self) -> None:
        if self.activations == "int8" and self.weights != "int8":
            raise ValueError("int8 activations need int8 weights")
        if self.keep_float and self.weights != "int8":
            raise ValueError(f"keep_float has nothing to keep where weights are {self.weights}; take it out")
        if self.name == "float32" and self.weights != self.name:
            raise ValueError("a preset of this name is what every other is compared with; give the file another name")
        if self.is_calibrated != (self.calibration_images > 0):
            raise ValueError("calibration_images must be above 0 for int8 activations and float16, and 0 otherwise")
        if self.engine == "tensorflow" and (self.activations != "int8" or set(self.keep_float) - {"SOFTMAX"}):
            raise ValueError("engine 'tensorflow' is for int8 activations, and keeps nothing in float but SOFTMAX")
        if self.scores == "uint8" and (self.engine != "tensorflow" or self.keep_float):
            raise ValueError("scores in uint8 need engine = 'tensorflow' and nothing in keep_float")


def read_preset(name: str) -> QuantPreset:
    path = find("presets", name)
    return read_toml(QuantPreset, path, name=path.stem)


def read_budget(name: str) -> Budget:
    """That of a preset, or what a file of its own allows: the three keys of `[budget]`, without the header."""
    path = find("presets", name)
    return read_preset(name).budget if "budget" in toml_of(path) else read_toml(Budget, path)

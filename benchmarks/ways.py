"""The ways of converting that are measured: each from a Trial to the file, and to the ladder where one was climbed."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from clipping import CLIPPED, Clipped
from trial import Trial

from tflite_mammo.conversion.engines import quantise_exported
from tflite_mammo.conversion.ladder import Ladder
from tflite_mammo.conversion.preset import QuantPreset, read_preset
from tflite_mammo.evaluation.budget import Budget

Way = Callable[[Trial], tuple[bytes, Ladder | None]]
REFERENCE, PLAIN = "float32", "int8"
INT8 = read_preset(PLAIN)
IN_TENSORFLOW = replace(INT8, name="int8 by TFLiteConverter", engine="tensorflow", keep_float=())
"""As TensorFlow's converter makes it by itself, its softmax in int8; the same calibration images."""


def _quantised(preset: QuantPreset, trial: Trial, *, searched: bool = False) -> tuple[bytes, Ladder | None]:
    images = trial.calibration(preset.calibration_images)
    return quantise_exported(trial.exported, preset, images, trial.validation if searched else None)


def _clipped(way: Clipped, trial: Trial) -> tuple[bytes, None]:
    return way(trial, INT8), None


AS_PRESET = {name: read_preset(name) for name in (REFERENCE, "float16", "dynamic", PLAIN)}
WAYS: dict[str, Way] = {
    **{name: partial(_quantised, AS_PRESET[name]) for name in (REFERENCE, "float16", "dynamic")},
    IN_TENSORFLOW.name: partial(_quantised, IN_TENSORFLOW),
    PLAIN: partial(_quantised, INT8),
    "int8, searched": partial(_quantised, INT8, searched=True),
}
RANGES: dict[str, Way] = {f"int8, {name}": partial(_clipped, way) for name, way in CLIPPED.items()}


def budget_of(way: str) -> Budget:
    return AS_PRESET.get(way, INT8).budget

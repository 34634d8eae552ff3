"""An exported network and a preset to the finished .tflite, by the engine that the preset names."""

from collections.abc import Sequence
from dataclasses import dataclass

from tflite_mammo.console import Advance, no_progress
from tflite_mammo.conversion.export import Exported
from tflite_mammo.conversion.in_tensorflow import quantise_in_tensorflow
from tflite_mammo.conversion.ladder import Ladder
from tflite_mammo.conversion.preset import QuantPreset
from tflite_mammo.conversion.quantise import quantise
from tflite_mammo.conversion.search import search
from tflite_mammo.errors import MammoError
from tflite_mammo.preprocess import Bytes


@dataclass(frozen=True, eq=False)
class Validation:
    """What a search for more precision looks at: other patients than those it is judged on."""

    tensors: Sequence[Bytes]
    threshold: float


def quantise_exported(
    exported: Exported,
    preset: QuantPreset,
    calibration: Sequence[Bytes],
    validation: Validation | None = None,
    advance: Advance = no_progress,
) -> tuple[bytes, Ladder | None]:
    """`calibration` are prepared tensors of training patients; `float32` and `dynamic` leave them alone.

    validation: search for more precision where the preset as it is would flip too many of its labels.
    """
    if preset.is_calibrated and not calibration:
        raise MammoError(f"no calibration images: {preset.name} needs the training part that the run was trained on")
    if preset.engine == "tensorflow":
        return quantise_in_tensorflow(exported, preset, calibration), None
    if preset.can_be_searched and validation:
        return search(exported.float32, preset, calibration, validation.tensors, validation.threshold, advance)
    return quantise(exported.float32, preset, calibration), None

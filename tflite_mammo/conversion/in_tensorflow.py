"""An exported network and a preset to the integer .tflite, by TensorFlow's own quantiser."""

import warnings
from collections.abc import Sequence

from tflite_mammo.conversion.device import with_scores
from tflite_mammo.conversion.ends import finish_ends
from tflite_mammo.conversion.export import Exported, export_integers
from tflite_mammo.conversion.preset import QuantPreset
from tflite_mammo.errors import MammoError
from tflite_mammo.preprocess import Bytes


def quantise_in_tensorflow(exported: Exported, preset: QuantPreset, calibration: Sequence[Bytes]) -> bytes:
    # Logits where the softmax is to stay in float: finish_ends puts it behind them.
    network = exported.network if "SOFTMAX" in preset.keep_float else with_scores(exported.network, "float32")
    tensors = [*calibration, _of_every_brightness(calibration[0])]
    with warnings.catch_warnings():
        # It means flags of TensorFlow 1, in whose place the tensors stand.
        warnings.filterwarnings("ignore", "Statistics for quantized inputs", UserWarning)
        try:
            integers = export_integers(network, tensors, floats_out=preset.scores == "float32")
        except MammoError as error:
            raise MammoError(f"preset {preset.name}: {error}; take another preset, such as float16") from error
    return finish_ends(integers)


def _of_every_brightness(tensor: Bytes) -> Bytes:
    """With a black and a white pixel: a pixel may take any value, whatever the calibration images held."""
    stretched = tensor.copy()
    stretched[0, 0], stretched[-1, -1] = 0, 255
    return stretched

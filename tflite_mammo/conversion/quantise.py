"""float32 .tflite and QuantPreset to the quantised .tflite, by litert-quantizer; no TensorFlow is needed."""

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from tflite_mammo.conversion.ends import finish_ends, pixel_tensors
from tflite_mammo.conversion.preset import QuantPreset
from tflite_mammo.errors import MammoError, first_line
from tflite_mammo.preprocess import Bytes
from tflite_mammo.quiet import quiet

ENDS = ("INPUT", "OUTPUT")
"""Kept as exported: uint8 pixels and float32 scores, whatever the body is made of."""
THREADS = 2


def quantise(float32: bytes, preset: QuantPreset, calibration: Iterable[Bytes]) -> bytes:
    """`calibration` are prepared tensors of training patients; presets without int8 activations leave them alone."""
    if preset.weights == "float32":
        return finish_ends(float32)
    from litert_quantizer import Quantizer

    plan = _plan(preset)
    with quiet(), warnings.catch_warnings():
        # Keeping every tensor is how it calibrates; that warning is for those who do so by accident.
        warnings.filterwarnings("ignore", ".*experimental_preserve_all_tensors", UserWarning)
        # A channel whose weights are all but zero has a bias that 32 bits cannot hold; measured to move no score.
        warnings.filterwarnings("ignore", "invalid value encountered in cast", RuntimeWarning)
        ranges = _ranges(float32, plan, calibration) if preset.activations == "int8" else None
        quantizer = Quantizer(float32, plan.get_quantization_recipe())
        try:
            result = quantizer.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
        except ValueError as error:
            raise MammoError(
                f"preset {preset.name}: litert-quantizer cannot quantise this network ({first_line(error)}); "
                "convert it with another preset, such as float16"
            ) from error
    return finish_ends(bytes(result.quantized_model))


def _plan(preset: QuantPreset) -> Any:
    from litert_quantizer.algorithm_manager import AlgorithmName
    from litert_quantizer.qtyping import TFLOperationName
    from litert_quantizer.recipe_manager import RecipeManager

    plan = RecipeManager()
    everything = {"regex": ".*", "operation_name": TFLOperationName.ALL_SUPPORTED}
    if preset.activations == "int8":
        plan.add_static_config(**everything, activation_num_bits=8, weight_num_bits=8)
    elif preset.weights == "int8":
        plan.add_dynamic_config(**everything, num_bits=8)
    else:
        for op in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            half = {"num_bits": 16, "algorithm_key": AlgorithmName.FLOAT_CASTING}
            plan.add_weight_only_config(".*", TFLOperationName(op), **half)
        return plan
    for op in (*ENDS, *preset.keep_float):
        try:
            operation = TFLOperationName(op)
        except ValueError:
            raise MammoError(f"preset {preset.name}: keep_float names '{op}', which is no TF Lite operator") from None
        plan.add_quantization_config(".*", operation, algorithm_key=AlgorithmName.NO_QUANTIZE)
    return plan


def _ranges(float32: bytes, plan: Any, calibration: Iterable[Bytes]) -> Any:
    images = list(calibration)
    if not images:
        raise MammoError("no calibration images: int8 needs the training part that the run was trained on")
    # A pixel may take any value, whatever the calibration images held: before the first weights, black and white rule.
    ranges = _found(float32, plan, images)
    extremes = _found(float32, plan, [np.zeros_like(images[0]), np.full_like(images[0], 255)])
    return {**ranges, **{name: extremes[name] for name in pixel_tensors(float32) if name in extremes}}


def _found(float32: bytes, plan: Any, tensors: list[Bytes]) -> Any:
    """The lowest and highest value that each tensor of the network took over all images.

    Quantizer.calibrate would keep moving averages instead, and what lies beyond an average is clipped;
    benchmarks/ranges.py compares the two, convert/README.md has the figures.
    """
    from litert_quantizer.calibrator import Calibrator
    from litert_quantizer.utils.qsv_utils import min_max_update

    calibrator = Calibrator(float32, num_threads=THREADS, qsv_update_func=min_max_update)
    calibrator.calibrate({"serving_default": [{"pixels": tensor[np.newaxis]} for tensor in tensors]}, plan)
    return calibrator.get_model_qsvs()

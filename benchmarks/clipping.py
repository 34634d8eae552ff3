"""What int8's steps may span instead of all values from the lowest to the highest: each from a Trial to a file.

Ranges of activations by litert-quantizer's moving averages or by the percentiles of all values; weights cut by its
MSE and OCTAV. Before the first weights black and white rule in each, as in ours, so that it is the ways that differ.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest import mock

import numpy as np
from trial import Trial

from tflite_mammo.conversion import quantise
from tflite_mammo.conversion.answers import opened
from tflite_mammo.conversion.graph import WEIGHTED, FloatGraph
from tflite_mammo.conversion.preset import QuantPreset
from tflite_mammo.conversion.statistics import Seen, Statistics, before_weights, observe
from tflite_mammo.preprocess import Bytes

Clipped = Callable[[Trial, QuantPreset], bytes]
BINS = 4096
"""Between a tensor's lowest and highest value; how finely a percentile is told."""


def averaged(trial: Trial, preset: QuantPreset) -> bytes:
    """As litert-quantizer's own `calibrate` does it: an average over the images in which the last ones weigh most."""
    from litert_quantizer.calibrator import Calibrator
    from litert_quantizer.recipe_manager import RecipeManager

    float32, images = trial.exported.float32, trial.calibration(preset.calibration_images)
    plan = RecipeManager()
    plan.add_static_config(".*", _operator("ALL_SUPPORTED"), activation_num_bits=8, weight_num_bits=8)
    with quantise.silenced():
        calibrator = Calibrator(float32, num_threads=2)
        calibrator.calibrate({"serving_default": [{"pixels": image[np.newaxis]} for image in images]}, plan)
    found = calibrator.get_model_qsvs()

    def of(graph: FloatGraph, tensor: int, seen: Seen) -> Seen:
        told = found[graph.name(tensor)]
        return Seen(np.ravel(told["min"]), np.ravel(told["max"]))

    return _narrowed(float32, preset, images, of)


def percentiles(share: float) -> Clipped:
    """Of all values of a tensor over all images this share lies inside, as much of the rest below as above."""

    def made(trial: Trial, preset: QuantPreset) -> bytes:
        float32, images = trial.exported.float32, trial.calibration(preset.calibration_images)
        with quantise.silenced():
            counts = _counts(float32, images, observe(float32, images))

        def of(graph: FloatGraph, tensor: int, seen: Seen) -> Seen:
            low, high = seen.low.min(), seen.high.max()
            below = np.cumsum(counts[tensor]) / counts[tensor].sum()
            first, last = np.searchsorted(below, [(1 - share) / 2, (1 + share) / 2])
            step = (high - low) / BINS
            return Seen(np.array([low + first * step]), np.array([low + (last + 1) * step]))

        return _narrowed(float32, preset, images, of)

    return made


def weights_cut_by(algorithm: str) -> Clipped:
    """litert-quantizer's MSE or OCTAV, which look at the weights alone."""
    own = quantise._plan

    def plan(preset: QuantPreset) -> Any:
        from litert_quantizer.algorithm_manager import AlgorithmName

        planned = own(preset)
        for kind in WEIGHTED:
            planned.add_static_config(".*", _operator(kind), 8, 8, algorithm_key=AlgorithmName[algorithm])
        return planned

    def made(trial: Trial, preset: QuantPreset) -> bytes:
        with mock.patch.object(quantise, "_plan", plan):
            return quantise.quantise(trial.exported.float32, preset, trial.calibration(preset.calibration_images))

    return made


CLIPPED: dict[str, Clipped] = {
    "moving averages": averaged,
    "99.99 % of the values": percentiles(0.9999),
    "99.9 % of the values": percentiles(0.999),
    "weights cut by MSE": weights_cut_by("MSE"),
    "weights cut by OCTAV": weights_cut_by("OCTAV"),
}


def _narrowed(
    float32: bytes, preset: QuantPreset, images: Sequence[Bytes], of: Callable[[FloatGraph, int, Seen], Seen]
) -> bytes:
    with quantise.silenced():
        graph, statistics = FloatGraph(float32), observe(float32, images)
        kept = {op.output for op in before_weights(graph)}
        seen = {tensor: seen if tensor in kept else of(graph, tensor, seen) for tensor, seen in statistics.seen.items()}
        return quantise.quantise_with(float32, preset, Statistics(seen))


def _counts(float32: bytes, images: Sequence[Bytes], statistics: Statistics) -> dict[int, Any]:
    counts = {tensor: np.zeros(BINS, np.int64) for tensor in statistics.seen}
    for tensor, values in _values(float32, images):
        seen = statistics.seen[tensor]
        counts[tensor] += np.histogram(values, BINS, (seen.low.min(), seen.high.max()))[0]
    return counts


def _values(float32: bytes, images: Sequence[Bytes]) -> Iterator[tuple[int, Any]]:
    graph, interpreter = FloatGraph(float32), opened(float32, keep_all=True)
    (pixels,) = interpreter.get_input_details()
    for image in images:
        interpreter.set_tensor(pixels["index"], image[np.newaxis])
        interpreter.invoke()
        yield from ((op.output, interpreter.get_tensor(op.output)) for op in graph.ops)


def _operator(kind: str) -> Any:
    from litert_quantizer.qtyping import TFLOperationName

    return TFLOperationName[kind]

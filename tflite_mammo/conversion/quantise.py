"""float32 .tflite and QuantPreset to the quantised .tflite, by litert-quantizer; no TensorFlow is needed."""

import re
import warnings
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from tflite_mammo.conversion.ends import finish_ends
from tflite_mammo.conversion.graph import WEIGHTED, FloatGraph
from tflite_mammo.conversion.origin import origin_of
from tflite_mammo.conversion.preset import QuantPreset
from tflite_mammo.conversion.rounding import round_weights
from tflite_mammo.conversion.statistics import Statistics, observe
from tflite_mammo.errors import MammoError, first_line
from tflite_mammo.preprocess import Bytes
from tflite_mammo.quiet import quiet

ENDS = ("INPUT", "OUTPUT")
"""Kept as exported: uint8 pixels and float32 scores, whatever the body is made of."""


def quantise(float32: bytes, preset: QuantPreset, calibration: Iterable[Bytes]) -> bytes:
    """`calibration` are prepared tensors of training patients; `dynamic` leaves them alone."""
    if preset.weights == "float32":
        return finish_ends(float32)
    with silenced():
        if preset.activations == "int8":
            return quantise_with(float32, preset, observe(float32, calibration))
        if preset.weights == "float16":
            graph = FloatGraph(float32)
            round_weights(graph, observe(float32, calibration, moments=True), half=True)
            float32 = graph.flatbuffer()
        return quantise_with(float32, preset, None)


def quantise_with(
    float32: bytes, preset: QuantPreset, statistics: Statistics | None, in_float: Collection[int] = ()
) -> bytes:
    """in_float: tensors that are not told in steps; what makes them and what reads them computes in float."""
    from litert_quantizer import Quantizer

    graph, plan = FloatGraph(float32), _plan(preset)
    if statistics is not None:
        _exempt(plan, graph, _head(graph) | graph.around(in_float))
    quantizer = Quantizer(float32, plan.get_quantization_recipe())
    ranges = statistics.ranges(graph) if statistics is not None else None
    try:
        with _kernels_of_any_size():
            result = quantizer.quantize(ranges, enable_progress_bar=False, enable_progress_report=False)
    except ValueError as error:
        raise MammoError(
            f"preset {preset.name}: litert-quantizer cannot quantise {_blamed(float32, first_line(error))}; "
            "convert it with engine = 'tensorflow' in the preset, or with another such as float16"
        ) from error
    return finish_ends(bytes(result.quantized_model))


@contextmanager
def silenced() -> Iterator[None]:
    """What the runtime and the quantiser say of what is meant."""
    with quiet(), warnings.catch_warnings():
        # Keeping every tensor is how it calibrates; that warning is for those who do so by accident.
        warnings.filterwarnings("ignore", ".*experimental_preserve_all_tensors", UserWarning)
        # A channel whose weights are all but zero has a bias that 32 bits cannot hold; measured to move no score.
        warnings.filterwarnings("ignore", "invalid value encountered in cast", RuntimeWarning)
        yield


@contextmanager
def _kernels_of_any_size() -> Iterator[None]:
    """litert-quantizer 0.11 takes matrices of more than 32 MiB piece by piece, and fails on kernels (its issue 512).

    So kernels are shown to it as matrices, a channel a row. Wide ResNet50 has such kernels.
    """
    from litert_quantizer.algorithms.uniform_quantize import uniform_quantize_tensor as theirs

    original = theirs.uniform_quantize

    def as_matrix(values: Any, steps: Any, *rest: Any) -> Any:
        if values.ndim < 3 or steps.quantized_dimension != 0:
            return original(values, steps, *rest)
        by_row = {name: getattr(steps, name).reshape(-1, 1) for name in ("scale", "zero_point")}
        return original(values.reshape(len(values), -1), replace(steps, **by_row), *rest).reshape(values.shape)

    theirs.uniform_quantize = as_matrix
    try:
        yield
    finally:
        theirs.uniform_quantize = original


def _head(graph: FloatGraph) -> set[int]:
    """Places that cost next to nothing in float: the logits, and what stands before them up to the next weights.

    The logits above all: int8 ones would be even steps, and so would the scores.
    """
    head = range(graph.head(), len(graph.ops))
    return {place for place in head if graph.ops[place].kind not in WEIGHTED} | {graph.last_dense()}


def _exempt(plan: Any, graph: FloatGraph, places: Iterable[int]) -> None:
    from litert_quantizer.algorithm_manager import AlgorithmName
    from litert_quantizer.qtyping import TFLOperationName

    for place in sorted(places):
        op = graph.ops[place]
        if op.kind in TFLOperationName.__members__:
            scope = f"^{re.escape(graph.name(op.output))}(;|$)"
            plan.add_quantization_config(scope, TFLOperationName(op.kind), algorithm_key=AlgorithmName.NO_QUANTIZE)


def _blamed(float32: bytes, words: str) -> str:
    """The operator and the layer at fault, where the quantiser's words name a tensor."""
    named = re.search(r"for tensor: (.+?)\. Error: (.+)", words)
    return f"{origin_of(float32, named[1])} ({named[2]})" if named else f"this network ({words})"


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
        for op in WEIGHTED:
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

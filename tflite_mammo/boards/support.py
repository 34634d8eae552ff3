"""What the Edge TPU takes: a Node to the reason why the compiler would leave it to the CPU, or none.

Sources, looked up in November 2026:
- Operators and their limits: "TensorFlow models on the Edge TPU", coral.ai/docs/edgetpu/models-intro, sections "Model
  requirements" and "Supported operations" (runtime 14, compiler 16).
- Versions: compiler 16.0.384591198 was built in July 2021. NEWEST holds what TensorFlow 2.6 of that summer knew, by its
  tensorflow/lite/tools/versioning/runtime_version.cc. Reports of refused files agree with it: CONV_2D 6
  (google-coral/edgetpu 631), TRANSPOSE_CONV 4 (845), QUANTIZE 3 (879), EXP 2 (google-coral/libedgetpu 71).
"""

from collections.abc import Callable, Mapping

from tflite_mammo.boards.graph import Node, Tensor
from tflite_mammo.boards.work import INTEGERS

NEWEST: Mapping[str, int] = {
    "ADD": 4, "AVERAGE_POOL_2D": 3, "CONCATENATION": 3, "CONV_2D": 5, "DEPTHWISE_CONV_2D": 6, "EXPAND_DIMS": 1,
    "FULLY_CONNECTED": 9, "L2_NORMALIZATION": 2, "LOGISTIC": 3, "MAXIMUM": 4, "MAX_POOL_2D": 3, "MEAN": 3, "MINIMUM": 4,
    "MUL": 5, "PACK": 3, "PAD": 4, "PRELU": 1, "QUANTIZE": 2, "REDUCE_MAX": 3, "REDUCE_MIN": 3, "RELU": 3, "RELU6": 3,
    "RELU_N1_TO_1": 1, "RESHAPE": 1, "RESIZE_BILINEAR": 4, "RESIZE_NEAREST_NEIGHBOR": 4, "RSQRT": 2, "SLICE": 5,
    "SOFTMAX": 3, "SPACE_TO_DEPTH": 2, "SPLIT": 4, "SQUARED_DIFFERENCE": 2, "SQUEEZE": 2, "STRIDED_SLICE": 6, "SUB": 5,
    "SUM": 2, "TANH": 3, "TRANSPOSE": 5, "TRANSPOSE_CONV": 3, "UNIDIRECTIONAL_SEQUENCE_LSTM": 3,
}  # fmt: skip
"""Every operator that the Edge TPU takes, with the newest version of it that the compiler reads."""
NEWEST_ELSEWHERE: Mapping[str, int] = {
    "ABS": 4, "ARG_MAX": 2, "ARG_MIN": 2, "BATCH_MATMUL": 4, "CAST": 1, "DEQUANTIZE": 4, "DIV": 2, "EXP": 1,
    "GATHER": 5, "HARD_SWISH": 1, "LEAKY_RELU": 2, "SHAPE": 1, "TILE": 2, "UNPACK": 4,
}  # fmt: skip
"""The same for operators that it reads and leaves to the CPU."""
TOO_NEW = ("GELU", "DYNAMIC_UPDATE_SLICE", "RELU_0_TO_1", "ATAN2", "SIGN", "BITCAST", "BITWISE_XOR", "RIGHT_SHIFT",
           "DILATE", "REDUCE_WINDOW")  # fmt: skip
"""Operators that came to TF Lite after the compiler; those that begin with STABLEHLO_ as well."""
MOST_SOFTMAX = 16_000
UNSURE = {
    "RESIZE_BILINEAR": "may be left to the CPU, depending on its size and version",
    "RESIZE_NEAREST_NEIGHBOR": "may be left to the CPU, depending on its size and version",
    "RESHAPE": "large ones may be left to the CPU",
}

Limit = Callable[[Node, tuple[Tensor, ...]], str]


def unread_by_the_compiler(node: Node) -> str:
    """One operator that it does not know, and the compiler reads no line of the file."""
    if node.kind in TOO_NEW or node.kind.startswith(("STABLEHLO_", "OPERATOR_")):
        return "came to TF Lite after the compiler"
    newest = {**NEWEST, **NEWEST_ELSEWHERE}.get(node.kind)
    if newest is None or node.version <= newest:
        return ""
    return f"version {node.version}, the compiler reads up to {newest}"


def left_to_the_cpu(node: Node, computed: tuple[Tensor, ...]) -> str:
    """Why, in a few words; "" where the Edge TPU takes it. `computed` are those inputs that depend on the pixels."""
    touched = (*computed, *node.outputs)
    if any(tensor.is_float for tensor in touched):
        return "computes in float"
    if node.kind not in NEWEST:
        return "not among the supported operations"
    if any(tensor.dtype not in INTEGERS for tensor in touched):
        return "works on " + ", ".join(sorted({tensor.dtype for tensor in touched} - set(INTEGERS)))
    if any(tensor.dynamic for tensor in touched):
        return "a shape that is only known at run time"
    if any(max(tensor.shape[:-3], default=1) > 1 for tensor in touched):
        return "a batch above 1, or more than three dimensions above 1"
    return LIMITS[node.kind](node, computed) if node.kind in LIMITS else ""


def _constant(node: Node, computed: tuple[Tensor, ...]) -> str:
    return "" if len(computed) == 1 else "weights or bias that are not constant"


def _convolution(node: Node, computed: tuple[Tensor, ...]) -> str:
    if node.options.get("DilationHFactor", 1) != node.options.get("DilationWFactor", 1):
        return "another dilation in x than in y"
    return _constant(node, computed)


def _fully_connected(node: Node, computed: tuple[Tensor, ...]) -> str:
    if node.options.get("WeightsFormat", 0):
        return "weights in another format than the default"
    if sum(size > 1 for size in node.outputs[0].shape) > 1:
        return "an output of more than one dimension"
    return _constant(node, computed)


def _unfused(node: Node, computed: tuple[Tensor, ...]) -> str:
    return "a fused activation" if node.options.get("FusedActivationFunction", 0) else ""


def _concatenation(node: Node, computed: tuple[Tensor, ...]) -> str:
    if len(computed) < len(node.given) and len(node.given) > 2:
        return "a constant among more than two inputs"
    return _unfused(node, computed)


def _outside_batch(node: Node, computed: tuple[Tensor, ...]) -> str:
    rank = len(node.given[0].shape)
    return "reduces over the batch" if rank > 1 and 0 in _axes(node, rank) else ""


def _mean(node: Node, computed: tuple[Tensor, ...]) -> str:
    shape = node.given[0].shape
    if len(shape) - 1 in _axes(node, len(shape)) and shape[-1] % 4:
        return "reduces channels that are no multiple of 4"
    return _outside_batch(node, computed)


def _axes(node: Node, rank: int) -> set[int]:
    return {axis % rank for axis in node.given[1].values}


def _pad(node: Node, computed: tuple[Tensor, ...]) -> str:
    paddings = node.given[1].values
    return "pads the batch" if len(node.given[0].shape) == 4 and any(paddings[:2]) else ""


def _pack(node: Node, computed: tuple[Tensor, ...]) -> str:
    return "packs the batch" if node.options.get("Axis", 0) == 0 else ""


def _split(node: Node, computed: tuple[Tensor, ...]) -> str:
    return "splits the batch" if 0 in node.given[0].values else ""


def _softmax(node: Node, computed: tuple[Tensor, ...]) -> str:
    shape = node.outputs[0].shape
    if sum(size > 1 for size in shape) > 1:
        return "a softmax over more than one dimension"
    return f"more than {MOST_SOFTMAX:,} elements" if node.outputs[0].elements > MOST_SOFTMAX else ""


def _strided_slice(node: Node, computed: tuple[Tensor, ...]) -> str:
    if node.options.get("EllipsisMask", 0) or node.options.get("NewAxisMask", 0):
        return "an ellipsis or a new axis"
    return "" if set(node.given[3].values) == {1} else "strides other than 1"


def _prelu(node: Node, computed: tuple[Tensor, ...]) -> str:
    return "an alpha of more than one dimension" if any(size > 1 for size in node.given[1].shape[:-1]) else ""


LIMITS: Mapping[str, Limit] = {
    "AVERAGE_POOL_2D": _unfused,
    "MAX_POOL_2D": _unfused,
    "CONCATENATION": _concatenation,
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "TRANSPOSE_CONV": _constant,
    "FULLY_CONNECTED": _fully_connected,
    "MEAN": _mean,
    "SUM": _outside_batch,
    "REDUCE_MAX": _outside_batch,
    "REDUCE_MIN": _outside_batch,
    "PACK": _pack,
    "PAD": _pad,
    "PRELU": _prelu,
    "SOFTMAX": _softmax,
    "SPLIT": _split,
    "STRIDED_SLICE": _strided_slice,
}

"""A Node to the work in it: multiply-accumulates, and the kind of arithmetic that they are done in."""

import math
from collections.abc import Callable, Mapping
from typing import Literal

from tflite_mammo.boards.graph import Node, Tensor

Arithmetic = Literal["int8", "int16", "float", "dynamic", "conversion", "constant", "other"]
"""dynamic: int8 weights, activations in float to be quantised while it runs. constant: done once, at loading.
other: whole numbers that are no pixels, such as shapes."""
INTEGERS = ("INT8", "UINT8")
NARROW = (*INTEGERS, "INT4", "INT2")


def _convolution(node: Node) -> int:
    # The filter's last dimension is the input channels of one group, which is all that one output value sees.
    return node.outputs[0].elements * math.prod(_weights(node).shape[1:])


def _depthwise(node: Node) -> int:
    return node.outputs[0].elements * math.prod(_weights(node).shape[1:3])


def _fully_connected(node: Node) -> int:
    return node.outputs[0].elements * _weights(node).shape[-1]


def _transposed(node: Node) -> int:
    filters = _weights(node).shape  # output channels, height, width, input channels
    return node.given[2].elements * math.prod(filters[:3])


def _matrices(node: Node) -> int:
    rows_last = node.options.get("AdjX", 0)
    return node.outputs[0].elements * node.given[0].shape[-2 if rows_last else -1]


MULTIPLYING: Mapping[str, Callable[[Node], int]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _fully_connected,
    "TRANSPOSE_CONV": _transposed,
    "BATCH_MATMUL": _matrices,
}


def macs_of(node: Node) -> int:
    return MULTIPLYING[node.kind](node) if node.kind in MULTIPLYING else 0


def arithmetic_of(node: Node, computed: tuple[Tensor, ...]) -> Arithmetic:
    """`computed` are those inputs that depend on the pixels."""
    if not computed:
        return "constant"
    types = {tensor.dtype for tensor in (computed[0], *node.outputs)}
    if node.kind in ("QUANTIZE", "DEQUANTIZE", "CAST"):
        return "conversion"
    if any("FLOAT" in dtype for dtype in types):
        stored = [tensor for tensor in node.given if tensor not in computed]
        narrow = node.kind in MULTIPLYING and any(tensor.dtype in NARROW for tensor in stored)
        return "dynamic" if narrow else "float"
    if "INT16" in types:
        return "int16"
    return "int8" if types <= set(INTEGERS) else "other"


def weights_of(node: Node) -> tuple[Tensor, ...]:
    """Inputs that may hold weights; axes, sizes and paddings are settings, though they lie beside them."""
    if node.kind in MULTIPLYING:
        return node.given[1:]
    return tuple(tensor for tensor in node.given if tensor.dtype not in ("INT32", "INT64"))


def _weights(node: Node) -> Tensor:
    return node.given[1]

from collections.abc import Callable
from typing import Any

import pytest

from tflite_mammo.boards.anatomy import Anatomy
from tflite_mammo.boards.graph import Graph
from tflite_mammo.boards.work import macs_of

IMAGE = ("INT8", (1, 8, 8, 6))


@pytest.mark.parametrize(
    ("kind", "tensors", "inputs", "macs"),
    [
        ("CONV_2D", [IMAGE, ("INT8", (10, 3, 3, 6), 540), ("INT8", (1, 4, 4, 10))], (0, 1), 160 * 54),
        ("CONV_2D", [IMAGE, ("INT8", (10, 3, 3, 3), 270), ("INT8", (1, 4, 4, 10))], (0, 1), 160 * 27),
        ("DEPTHWISE_CONV_2D", [IMAGE, ("INT8", (1, 5, 3, 12), 180), ("INT8", (1, 4, 4, 12))], (0, 1), 192 * 15),
        ("FULLY_CONNECTED", [("INT8", (1, 20)), ("INT8", (3, 20), 60), ("INT8", (1, 3))], (0, 1), 60),
        ("TRANSPOSE_CONV", [IMAGE, ("INT8", (4, 2, 2, 6), 96), ("INT8", (1, 16, 16, 4)), ("INT32", (4,), 16)],
         (3, 1, 0), 384 * 16),
        ("ADD", [IMAGE, ("INT8", (6,), 6), IMAGE], (0, 1), 0),
    ],
)  # fmt: skip
def test_multiply_accumulates_are_those_counted_by_hand(
    draw: Callable[..., Graph], kind: str, tensors: list[Any], inputs: tuple[int, ...], macs: int
) -> None:
    """The second convolution is grouped: its filter sees half of the input's channels."""
    assert macs_of(draw(tensors, [(kind, inputs, (2,))]).nodes[0]) == macs


@pytest.mark.parametrize(("turned", "inner"), [(0, 7), (1, 5)])
def test_a_product_of_matrices_counts_along_the_side_that_is_summed(
    draw: Callable[..., Graph], turned: int, inner: int
) -> None:
    tensors = [("INT8", (2, 5, 7)), ("INT8", (2, inner, 3)), ("INT8", (2, 5 if inner == 7 else 7, 3))]
    graph = draw(tensors, [("BATCH_MATMUL", (0, 1), (2,))], BATCH_MATMUL={"AdjX": turned})
    assert macs_of(graph.nodes[0]) == graph.outputs[0].elements * inner


@pytest.mark.parametrize(
    ("inside", "weights", "outside", "arithmetic"),
    [
        ("INT8", "INT8", "INT8", "int8"),
        ("INT16", "INT8", "INT16", "int16"),
        ("FLOAT32", "FLOAT32", "FLOAT32", "float"),
        ("FLOAT32", "INT8", "FLOAT32", "dynamic"),
        ("INT32", "INT32", "INT32", "other"),
    ],
)
def test_arithmetic_is_told_by_the_types_of_activations_and_weights(
    dissect: Callable[..., Anatomy], inside: str, weights: str, outside: str, arithmetic: str
) -> None:
    tensors = [(inside, (1, 4)), (weights, (3, 4), 12), (outside, (1, 3))]
    assert dissect(tensors, [("FULLY_CONNECTED", (0, 1), (2,))]).operations[0].arithmetic == arithmetic


def test_a_change_of_type_is_a_conversion(dissect: Callable[..., Anatomy]) -> None:
    anatomy = dissect([("INT8", (1, 4)), ("FLOAT32", (1, 4))], [("DEQUANTIZE", (0,), (1,))])
    assert anatomy.operations[0].arithmetic == "conversion"

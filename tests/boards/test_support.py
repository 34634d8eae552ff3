from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tflite_mammo.boards.graph import Graph, Node, Tensor
from tflite_mammo.boards.support import (
    LIMITS,
    NEWEST,
    NEWEST_ELSEWHERE,
    UNSURE,
    left_to_the_cpu,
    unread_by_the_compiler,
)

IMAGE = ("INT8", (1, 8, 8, 6))
ROW = ("INT8", (1, 10))
FILTER, BIAS = ("INT8", (6, 3, 3, 6), 324), ("INT32", (6,), 24)
Said = Callable[..., str]


@pytest.fixture
def said(draw: Callable[..., Graph]) -> Said:
    """What is said of one operator whose constants are those that are stored."""

    def of(kind: str, inputs: list[Any], output: Any, **options: int) -> str:
        rows = [(kind, range(len(inputs)), (len(inputs),))]
        node = draw([*inputs, output], rows, **{kind: options}).nodes[0]
        computed = tuple(tensor for tensor in node.given if not tensor.stored_bytes)
        return left_to_the_cpu(node, computed)

    return of


def _whole(*values: int) -> tuple[str, tuple[int, ...], int, tuple[int, ...]]:
    return ("INT32", (len(values),), 0, values)


@pytest.mark.parametrize(
    ("kind", "inputs", "output", "options"),
    [
        ("CONV_2D", [IMAGE, FILTER, BIAS], IMAGE, {"FusedActivationFunction": 3}),
        ("CONV_2D", [IMAGE, FILTER, BIAS], IMAGE, {"DilationHFactor": 2, "DilationWFactor": 2}),
        ("FULLY_CONNECTED", [ROW, ("INT8", (3, 10), 30)], ("INT8", (1, 3)), {}),
        ("ADD", [IMAGE, IMAGE], IMAGE, {}),
        ("QUANTIZE", [("UINT8", (1, 8, 8, 1))], ("INT8", (1, 8, 8, 1)), {}),
        ("MEAN", [IMAGE, _whole(1, 2)], ("INT8", (1, 6)), {}),
        ("MEAN", [("INT8", (1, 8, 8, 8)), _whole(-1)], ("INT8", (1, 8, 8)), {}),
        ("PAD", [IMAGE, _whole(0, 0, 1, 1, 1, 1, 0, 0)], ("INT8", (1, 10, 10, 6)), {}),
        ("SOFTMAX", [("INT8", (1, 16_000))], ("INT8", (1, 16_000)), {}),
        ("CONCATENATION", [IMAGE, IMAGE, IMAGE], ("INT8", (1, 8, 8, 18)), {"Axis": 3}),
        ("STRIDED_SLICE", [IMAGE, _whole(0, 0), _whole(0, 4), _whole(1, 1)], ("INT8", (1, 4, 8, 6)), {}),
        ("PRELU", [IMAGE, ("INT8", (1, 1, 6), 6)], IMAGE, {}),
        ("SPLIT", [_whole(3), IMAGE], ("INT8", (1, 8, 8, 3)), {}),
        ("PACK", [ROW, ROW], ("INT8", (1, 2, 10)), {"Axis": 1}),
    ],
)
def test_within_its_limits_an_operator_is_taken(
    said: Said, kind: str, inputs: list[Any], output: Any, options: dict[str, int]
) -> None:
    assert said(kind, inputs, output, **options) == ""


@pytest.mark.parametrize(
    ("kind", "inputs", "output", "options", "reason"),
    [
        ("HARD_SWISH", [IMAGE], IMAGE, {}, "not among the supported operations"),
        ("CONV_2D", [("FLOAT32", (1, 8, 8, 6)), FILTER], ("FLOAT32", (1, 8, 8, 6)), {}, "computes in float"),
        ("DEQUANTIZE", [ROW], ("FLOAT32", (1, 10)), {}, "computes in float"),
        ("ADD", [("INT16", (1, 4)), ("INT16", (1, 4))], ("INT16", (1, 4)), {}, "works on INT16"),
        ("ADD", [("INT8", (2, 8, 8, 6)), IMAGE], ("INT8", (2, 8, 8, 6)), {}, "a batch above 1"),
        ("CONV_2D", [IMAGE, FILTER], IMAGE, {"DilationHFactor": 2, "DilationWFactor": 1}, "another dilation in x"),
        ("CONV_2D", [IMAGE, ("INT8", (1, 3, 3, 6))], IMAGE, {}, "not constant"),
        ("DEPTHWISE_CONV_2D", [IMAGE, FILTER, ("INT32", (6,))], IMAGE, {}, "works on INT32"),
        ("FULLY_CONNECTED", [ROW, ("INT8", (3, 10), 30)], ("INT8", (1, 3)), {"WeightsFormat": 1}, "another format"),
        ("FULLY_CONNECTED", [IMAGE, ("INT8", (3, 6), 18)], ("INT8", (8, 3)), {}, "more than one dimension"),
        ("FULLY_CONNECTED", [ROW, ("INT8", (3, 10))], ("INT8", (1, 3)), {}, "not constant"),
        ("MAX_POOL_2D", [IMAGE], IMAGE, {"FusedActivationFunction": 1}, "a fused activation"),
        ("AVERAGE_POOL_2D", [IMAGE], IMAGE, {"FusedActivationFunction": 1}, "a fused activation"),
        ("CONCATENATION", [IMAGE, IMAGE], IMAGE, {"FusedActivationFunction": 1}, "a fused activation"),
        ("CONCATENATION", [IMAGE, IMAGE, ("INT8", (1, 8, 8, 1), 64)], IMAGE, {}, "a constant among"),
        ("MEAN", [IMAGE, _whole(-1)], ("INT8", (1, 8, 8)), {}, "no multiple of 4"),
        ("MEAN", [IMAGE, _whole(0, 1)], ("INT8", (8, 6)), {}, "over the batch"),
        ("SUM", [IMAGE, _whole(-4)], ("INT8", (8, 8, 6)), {}, "over the batch"),
        ("PAD", [IMAGE, _whole(0, 1, 0, 0, 0, 0, 0, 0)], ("INT8", (1, 8, 8, 6)), {}, "pads the batch"),
        ("PACK", [ROW, ROW], ("INT8", (1, 1, 10)), {"Axis": 0}, "packs the batch"),
        ("SPLIT", [_whole(0), IMAGE], IMAGE, {}, "splits the batch"),
        ("SOFTMAX", [("INT8", (1, 16_001))], ("INT8", (1, 16_001)), {}, "more than 16,000 elements"),
        ("SOFTMAX", [("INT8", (1, 4, 5))], ("INT8", (1, 4, 5)), {}, "over more than one dimension"),
        ("STRIDED_SLICE", [IMAGE, _whole(0), _whole(4), _whole(2)], IMAGE, {}, "strides other than 1"),
        ("STRIDED_SLICE", [IMAGE, _whole(0), _whole(4), _whole(1)], IMAGE, {"EllipsisMask": 1}, "an ellipsis"),
        ("PRELU", [IMAGE, ("INT8", (8, 8, 6), 384)], IMAGE, {}, "an alpha of more than one dimension"),
        ("TRANSPOSE_CONV", [_whole(1, 8, 8, 6), ("INT8", (1, 3, 3, 6)), IMAGE], IMAGE, {}, "not constant"),
    ],
)
def test_beyond_a_limit_the_reason_is_told(
    said: Said, kind: str, inputs: list[Any], output: Any, options: dict[str, int], reason: str
) -> None:
    assert reason in said(kind, inputs, output, **options)


def test_a_shape_known_at_run_time_only_is_left_to_the_cpu(draw: Callable[..., Graph]) -> None:
    node = draw([IMAGE, IMAGE], [("RELU", (0,), (1,))]).nodes[0]
    free = replace(node.given[0], dynamic=True)
    assert "known at run time" in left_to_the_cpu(node, (free,))


def _one(kind: str, version: int) -> Node:
    tensor = Tensor(0, "t", "INT8", (1,), False, 0, 0)
    return Node(0, kind, version, "t", (tensor,), (tensor,))


@pytest.mark.parametrize(("kind", "version"), [("CONV_2D", 6), ("TRANSPOSE_CONV", 4), ("QUANTIZE", 3), ("EXP", 2)])
def test_versions_that_were_reported_as_refused_are_refused(kind: str, version: int) -> None:
    assert unread_by_the_compiler(_one(kind, version)) == f"version {version}, the compiler reads up to {version - 1}"
    assert unread_by_the_compiler(_one(kind, version - 1)) == ""


@pytest.mark.parametrize("kind", ["GELU", "STABLEHLO_ADD", "OPERATOR_999"])
def test_operators_that_came_after_the_compiler_are_refused(kind: str) -> None:
    assert "after the compiler" in unread_by_the_compiler(_one(kind, 1))


def test_what_is_limited_or_unsure_is_supported_at_all() -> None:
    assert set(LIMITS) | set(UNSURE) <= set(NEWEST)
    assert not set(NEWEST) & set(NEWEST_ELSEWHERE)


def test_every_operator_named_is_one_of_the_schemas() -> None:
    from ai_edge_litert import schema_py_generated as schema

    from tflite_mammo.boards.support import TOO_NEW

    assert {*NEWEST, *NEWEST_ELSEWHERE, *TOO_NEW} <= set(vars(schema.BuiltinOperator))

from collections.abc import Callable
from typing import Any

import pytest

from tflite_mammo.boards.anatomy import Anatomy, read_anatomy
from tflite_mammo.boards.coral import look_at_coral

INT, FLOAT = ("INT8", (1, 4)), ("FLOAT32", (1, 4))


def test_a_chain_is_mapped_up_to_the_first_that_is_not_supported(dissect: Callable[..., Anatomy]) -> None:
    rows = [("RELU", (0,), (1,)), ("HARD_SWISH", (1,), (2,)), ("RELU", (2,), (3,)), ("TANH", (3,), (4,))]
    outlook = look_at_coral(dissect([INT] * 5, rows))
    assert outlook.mapped == (0,)
    assert outlook.after is not None
    assert (outlook.after.operation, outlook.after.kind) == (1, "HARD_SWISH")
    assert (outlook.stranded, outlook.stretches) == ((2, 3), 2)


def test_a_branch_that_does_not_depend_on_it_stays_mapped(dissect: Callable[..., Anatomy]) -> None:
    rows = [("RELU", (0,), (1,)), ("HARD_SWISH", (1,), (2,)), ("TANH", (1,), (3,)), ("ADD", (2, 3), (4,))]
    outlook = look_at_coral(dissect([INT] * 5, rows))
    assert (outlook.mapped, outlook.stranded) == ((0, 2), (3,))


def test_what_comes_before_the_first_on_the_tpu_does_not_end_it(dissect: Callable[..., Anatomy]) -> None:
    """Pixels in float are made whole numbers on the CPU first."""
    outlook = look_at_coral(dissect([FLOAT, INT, INT], [("QUANTIZE", (0,), (1,)), ("RELU", (1,), (2,))]))
    assert (outlook.mapped, outlook.after, outlook.stretches) == ((1,), None, 1)
    assert [fallback.reason for fallback in outlook.unsupported] == ["computes in float"]


def test_one_operator_that_the_compiler_does_not_know_and_nothing_is_mapped(dissect: Callable[..., Anatomy]) -> None:
    outlook = look_at_coral(dissect([INT] * 3, [("RELU", (0,), (1,)), ("GELU", (1,), (2,))]))
    assert ([fallback.kind for fallback in outlook.refused], outlook.mapped) == (["GELU"], ())


def test_a_loop_in_a_damaged_graph_ends(dissect: Callable[..., Anatomy]) -> None:
    outlook = look_at_coral(dissect([INT] * 3, [("ADD", (0, 2), (1,)), ("RELU", (1,), (2,))]))
    assert (outlook.mapped, outlook.stranded) == ((), (0, 1))


@pytest.mark.parametrize(("weights", "streamed"), [(8_000_000, 0), (8_000_001, 1), (24_000_000, 16_000_000)])
def test_weights_beyond_eight_megabytes_stream(dissect: Callable[..., Anatomy], weights: int, streamed: int) -> None:
    tensors = [INT, ("INT8", (4, 4), weights), INT]
    outlook = look_at_coral(dissect(tensors, [("FULLY_CONNECTED", (0, 1), (2,))]))
    assert (outlook.weight_bytes, outlook.streamed_bytes) == (weights, streamed)


def test_weights_of_what_stays_on_the_cpu_take_no_room_on_the_chip(dissect: Callable[..., Anatomy]) -> None:
    tensors = [INT, INT, INT, ("INT8", (4, 4), 16), INT]
    rows = [("RELU", (0,), (1,)), ("HARD_SWISH", (1,), (2,)), ("FULLY_CONNECTED", (2, 3), (4,))]
    outlook = look_at_coral(dissect(tensors, rows))
    assert (outlook.weight_bytes, outlook.mapped_macs) == (0, 0)


def test_operators_that_may_or_may_not_be_taken_are_named(dissect: Callable[..., Anatomy]) -> None:
    tensors = [("INT8", (1, 4, 4, 2)), ("INT32", (2,), 0, (8, 8)), ("INT8", (1, 8, 8, 2))]
    outlook = look_at_coral(dissect(tensors, [("RESIZE_BILINEAR", (0, 1), (2,))]))
    assert outlook.mapped == (0,)
    assert [fallback.kind for fallback in outlook.unsure] == ["RESIZE_BILINEAR"]


def test_our_int8_files_go_to_the_tpu_up_to_the_last_layer(converted: dict[str, Any]) -> None:
    outlook = look_at_coral(read_anatomy(converted["int8"].bundle.path))
    assert [fallback.kind for fallback in outlook.unsupported] == ["DEQUANTIZE", "FULLY_CONNECTED", "SOFTMAX"]
    assert (outlook.refused, outlook.stranded) == ((), ())
    assert outlook.mapped == tuple(range(outlook.unsupported[0].operation))


@pytest.mark.parametrize("preset", ["float32", "float16", "dynamic"])
def test_of_our_other_files_it_takes_nothing(converted: dict[str, Any], preset: str) -> None:
    outlook = look_at_coral(read_anatomy(converted[preset].bundle.path))
    assert (outlook.mapped, outlook.after) == ((), None)
    assert {fallback.reason for fallback in outlook.unsupported} == {"computes in float"}

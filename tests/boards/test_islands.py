from collections.abc import Callable

from tflite_mammo.boards.anatomy import Anatomy

INT, FLOAT = ("INT8", (1, 4)), ("FLOAT32", (1, 4))
WEIGHTS = ("INT8", (4, 4), 16)


def test_floats_that_hang_together_are_one_island_and_others_another(dissect: Callable[..., Anatomy]) -> None:
    """int8, float, float, int8, float: an island of two operators and one of one."""
    tensors = [INT, WEIGHTS, INT, FLOAT, FLOAT, FLOAT, INT, FLOAT, FLOAT]
    rows = [
        ("FULLY_CONNECTED", (0, 1), (2,)),
        ("DEQUANTIZE", (2,), (3,)),
        ("LOGISTIC", (3,), (4,)),
        ("MUL", (3, 4), (5,)),
        ("QUANTIZE", (5,), (6,)),
        ("DEQUANTIZE", (6,), (7,)),
        ("SOFTMAX", (7,), (8,)),
    ]
    first, second = dissect(tensors, rows).islands
    assert (first.operations, first.kinds, first.layers) == ((2, 3), ("LOGISTIC", "MUL"), ("layer2", "layer3"))
    assert second.operations == (6,)


def test_two_that_read_the_same_float_are_one_island(dissect: Callable[..., Anatomy]) -> None:
    tensors = [INT, WEIGHTS, INT, FLOAT, FLOAT, FLOAT]
    rows = [("FULLY_CONNECTED", (0, 1), (2,)), ("DEQUANTIZE", (2,), (3,)), ("RELU", (3,), (4,)), ("TANH", (3,), (5,))]
    assert [island.operations for island in dissect(tensors, rows).islands] == [(2, 3)]


def test_a_constant_that_both_read_joins_nobody(dissect: Callable[..., Anatomy]) -> None:
    shared = ("FLOAT32", (4,), 16)
    tensors = [INT, WEIGHTS, INT, FLOAT, FLOAT, INT, FLOAT, FLOAT, shared]
    rows = [
        ("FULLY_CONNECTED", (0, 1), (2,)),
        ("DEQUANTIZE", (2,), (3,)),
        ("MUL", (3, 8), (4,)),
        ("QUANTIZE", (4,), (5,)),
        ("DEQUANTIZE", (5,), (6,)),
        ("MUL", (6, 8), (7,)),
    ]
    assert [island.operations for island in dissect(tensors, rows).islands] == [(2,), (5,)]


def test_a_network_in_float_throughout_has_no_island(dissect: Callable[..., Anatomy]) -> None:
    tensors = [FLOAT, ("FLOAT32", (4, 4), 64), FLOAT, FLOAT]
    assert dissect(tensors, [("FULLY_CONNECTED", (0, 1), (2,)), ("SOFTMAX", (2,), (3,))]).islands == ()

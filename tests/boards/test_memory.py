from collections.abc import Callable

from tflite_mammo.boards.graph import Graph
from tflite_mammo.boards.memory import peak_bytes


def test_the_peak_is_that_of_a_graph_counted_by_hand(draw: Callable[..., Graph]) -> None:
    """A (100) to B (40), B to C (70), B and C to D (10): A and B live at first, then B and C, then all but A."""
    sizes = [("INT8", (100,)), ("INT8", (40,)), ("INT8", (70,)), ("INT8", (10,))]
    graph = draw(sizes, [("RELU", (0,), (1,)), ("RELU", (1,), (2,)), ("ADD", (1, 2), (3,))])
    assert peak_bytes(graph, set()) == (140, 0)


def test_a_tensor_that_is_read_late_lives_until_then(draw: Callable[..., Graph]) -> None:
    sizes = [("INT8", (50,)), ("INT8", (60,)), ("INT8", (30,)), ("INT8", (5,))]
    graph = draw(sizes, [("RELU", (0,), (1,)), ("RELU", (1,), (2,)), ("ADD", (0, 2), (3,))])
    assert peak_bytes(graph, set()) == (50 + 60 + 30, 1)


def test_constants_of_the_file_count_nothing_and_unpacked_ones_stay(draw: Callable[..., Graph]) -> None:
    sizes = [("FLOAT32", (5,)), ("FLOAT16", (25,), 50), ("FLOAT32", (25,)), ("FLOAT32", (5,)), ("FLOAT32", (50,))]
    graph = draw(sizes, [("DEQUANTIZE", (1,), (2,)), ("MUL", (0, 2), (3,)), ("TILE", (3,), (4,))])
    assert peak_bytes(graph, {2}) == (100 + 20 + 200, 2)
    late = draw(sizes, [("TILE", (0,), (4,)), ("DEQUANTIZE", (1,), (2,)), ("MUL", (0, 2), (3,))])
    assert peak_bytes(late, {2}) == (100 + 20 + 200, 0)


def test_of_equal_peaks_the_first_is_named(draw: Callable[..., Graph]) -> None:
    graph = draw([("INT8", (10,)), ("INT8", (20,)), ("INT8", (10,))], [("TILE", (0,), (1,)), ("MEAN", (1,), (2,))])
    assert peak_bytes(graph, set()) == (30, 0)


def test_halves_of_bytes_are_rounded_up(draw: Callable[..., Graph]) -> None:
    graph = draw([("INT4", (5,)), ("INT8", (1,))], [("CAST", (0,), (1,))])
    assert peak_bytes(graph, set())[0] == 3 + 1

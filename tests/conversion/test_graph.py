"""A float32 file opened for change: what it says of its operators, and what a change leaves as it was."""

from collections.abc import Callable

import numpy as np
import pytest

from tflite_mammo.conversion.answers import answers, log_odds, opened
from tflite_mammo.conversion.ends import finish_ends
from tflite_mammo.conversion.graph import FloatGraph
from tflite_mammo.preprocess import Bytes

Float32Of = Callable[[str], bytes]
pytestmark = pytest.mark.filterwarnings("ignore:.*experimental_preserve_all_tensors")


def _said(flatbuffer: bytes, tensor: int, image: Bytes) -> np.ndarray:
    """The values of a tensor, for one image."""
    interpreter = opened(flatbuffer, keep_all=True)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image[np.newaxis])
    interpreter.invoke()
    return interpreter.get_tensor(tensor)


def _first(graph: FloatGraph) -> int:
    """The place of the first convolution."""
    return next(place for place, op in enumerate(graph.ops) if op.weights >= 0)


def test_operators_say_what_they_are(float32_of: Float32Of) -> None:
    graph = FloatGraph(float32_of("linear"))
    cast, (conv, deep, last, _) = graph.ops[0], [op for op in graph.ops if op.weights >= 0]
    assert [op.kind for op in (cast, conv, deep)] == ["CAST", "CONV_2D", "DEPTHWISE_CONV_2D"]
    assert (cast.inputs, deep.inputs) == ((0,), (conv.output,))
    assert [(op.strides, op.same) for op in (cast, conv, deep)] == [((1, 1), False), ((2, 3), True), ((2, 2), True)]
    assert (last.strides, last.same) == ((1, 1), False)
    assert (cast.weights, cast.bias) == (-1, -1)
    assert [FloatGraph(float32_of(name)).ops[_first(graph)].activation for name in ("linear", "plain")] == [
        "NONE",
        "RELU",
    ]


def test_weights_are_read_in_their_shape(float32_of: Float32Of) -> None:
    graph = FloatGraph(float32_of("linear"))
    shapes = [graph.values(op.weights).shape for op in graph.ops if op.weights >= 0]
    assert shapes == [(8, 3, 3, 1), (1, 3, 3, 8), (5, 3, 3, 8), (2, 5)]


def test_what_is_changed_is_what_the_file_holds(float32_of: Float32Of, images: list[Bytes]) -> None:
    graph = FloatGraph(float32_of("plain"))
    bias = graph.ops[graph.last_dense()].bias
    graph.change(bias, graph.values(bias) + np.array([0, 1]))
    np.testing.assert_allclose(answers(graph.flatbuffer(), images), answers(float32_of("plain"), images) + 1, atol=1e-5)
    np.testing.assert_array_equal(FloatGraph(graph.flatbuffer()).values(bias), graph.values(bias))


def test_a_constant_that_two_read_is_changed_for_one_alone(float32_of: Float32Of) -> None:
    graph = FloatGraph(float32_of("bottlenecks"))
    one, other = [op.bias for op in graph.ops if op.bias >= 0 and graph.shape(op.bias) == (12,)][:2]
    shared = graph.values(one).copy()
    graph._graph.tensors[other].buffer = graph._graph.tensors[one].buffer
    graph.change(other, shared + 1)
    again = FloatGraph(graph.flatbuffer())
    np.testing.assert_array_equal(again.values(one), shared)
    np.testing.assert_array_equal(again.values(other), shared + 1)


def test_what_a_tensor_is_rounded_to_lies_within_half_a_step(float32_of: Float32Of, images: list[Bytes]) -> None:
    """Behind it, in a tensor of its own; 0 is among the steps."""
    graph = FloatGraph(float32_of("plain"))
    place = _first(graph)
    first = graph.ops[place].output
    exact = _said(float32_of("plain"), first, images[0])
    with graph.in_steps(first, 0.0, float(exact.max())) as stepped:
        reader = FloatGraph(stepped).ops[place + 3].inputs[0]
    rounded, step = _said(stepped, reader, images[0]), exact.max() / 255
    np.testing.assert_array_equal(_said(stepped, first, images[0]), exact)
    np.testing.assert_allclose(rounded / step, np.rint(rounded / step), atol=1e-3)
    assert 0.4 * step < np.abs(rounded - exact).max() <= 0.501 * step


def test_what_lies_beyond_a_range_is_cut(float32_of: Float32Of, images: list[Bytes]) -> None:
    graph = FloatGraph(float32_of("linear"))
    place = _first(graph)
    first = graph.ops[place].output
    exact = _said(float32_of("linear"), first, images[0])
    with graph.in_steps(first, -0.5, 0.25) as stepped:
        rounded = _said(stepped, FloatGraph(stepped).ops[place + 3].inputs[0], images[0])
    np.testing.assert_allclose((rounded.min(), rounded.max()), (-0.5, 0.25), atol=0.002)
    np.testing.assert_allclose(rounded, np.clip(exact, -0.5, 0.25), atol=0.004)


def test_all_who_read_a_tensor_read_it_rounded(float32_of: Float32Of) -> None:
    graph = FloatGraph(float32_of("bottlenecks"))
    shared = next(op.inputs[0] for op in graph.ops if op.kind == "ADD" and len(op.inputs) == 2)
    with graph.in_steps(shared, -1.0, 1.0) as stepped:
        readers = [op.kind for op in FloatGraph(stepped).ops if shared in op.inputs]
    assert (len(graph.around({shared})), readers) == (3, ["QUANTIZE"])


def test_a_graph_is_as_it_was_after_a_look_at_it_in_steps(float32_of: Float32Of) -> None:
    graph = FloatGraph(float32_of("bottlenecks"))
    before = graph.flatbuffer()
    with pytest.raises(KeyError, match="stop"), graph.in_steps(graph.ops[3].output, -1.0, 1.0) as stepped:
        raise KeyError("stop")
    assert len(FloatGraph(stepped).ops) == len(graph.ops) + 2
    assert graph.flatbuffer() == before


def test_work_is_multiplications_where_there_are_weights_and_values_elsewhere(float32_of: Float32Of) -> None:
    graph = FloatGraph(float32_of("linear"))
    assert [graph.work(op) for op in graph.ops] == [
        *3 * [16 * 16],  # pixels cast, scaled and shifted
        8 * 6 * 8 * 9,  # a convolution of one channel
        4 * 3 * 8 * 9,  # depthwise
        2 * 1 * 5 * 9 * 8,
        5,  # means
        2 * 5,
        2,
    ]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("linear", ["MEAN", "FULLY_CONNECTED", "SOFTMAX"]),
        ("dense", ["FULLY_CONNECTED", "SOFTMAX"]),
    ],
)
def test_the_head_follows_all_weights_but_those_of_the_logits(
    name: str, kinds: list[str], float32_of: Float32Of
) -> None:
    graph = FloatGraph(float32_of(name))
    assert [op.kind for op in graph.ops[graph.head() :]] == kinds
    assert graph.last_dense() == len(graph.ops) - 2


def test_operators_are_around_a_tensor_that_make_or_read_it(float32_of: Float32Of) -> None:
    graph = FloatGraph(float32_of("linear"))
    place = _first(graph)
    assert graph.around({graph.ops[place].output}) == {place, place + 1}
    assert graph.around({graph.ops[place].output, graph.ops[place + 1].output}) == {place, place + 1, place + 2}


def test_log_odds_of_a_score_of_0_or_1_are_finite() -> None:
    np.testing.assert_allclose(log_odds(np.array([0.0, 0.5, 0.75, 1.0])), [-16.1, 0, np.log(3), 16.1], atol=0.1)


def test_an_answer_is_the_findings_log_odds(
    float32_of: Float32Of, images: list[Bytes], scores_of: Callable[[bytes, list[Bytes]], np.ndarray]
) -> None:
    benign, malignant = scores_of(finish_ends(float32_of("plain")), images).T
    np.testing.assert_allclose(answers(float32_of("plain"), images), np.log(malignant / benign), atol=1e-5)

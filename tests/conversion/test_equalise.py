"""Channels become alike and the function stays: on networks with every kind of stream, and with those left alone."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tflite_mammo.conversion.answers import answers
from tflite_mammo.conversion.equalise import CEILING, MIXED, MOST, equalise, room, streams
from tflite_mammo.conversion.graph import FloatGraph
from tflite_mammo.conversion.statistics import Seen, Statistics, observe
from tflite_mammo.preprocess import Bytes

Float32Of = Callable[[str], bytes]
Observed = Callable[[str], Statistics]
CHANGED = ("plain", "linear", "bottlenecks", "unpadded", "padded apart", "dense", "bent", "uneven")
pytestmark = pytest.mark.filterwarnings("ignore:.*experimental_preserve_all_tensors")


def _equalised(name: str, float32_of: Float32Of, observed: Observed) -> tuple[FloatGraph, FloatGraph, Statistics]:
    before, after, statistics = FloatGraph(float32_of(name)), FloatGraph(float32_of(name)), observed(name)
    equalise(after, statistics)
    return before, after, statistics


def _reach(seen: Seen) -> np.ndarray:
    return np.maximum(seen.high, -seen.low)


@pytest.mark.parametrize("name", CHANGED)
def test_an_equalised_network_is_the_same_function(
    name: str, float32_of: Float32Of, observed: Observed, images: list[Bytes]
) -> None:
    before, after, _ = _equalised(name, float32_of, observed)
    noise = list(np.random.default_rng(1).integers(0, 256, (8, 16, 16, 1), dtype=np.uint8))
    seen = [*images, *([] if name == "bottlenecks" else noise)]  # noise goes beyond the room below a ceiling
    assert before.flatbuffer() != after.flatbuffer()
    np.testing.assert_allclose(answers(after.flatbuffer(), seen), answers(before.flatbuffer(), seen), atol=1e-4)


@pytest.mark.parametrize("name", CHANGED)
def test_its_statistics_are_those_that_it_would_show_itself(
    name: str, float32_of: Float32Of, observed: Observed, images: list[Bytes]
) -> None:
    _, after, told = _equalised(name, float32_of, observed)
    anew = observe(after.flatbuffer(), images, moments=True)
    assert (told.seen.keys(), told.met.keys()) == (anew.seen.keys(), anew.met.keys())
    for tensor, seen in anew.seen.items():
        np.testing.assert_allclose(told.seen[tensor].low, seen.low, atol=1e-5 * _reach(seen).max())
        np.testing.assert_allclose(told.seen[tensor].high, seen.high, atol=1e-5 * _reach(seen).max())
    for place, met in anew.met.items():
        assert met.second is not None
        np.testing.assert_allclose(told.met[place].mean, met.mean, atol=1e-5 * np.abs(met.mean).max())
        np.testing.assert_allclose(told.met[place].second, met.second, atol=1e-5 * np.abs(met.second).max())


def test_channels_come_to_the_reach_of_the_largest_before_a_depthwise_layer(
    float32_of: Float32Of, observed: Observed
) -> None:
    graph, _, after = _equalised("linear", float32_of, observed)
    before = observed("linear")
    deep = next(op for op in graph.ops if op.kind == "DEPTHWISE_CONV_2D")
    was, now = _reach(before.seen[deep.inputs[0]]), _reach(after.seen[deep.inputs[0]])
    assert was.max() > 4 * was.min()
    np.testing.assert_allclose(now, np.minimum(was.max(), MOST * was), rtol=1e-6)


def test_they_come_part_of_the_way_where_the_next_weights_mix_them(float32_of: Float32Of, observed: Observed) -> None:
    graph, _, after = _equalised("plain", float32_of, observed)
    first = next(op.output for op in graph.ops if op.kind == "CONV_2D")
    was, now = _reach(observed("plain").seen[first]), _reach(after.seen[first])
    assert was.max() > 4 * was.min()
    np.testing.assert_allclose(np.log(now.max() / now), (1 - MIXED) * np.log(was.max() / was), atol=1e-6)


def test_linear_channels_come_to_lie_around_0(float32_of: Float32Of, observed: Observed) -> None:
    graph, _, after = _equalised("unpadded", float32_of, observed)
    linear = next(op.output for op in graph.ops if op.kind == "CONV_2D")
    was, now = observed("unpadded").seen[linear], after.seen[linear]
    assert np.abs(was.low + was.high).max() > 0.1 * _reach(was).max()
    np.testing.assert_allclose(now.low, -now.high, rtol=1e-6)


@pytest.mark.parametrize("name", ["plain", "linear", "padded apart"])
def test_no_offset_is_taken_where_values_are_bent_or_zeros_are_padded(
    name: str, float32_of: Float32Of, observed: Observed
) -> None:
    graph, _, after = _equalised(name, float32_of, observed)
    first = next(op.output for op in graph.ops if op.kind == "CONV_2D")
    was, now = observed(name).seen[first], after.seen[first]
    np.testing.assert_allclose(now.low * was.high, was.low * now.high, atol=1e-6)


def test_what_is_added_up_keeps_the_offsets_of_its_parts(float32_of: Float32Of, observed: Observed) -> None:
    """A residual stream is linear from its first projection to its last sum."""
    graph, _, after = _equalised("bottlenecks", float32_of, observed)
    stream = next(stream for stream in streams(graph) if stream.passing and stream.is_linear)
    assert [op.kind for op in stream.passing] == ["ADD", "ADD"]
    for op in stream.writers:
        seen = after.seen[op.output]
        np.testing.assert_allclose(seen.low, -seen.high, rtol=1e-5)


def test_nothing_in_a_stream_comes_to_reach_further(float32_of: Float32Of, observed: Observed) -> None:
    """What one tensor's channels lack, another's may have."""
    graph, _, after = _equalised("bottlenecks", float32_of, observed)
    before = observed("bottlenecks")
    stream = next(stream for stream in streams(graph) if stream.passing and stream.is_linear)
    assert len(stream.writers) == 3
    for op in stream.writers:
        was, now = before.seen[op.output], after.seen[op.output]
        assert (now.high - now.low).max() <= (was.high - was.low).max() * (1 + 1e-6)


def test_what_lay_below_a_ceiling_still_has_room_there(float32_of: Float32Of, observed: Observed) -> None:
    graph, _, after = _equalised("bottlenecks", float32_of, observed)
    before, counts = observed("bottlenecks"), [0, 0]
    for stream in (stream for stream in streams(graph) if stream.has_ceiling):
        for op in stream.writers:
            was, now = before.seen[op.output].high, after.seen[op.output].high
            free = room(graph, stream) * was < CEILING
            assert (room(graph, stream) * now[free] <= CEILING + 1e-6).all()
            np.testing.assert_array_equal(now[~free], was[~free])
            counts = [counts[0] + free.sum(), counts[1] + (~free).sum()]
    assert min(counts) > 5


def test_there_is_more_room_where_fewer_values_were_seen(float32_of: Float32Of) -> None:
    graph = FloatGraph(float32_of("linear"))
    one, other, *_ = streams(graph)
    sizes = [max(np.prod(graph.shape(tensor)[1:3]) for tensor in stream.tensors) for stream in (one, other)]
    assert sizes[0] > 2 * sizes[1]
    assert (room(graph, other) - 1) / (room(graph, one) - 1) == pytest.approx(np.sqrt(sizes[0] / sizes[1]))


def test_a_channel_of_next_to_nothing_is_not_blown_up_without_end(float32_of: Float32Of, observed: Observed) -> None:
    graph, statistics = FloatGraph(float32_of("linear")), observed("linear")
    conv = next(op for op in graph.ops if op.kind == "CONV_2D")
    before = graph.values(conv.weights)
    seen = statistics.seen[conv.output]
    quiet = np.arange(len(seen.low)) == 2
    statistics.seen[conv.output] = Seen(np.where(quiet, 0, seen.low), np.where(quiet, 0, seen.high))
    equalise(graph, statistics)
    np.testing.assert_allclose(graph.values(conv.weights)[2], MOST * before[2], rtol=1e-6)


@pytest.mark.parametrize("kind", ["LOGISTIC", "MUL", "CONCATENATION"])
def test_what_an_operator_bends_or_shuffles_is_in_no_stream(kind: str, float32_of: Float32Of) -> None:
    graph = FloatGraph(float32_of("bent"))
    touched = {tensor for op in graph.ops if op.kind == kind for tensor in (*op.inputs, op.output)}
    assert len(touched) > 2
    assert not any(touched & stream.tensors for stream in streams(graph))


def test_what_is_read_in_groups_is_in_no_stream(float32_of: Float32Of) -> None:
    graph = FloatGraph(float32_of("uneven"))
    conv, grouped, deep, *_ = (op for op in graph.ops if op.weights >= 0)
    assert {op.output for op in graph.ops if not graph.meets_every_channel(op)} > {grouped.output, deep.output}
    assert not any({conv.output, grouped.output} & stream.tensors for stream in streams(graph))
    assert any(deep.output in stream.tensors for stream in streams(graph))


def test_a_tensor_that_leaves_the_network_is_left_alone(float32_of: Float32Of) -> None:
    graph = FloatGraph(float32_of("plain"))
    first = next(op.output for op in graph.ops if op.kind == "CONV_2D")
    assert any(first in stream.tensors for stream in streams(graph))
    graph._graph.outputs = [*graph._graph.outputs, first]
    assert not any(first in stream.tensors for stream in streams(graph))


def test_tensors_of_unlike_channels_are_in_no_stream(float32_of: Float32Of) -> None:
    graph = FloatGraph(float32_of("padded apart"))
    pad = next(op for op in graph.ops if op.kind == "PAD")
    assert any(pad.output in stream.tensors for stream in streams(graph))
    graph._graph.tensors[pad.output].shape = [1, 10, 10, 9]
    deep = next(place for place, op in enumerate(graph.ops) if op.kind == "DEPTHWISE_CONV_2D")
    graph.ops[deep] = replace(graph.ops[deep], inputs=pad.inputs)
    assert not any(pad.output in stream.tensors for stream in streams(graph))


@pytest.mark.parametrize("change", [{"activation": "TANH"}, {"bias": -1}])
def test_weights_that_bend_or_have_no_bias_write_no_stream(change: dict, float32_of: Float32Of) -> None:
    graph = FloatGraph(float32_of("plain"))
    place, first = next((place, op) for place, op in enumerate(graph.ops) if op.kind == "CONV_2D")
    graph.ops[place] = replace(first, **change)
    assert not any(first.output in stream.tensors for stream in streams(graph))

"""What calibration images make a network say: the true extremes, and the true moments of what weights meet."""

from collections.abc import Callable

import numpy as np
import pytest

from tflite_mammo.conversion import statistics as observing
from tflite_mammo.conversion.answers import opened
from tflite_mammo.conversion.graph import FloatGraph, Op
from tflite_mammo.conversion.statistics import PATCHES, Met, Statistics, before_weights, observe, patches
from tflite_mammo.preprocess import Bytes

Float32Of = Callable[[str], bytes]
Observed = Callable[[str], Statistics]
pytestmark = pytest.mark.filterwarnings("ignore:.*experimental_preserve_all_tensors")


def _said(flatbuffer: bytes, images: list[Bytes]) -> dict[int, np.ndarray]:
    """All values of each operator's result: (images, places, channels)."""
    interpreter, graph = opened(flatbuffer, keep_all=True), FloatGraph(flatbuffer)
    found: dict[int, list[np.ndarray]] = {op.output: [] for op in graph.ops}
    for image in images:
        interpreter.set_tensor(0, image[np.newaxis])
        interpreter.invoke()
        for tensor, values in found.items():
            said = interpreter.get_tensor(tensor)
            values.append(said.reshape(-1, said.shape[-1]))
    return {tensor: np.stack(values) for tensor, values in found.items()}


def _weight_rows(graph: FloatGraph, op: Op) -> np.ndarray:
    """(channels made, what each of them meets)."""
    weights = graph.values(op.weights)
    deep = op.kind == "DEPTHWISE_CONV_2D"
    return weights.reshape(-1, weights.shape[-1]).T if deep else weights.reshape(len(weights), -1)


def test_ranges_are_the_lowest_and_highest_values_by_channel(
    float32_of: Float32Of, observed: Observed, images: list[Bytes]
) -> None:
    graph, seen = FloatGraph(float32_of("bottlenecks")), observed("bottlenecks").seen
    said = _said(float32_of("bottlenecks"), images)
    assert list(seen) == [op.output for op in graph.ops]
    for op in graph.ops[len(before_weights(graph)) :]:
        np.testing.assert_array_equal(seen[op.output].low, said[op.output].min(axis=(0, 1)))
        np.testing.assert_array_equal(seen[op.output].high, said[op.output].max(axis=(0, 1)))


def test_a_pixel_may_take_any_value_whatever_the_images_held(float32_of: Float32Of) -> None:
    grey = [np.full((16, 16, 1), 100, np.uint8)]
    graph, statistics = FloatGraph(float32_of("plain")), observe(float32_of("plain"), grey)
    cast, scaled, shifted, conv = (statistics.seen[op.output] for op in graph.ops[:4])
    said = _said(float32_of("plain"), grey)[graph.ops[3].output]
    assert (cast.low, cast.high) == (0, 255)
    assert (scaled.high - scaled.low, shifted.high - shifted.low) == (255 / 64, 255 / 64)
    np.testing.assert_array_equal(conv.high, said.max(axis=(0, 1)))


def test_the_quantiser_is_told_one_range_a_tensor_by_its_name(float32_of: Float32Of, observed: Observed) -> None:
    graph, statistics = FloatGraph(float32_of("linear")), observed("linear")
    ranges = statistics.ranges(graph)
    first = graph.ops[3].output
    assert set(ranges) == {graph.name(op.output) for op in graph.ops}
    assert ranges[graph.name(first)] == {
        "min": statistics.seen[first].low.min(),
        "max": statistics.seen[first].high.max(),
    }


def test_moments_are_gathered_for_who_asks(float32_of: Float32Of, images: list[Bytes]) -> None:
    assert observe(float32_of("linear"), images).met == {}


def test_means_give_the_mean_of_what_weights_compute(
    float32_of: Float32Of, observed: Observed, images: list[Bytes]
) -> None:
    """Convolution, depthwise and dense, with strides and uneven padding; what the runtime says is the measure."""
    graph, met, said = FloatGraph(float32_of("linear")), observed("linear").met, _said(float32_of("linear"), images)
    assert [graph.ops[place].kind for place in met] == ["CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D", "FULLY_CONNECTED"]
    for place, one in met.items():
        op = graph.ops[place]
        mean = one.mean.T if op.kind == "DEPTHWISE_CONV_2D" else one.mean.reshape(1, -1)
        expected = said[op.output].mean(axis=(0, 1)) - graph.values(op.bias)
        np.testing.assert_allclose((_weight_rows(graph, op) * mean).sum(axis=1), expected, atol=1e-4)


def test_second_moments_give_the_mean_square_of_what_weights_compute(
    float32_of: Float32Of, observed: Observed, images: list[Bytes]
) -> None:
    graph, met, said = FloatGraph(float32_of("linear")), observed("linear").met, _said(float32_of("linear"), images)
    for place, one in met.items():
        op = graph.ops[place]
        rows = _weight_rows(graph, op)
        second = np.broadcast_to(one.second, (len(rows), rows.shape[1], rows.shape[1]))
        expected = np.square(said[op.output] - graph.values(op.bias)).mean(axis=(0, 1))
        np.testing.assert_allclose(np.einsum("ri,rij,rj->r", rows, second, rows), expected, rtol=1e-4)


def test_of_a_large_image_some_places_are_looked_at() -> None:
    op = Op("CONV_2D", (0,), 1, 2, 3, "NONE", (1, 1), same=True)
    values = np.arange(1.0, 1025.0, dtype=np.float32).reshape(32, 32, 1)
    found = patches(op, (4, 3, 3, 1), values, np.random.default_rng(0))
    middles = found[:, 4, 0]
    assert found.shape == (PATCHES, 9, 1)
    assert len(set(middles)) == PATCHES
    right = found[:, 5, 0]
    np.testing.assert_array_equal(right, np.where(middles % 32 == 0, 0, middles + 1))


def test_of_very_many_inputs_only_the_means_are_kept(
    float32_of: Float32Of, images: list[Bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observing, "MOST_INPUTS", 71)
    graph, met = FloatGraph(float32_of("linear")), observe(float32_of("linear"), images, moments=True).met
    without = {graph.shape(graph.ops[place].weights) for place, one in met.items() if one.second is None}
    assert (without, len(met)) == ({(5, 3, 3, 8)}, 4)


def test_weights_without_a_place_for_each_channel_have_no_moments(float32_of: Float32Of, observed: Observed) -> None:
    graph, met = FloatGraph(float32_of("uneven")), observed("uneven").met
    assert [graph.shape(op.weights) for place, op in enumerate(graph.ops) if op.weights >= 0 and place not in met] == [
        (8, 3, 3, 4),
        (1, 3, 3, 16),
    ]


@pytest.mark.parametrize("at_once", [1, 5, 100])
def test_however_many_images_are_multiplied_at_once_none_is_left_out(
    at_once: int, float32_of: Float32Of, observed: Observed, images: list[Bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observing, "AT_ONCE", at_once)
    met = observe(float32_of("bottlenecks"), images, moments=True).met
    for place, one in observed("bottlenecks").met.items():
        np.testing.assert_allclose(_flat(met[place]), _flat(one), rtol=1e-5)


def test_the_same_images_give_the_same_statistics(observed: Observed) -> None:
    one, other = observed("bottlenecks").met, observed("bottlenecks").met
    assert all(np.array_equal(_flat(one[place]), _flat(other[place])) for place in one)


def _flat(met: Met) -> np.ndarray:
    assert met.second is not None
    return np.concatenate([met.mean.ravel(), met.second.ravel()])

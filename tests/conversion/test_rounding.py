"""Weights that int8 holds exactly, and whose errors cancel: on networks, and on inputs drawn to hang together."""

from collections.abc import Callable

import numpy as np
import pytest

from tflite_mammo.conversion import rounding
from tflite_mammo.conversion.answers import answers
from tflite_mammo.conversion.graph import FloatGraph, Op
from tflite_mammo.conversion.rounding import LEVELS, round_weights, together
from tflite_mammo.conversion.statistics import Met, Statistics
from tflite_mammo.preprocess import Bytes

Float32Of = Callable[[str], bytes]
Observed = Callable[[str], Statistics]
pytestmark = pytest.mark.filterwarnings("ignore:.*experimental_preserve_all_tensors")
RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(6, 100))
STEPS = np.abs(ROWS).max(axis=1) / 7  # coarse, so that errors are large
MET = RNG.normal(size=(400, 10)) @ RNG.normal(size=(10, 100)) + 0.1 * RNG.normal(size=(400, 100)) + 0.5
"""A hundred inputs that ten things rule."""
SECOND = MET.T @ MET / len(MET)


def _nearest(rows: np.ndarray) -> np.ndarray:
    return np.rint(rows / STEPS[:, np.newaxis]) * STEPS[:, np.newaxis]


def _error(rounded: np.ndarray) -> np.ndarray:
    """Of what each row computes: the mean square over all that is met."""
    return np.square((rounded - ROWS) @ MET.T).mean(axis=1)


def _rows(graph: FloatGraph, op: Op) -> np.ndarray:
    """(what has a step of its own, its weights)."""
    weights = graph.values(op.weights).astype(np.float64)
    deep = op.kind == "DEPTHWISE_CONV_2D"
    return weights.reshape(-1, weights.shape[-1]).T if deep else weights.reshape(len(weights), -1)


def _rounded(name: str, float32_of: Float32Of, statistics: Statistics) -> tuple[FloatGraph, FloatGraph]:
    before, after = FloatGraph(float32_of(name)), FloatGraph(float32_of(name))
    round_weights(after, statistics)
    return before, after


@pytest.mark.parametrize("name", ["bottlenecks", "dense"])
def test_rounded_weights_lie_on_the_steps_that_the_largest_gives(
    name: str, float32_of: Float32Of, observed: Observed
) -> None:
    _, graph = _rounded(name, float32_of, observed(name))
    weighted = [op for op in graph.ops[: graph.last_dense()] if op.weights >= 0]
    for op in weighted:
        rows = _rows(graph, op)
        steps = np.abs(rows).max(axis=1, keepdims=True) / LEVELS
        np.testing.assert_allclose(rows / steps, np.rint(rows / steps), atol=1e-4)
    assert len(weighted) >= 2


def test_weights_of_the_logits_stay_as_they_are(float32_of: Float32Of, observed: Observed) -> None:
    before, after = _rounded("dense", float32_of, observed("dense"))
    logits = before.ops[before.last_dense()].weights
    np.testing.assert_array_equal(after.values(logits), before.values(logits))


def test_a_bias_takes_off_the_mean_of_the_error(float32_of: Float32Of, observed: Observed) -> None:
    statistics = observed("linear")
    before, after = _rounded("linear", float32_of, statistics)
    for place, met in statistics.met.items():
        op = before.ops[place]
        mean = met.mean.T if op.kind == "DEPTHWISE_CONV_2D" else met.mean.reshape(1, -1)
        was, now = ((_rows(graph, op) * mean).sum(axis=1) + graph.values(op.bias) for graph in (before, after))
        np.testing.assert_allclose(now, was, atol=1e-5)


def test_a_rounded_network_answers_nearly_as_before(
    float32_of: Float32Of, observed: Observed, images: list[Bytes]
) -> None:
    """With 17 levels, so that what is lost by rounding each weight for itself shows."""
    expected = answers(float32_of("bottlenecks"), images)
    errors = {}
    for way in ("together", "nearest"):
        statistics = observed("bottlenecks")
        for met in statistics.met.values():
            met.second = met.second if way == "together" else None
            met.mean = met.mean if way == "together" else np.zeros_like(met.mean)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rounding, "LEVELS", 8)
            _, graph = _rounded("bottlenecks", float32_of, statistics)
        errors[way] = np.square(answers(graph.flatbuffer(), images) - expected).mean()
    assert errors["together"] < 0.3 * errors["nearest"]


def test_weights_rounded_together_err_less_than_each_for_itself() -> None:
    rounded = together(ROWS, STEPS, SECOND)
    np.testing.assert_allclose(rounded / STEPS[:, np.newaxis], np.rint(rounded / STEPS[:, np.newaxis]), atol=1e-9)
    assert (_error(rounded) < 0.2 * _error(_nearest(ROWS))).all()


def test_where_inputs_have_nothing_in_common_each_is_rounded_for_itself() -> None:
    np.testing.assert_allclose(together(ROWS, STEPS, np.eye(100)), _nearest(ROWS), atol=1e-9)


def test_the_order_of_the_inputs_does_not_matter() -> None:
    order = RNG.permutation(100)
    shuffled = together(ROWS[:, order], STEPS, SECOND[np.ix_(order, order)])
    np.testing.assert_allclose(shuffled, together(ROWS, STEPS, SECOND)[:, order], atol=1e-9)


def test_blocks_are_only_a_faster_way(monkeypatch: pytest.MonkeyPatch) -> None:
    in_blocks = together(ROWS, STEPS, SECOND)
    monkeypatch.setattr(rounding, "BLOCK", 1000)
    np.testing.assert_allclose(together(ROWS, STEPS, SECOND), in_blocks, atol=1e-9)


def test_inputs_that_are_never_met_are_rounded_for_themselves() -> None:
    dead = np.arange(100) < 30
    met = np.where(dead, 0, MET)
    rounded = together(ROWS, STEPS, met.T @ met / len(met))
    np.testing.assert_allclose(rounded[:, dead], _nearest(ROWS)[:, dead], atol=1e-9)


def test_nothing_met_at_all_is_no_error() -> None:
    np.testing.assert_allclose(together(ROWS, STEPS, np.zeros((100, 100))), _nearest(ROWS), atol=1e-9)


@pytest.mark.parametrize(("often", "cut"), [(0.0, True), (1.0, False)])
def test_a_large_weight_is_cut_where_it_meets_next_to_nothing(often: float, cut: bool, float32_of: Float32Of) -> None:
    """All others are then told in finer steps."""
    graph = FloatGraph(float32_of("plain"))
    place, op = next((place, op) for place, op in enumerate(graph.ops) if op.weights >= 0)
    weights = np.full((8, 3, 3, 1), 0.013)
    weights[:, 0, 0] = 1
    graph.change(op.weights, weights)
    met = np.append(often, np.ones(8))
    round_weights(graph, Statistics(met={place: Met(met[:, np.newaxis], np.diag(met))}))
    assert (np.abs(graph.values(op.weights)[:, 0, 0]) < 0.99).all() == cut


def test_halves_are_rounded_together_too(float32_of: Float32Of, observed: Observed, images: list[Bytes]) -> None:
    """Each weight is a float16, the logits' among them, and less is lost than by the nearest one for each."""
    float32, statistics = float32_of("bottlenecks"), observed("bottlenecks")
    expected, together, nearest = answers(float32, images), FloatGraph(float32), FloatGraph(float32)
    round_weights(together, statistics, half=True)
    for op in nearest.ops:
        if op.weights >= 0:
            nearest.change(op.weights, nearest.values(op.weights).astype(np.float16))
            rounded = together.values(op.weights)
            np.testing.assert_array_equal(rounded, rounded.astype(np.float16))
    lost = [np.abs(answers(graph.flatbuffer(), images) - expected).mean() for graph in (together, nearest)]
    assert 0 < lost[0] < 0.5 * lost[1]

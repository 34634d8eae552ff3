"""Which tensors lose most in steps: each alone, in order, and none that only hands on the steps of another."""

from collections.abc import Callable

import numpy as np
import pytest

from tflite_mammo.conversion.answers import answers
from tflite_mammo.conversion.blame import blame
from tflite_mammo.conversion.graph import FloatGraph
from tflite_mammo.conversion.statistics import Seen, Statistics
from tflite_mammo.preprocess import Bytes

Float32Of = Callable[[str], bytes]
Observed = Callable[[str], Statistics]
pytestmark = pytest.mark.filterwarnings("ignore:.*experimental_preserve_all_tensors")


def test_every_tensor_before_the_head_that_is_computed_anew_is_blamed(
    float32_of: Float32Of, observed: Observed, images: list[Bytes]
) -> None:
    graph = FloatGraph(float32_of("padded apart"))
    blamed = blame(float32_of("padded apart"), observed("padded apart"), images)
    kinds = {op.output: op.kind for op in graph.ops}
    assert sorted(kinds[one.tensor] for one in blamed) == ["ADD", "CONV_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "MUL"]
    assert [one.error for one in blamed] == sorted((one.error for one in blamed), reverse=True)
    assert {kinds[one.tensor] for one in blamed if one.error == 0} == {"MUL", "ADD"}  # of pixels, which are 256 steps


def test_only_tensors_that_are_asked_for_are_blamed(
    float32_of: Float32Of, observed: Observed, images: list[Bytes]
) -> None:
    every = blame(float32_of("bottlenecks"), observed("bottlenecks"), images)
    asked = {one.tensor for one in every[::2]}
    assert blame(float32_of("bottlenecks"), observed("bottlenecks"), images, asked) == every[::2]


def test_the_tensor_of_the_widest_range_is_blamed_first(
    float32_of: Float32Of, observed: Observed, images: list[Bytes]
) -> None:
    statistics = observed("bottlenecks")
    culprit = next(op.output for op in FloatGraph(float32_of("bottlenecks")).ops if op.kind == "DEPTHWISE_CONV_2D")
    before = {one.tensor: one.error for one in blame(float32_of("bottlenecks"), statistics, images)}
    statistics.seen[culprit] = Seen(statistics.seen[culprit].low, np.append(statistics.seen[culprit].high, 500.0))
    after = {one.tensor: one.error for one in blame(float32_of("bottlenecks"), statistics, images)}
    assert next(iter(after)) == culprit
    assert after[culprit] > 10 * before[culprit]
    assert all(after[tensor] == before[tensor] for tensor in before if tensor != culprit)


def test_an_error_is_the_root_mean_square_in_log_odds(
    float32_of: Float32Of, observed: Observed, images: list[Bytes]
) -> None:
    graph, statistics = FloatGraph(float32_of("plain")), observed("plain")
    gravest = blame(float32_of("plain"), statistics, images)[0]
    seen = statistics.seen[gravest.tensor]
    with graph.in_steps(gravest.tensor, seen.low.min(), seen.high.max()) as stepped:
        off = answers(stepped, images) - answers(float32_of("plain"), images)
    assert gravest.error == pytest.approx(np.sqrt(np.mean(off**2)))

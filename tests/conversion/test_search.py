"""The search for precision on a network that int8 hurts: rung by rung, no further than needed, at the price agreed."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import norm

from tflite_mammo.conversion import search as searching
from tflite_mammo.conversion.answers import answers
from tflite_mammo.conversion.blame import Blame
from tflite_mammo.conversion.ends import finish_ends
from tflite_mammo.conversion.graph import FloatGraph, Op
from tflite_mammo.conversion.ladder import MARGIN, Ladder, Rung
from tflite_mammo.conversion.preset import QuantPreset, read_preset
from tflite_mammo.conversion.search import AS_IT_IS, STEPS, TUNED, alike, dearest, search
from tflite_mammo.preprocess import Bytes

Float32Of = Callable[[str], bytes]
Found = tuple[bytes, Ladder]
pytestmark = pytest.mark.filterwarnings("ignore:.*experimental_preserve_all_tensors")
ASKED = 0.4
"""The threshold."""


def _preset(label_flips: float) -> QuantPreset:
    preset = read_preset("int8")
    return replace(preset, budget=replace(preset.budget, label_flips=label_flips))


@pytest.fixture(scope="module")
def validation() -> list[Bytes]:
    rng = np.random.default_rng(1)
    coarse = np.kron(rng.integers(0, 200, (40, 4, 4, 1)), np.ones((1, 4, 4, 1)))
    return list((coarse + rng.integers(0, 40, coarse.shape)).astype(np.uint8))


@pytest.fixture(scope="module")
def climbed(float32_of: Float32Of, images: list[Bytes], validation: list[Bytes]) -> Found:
    """To the last rung: nothing is good enough where no label may be expected to flip."""
    return search(float32_of("bottlenecks"), _preset(0.0), images, validation, ASKED)


def test_rung_by_rung_what_int8_hurts_becomes_better(climbed: Found) -> None:
    """Its channels are as unlike as 1 to 32, and matter alike."""
    rungs = climbed[1].rungs
    assert [rung.name for rung in rungs[:2]] == [AS_IT_IS, TUNED]
    assert len(rungs) >= 4
    assert rungs[1].score_error < 0.3 * rungs[0].score_error
    assert min(rung.score_error for rung in rungs[2:]) < 0.95 * rungs[1].score_error
    assert min(rung.expected_flips for rung in rungs[2:]) < rungs[1].expected_flips < rungs[0].expected_flips


def test_every_further_rung_leaves_other_layers_in_float(climbed: Found) -> None:
    left = [rung.in_float for rung in climbed[1].rungs]
    assert left[:2] == [(), ()]
    assert all(one != other for one, other in pairwise(left[1:]))
    assert all(left[2:])


def test_what_is_not_good_enough_is_the_best_that_was_tried(climbed: Found) -> None:
    ladder = climbed[1]
    flips = [rung.expected_flips for rung in ladder.rungs]
    assert not ladder.good_enough
    assert ladder.chosen == flips.index(min(flips))


def test_the_file_is_that_of_the_rung_that_was_chosen(
    climbed: Found,
    float32_of: Float32Of,
    validation: list[Bytes],
    scores_of: Callable[[bytes, Sequence[Bytes]], np.ndarray],
) -> None:
    file, ladder = climbed
    rung = ladder.rungs[ladder.chosen]
    said, sound = (scores_of(one, validation)[:, 1] for one in (file, finish_ends(float32_of("bottlenecks"))))
    assert rung.size_bytes == len(file)
    assert rung.score_error == pytest.approx(np.abs(said - sound).mean(), abs=1e-6)
    assert rung.flips == ((said >= ASKED) != (sound >= ASKED)).mean()


def test_labels_are_expected_to_flip_by_the_errors_where_labels_are_at_stake(
    climbed: Found, float32_of: Float32Of, images: list[Bytes], validation: list[Bytes]
) -> None:
    """A normal error of the size that it has in the half nearer to the threshold, for each score where it lies."""
    (file, ladder), both = climbed, [*validation, *images]
    sound = answers(float32_of("bottlenecks"), both)
    off, far = answers(file, both) - sound, np.abs(sound - np.log(ASKED / (1 - ASKED)))
    size = np.sqrt(np.mean(off[far <= np.median(far)] ** 2))
    assert ladder.rungs[ladder.chosen].expected_flips == pytest.approx(norm.sf(far / size).mean())


def test_the_mean_of_the_errors_is_taken_off(climbed: Found, float32_of: Float32Of, images: list[Bytes]) -> None:
    """As the calibration images tell it."""
    off = answers(climbed[0], images) - answers(float32_of("bottlenecks"), images)
    assert abs(off.mean()) < 1e-4
    assert off.std() > 1e-3


def test_the_same_search_twice_finds_the_same(
    climbed: Found, float32_of: Float32Of, images: list[Bytes], validation: list[Bytes]
) -> None:
    file, ladder = search(float32_of("bottlenecks"), _preset(0.0), images, validation, ASKED)
    assert file == climbed[0]
    assert _timeless(ladder) == _timeless(climbed[1])


def _timeless(ladder: Ladder) -> Ladder:
    return replace(ladder, rungs=tuple(replace(rung, median_ms=0.0) for rung in ladder.rungs))


def test_where_the_preset_is_good_enough_only_what_costs_the_device_nothing_is_tried(
    float32_of: Float32Of, images: list[Bytes], validation: list[Bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(searching, "blame")
    told: list[int] = []
    _, ladder = search(float32_of("bottlenecks"), _preset(1.0), images, validation, ASKED, told.append)
    assert ([rung.name for rung in ladder.rungs], ladder.chosen, ladder.good_enough) == ([AS_IT_IS, TUNED], 1, True)
    assert sum(told) == STEPS


def test_what_a_search_tells_on_its_way_is_seen(
    float32_of: Float32Of, images: list[Bytes], validation: list[Bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[int] = []

    def tell(steps: int) -> None:
        told.append(steps)
        os.write(2, b"on its way\n")

    search(float32_of("bottlenecks"), _preset(0.0), images, validation, ASKED, tell)
    assert len(told) > 2
    assert capfd.readouterr().err == "on its way\n" * len(told)


def test_a_search_ends_on_the_first_rung_that_is_good_enough(
    climbed: Found, float32_of: Float32Of, images: list[Bytes], validation: list[Bytes]
) -> None:
    rungs = climbed[1].rungs
    assert rungs[2].expected_flips < rungs[1].expected_flips
    _, ladder = search(float32_of("bottlenecks"), _preset(rungs[2].expected_flips / MARGIN), images, validation, ASKED)
    assert _timeless(ladder).rungs == tuple(replace(rung, median_ms=0.0) for rung in rungs[:3])
    assert (ladder.chosen, ladder.good_enough) == (2, True)


def test_where_the_preset_as_it_is_does_what_costs_more_is_not_tried(
    float32_of: Float32Of, images: list[Bytes], validation: list[Bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def tried(float32: bytes, *_: object) -> Iterator[tuple[bytes, Rung]]:
        for expected in (0.002, 0.004, 0.001):
            yield float32, Rung(str(expected), expected, 0.0, 0.0, (), 1)

    monkeypatch.setattr(searching, "_tried", tried)
    monkeypatch.setattr(searching, "_timed", lambda files, rungs: tuple(rungs))
    _, ladder = search(float32_of("bottlenecks"), _preset(0.003 / MARGIN), images, validation, ASKED)
    assert ([rung.name for rung in ladder.rungs], ladder.chosen) == (["0.002", "0.004"], 0)


def test_just_what_is_allowed_is_good_enough_and_yet_better_is_looked_for(
    climbed: Found, float32_of: Float32Of, images: list[Bytes], validation: list[Bytes]
) -> None:
    least = min(rung.expected_flips for rung in climbed[1].rungs)
    _, ladder = search(float32_of("bottlenecks"), _preset(least), images, validation, ASKED)
    assert (len(ladder.rungs), ladder.good_enough) == (len(climbed[1].rungs), True)


def test_labels_that_do_flip_do_not_decide(
    climbed: Found, float32_of: Float32Of, images: list[Bytes], validation: list[Bytes]
) -> None:
    tuned = climbed[1].rungs[1]
    assert tuned.flips > tuned.expected_flips
    _, ladder = search(float32_of("bottlenecks"), _preset(tuned.expected_flips / MARGIN), images, validation, ASKED)
    assert (len(ladder.rungs), ladder.chosen) == (2, 1)


@pytest.mark.parametrize(
    ("of_work", "of_weights"), [(0.0, 1.0), (0.05, 1.0), (0.2, 1.0), (0.5, 1.0), (1.0, 1.0), (1.0, 0.5), (1.0, 0.2)]
)
def test_what_is_left_in_float_stays_within_its_share_of_work_and_weights(
    of_work: float, of_weights: float, float32_of: Float32Of
) -> None:
    graph = FloatGraph(float32_of("bottlenecks"))
    blamed = [Blame(op.output, 1.0) for op in graph.ops[: graph.head()]]
    chosen = dearest(graph, blamed, of_work, of_weights)
    around = [graph.ops[place] for place in graph.around(chosen)]
    assert sum(map(graph.work, around)) <= of_work * sum(map(graph.work, graph.ops))
    assert _weights(graph, around) <= of_weights * _weights(graph, graph.ops)
    assert bool(chosen) == (of_work > 0)
    assert (len(chosen) == len(blamed)) == (of_work == of_weights == 1)


def _weights(graph: FloatGraph, ops: Sequence[Op]) -> int:
    return sum(graph.values(op.weights).size for op in ops if op.weights >= 0)


@pytest.mark.parametrize(
    ("name", "value", "kind"), [("MOST_TAPS", 8, "DEPTHWISE_CONV_2D"), ("UNLIKE", frozenset({"ADD"}), "ADD")]
)
def test_what_processors_compute_unlike_in_float_stays_in_integers(
    name: str, value: object, kind: str, float32_of: Float32Of, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, name, value)
    graph = FloatGraph(float32_of("bottlenecks"))
    chosen = dearest(graph, [Blame(tensor, 1.0) for tensor in alike(graph)], 1.0, 1.0)
    kinds = {graph.ops[place].kind for place in graph.around(chosen)}
    assert kinds & {"CONV_2D", "DEPTHWISE_CONV_2D", "ADD"} == {"CONV_2D", "DEPTHWISE_CONV_2D", "ADD"} - {kind}


def test_where_nothing_is_computed_alike_nothing_is_left_in_float(
    float32_of: Float32Of, images: list[Bytes], validation: list[Bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "UNLIKE", {op.kind for op in FloatGraph(float32_of("bottlenecks")).ops})
    _, ladder = search(float32_of("bottlenecks"), _preset(0.0), images, validation, ASKED)
    assert [rung.name for rung in ladder.rungs] == [AS_IT_IS, TUNED]


def test_what_loses_nothing_in_steps_is_not_left_in_float(float32_of: Float32Of) -> None:
    graph = FloatGraph(float32_of("plain"))
    lossy, exact = [op.output for op in graph.ops if op.kind == "CONV_2D"]
    assert dearest(graph, [Blame(lossy, 0.1), Blame(exact, 0.0)], 1.0, 1.0) == {lossy}


def test_the_first_left_in_float_takes_most_error_away_for_its_work(float32_of: Float32Of) -> None:
    """There is work for one of the two."""
    graph = FloatGraph(float32_of("bottlenecks"))
    cheap, dear = graph.ops[graph.head() - 1].output, next(op.output for op in graph.ops if "DEPTHWISE" in op.kind)
    little, much = (sum(graph.work(graph.ops[place]) for place in graph.around({one})) for one in (cheap, dear))
    share, even = much / sum(graph.work(op) for op in graph.ops), np.sqrt(much / little)
    assert even > 1.2
    for error, expected in ((0.95 * even, cheap), (1.05 * even, dear)):
        assert dearest(graph, [Blame(dear, error), Blame(cheap, 1.0)], share, 1.0) == {expected}

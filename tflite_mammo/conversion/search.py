"""A float32 network, calibration images and validation images to the cheapest int8 file that still decides alike.

Rungs of a ladder: as the preset says; channels equalised and weights rounded together, which costs the device nothing
and is always tried; then, where that is not enough, more and more tensors in float, those first whose steps cost most
for the work that float costs there. What is left of the errors' mean, which training images tell, is taken off each.
Calibration images are of training patients, the choice is made on validation patients, the verdict is others' to give.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from tflite_mammo.benchmarking.glance import glance
from tflite_mammo.console import Advance, no_progress
from tflite_mammo.conversion.answers import answers, log_odds
from tflite_mammo.conversion.blame import Blame, blame
from tflite_mammo.conversion.equalise import equalise
from tflite_mammo.conversion.graph import FloatGraph, Op
from tflite_mammo.conversion.ladder import MARGIN, Ladder, Rung
from tflite_mammo.conversion.preset import QuantPreset
from tflite_mammo.conversion.quantise import quantise_with, silenced
from tflite_mammo.conversion.rounding import round_weights
from tflite_mammo.conversion.statistics import Statistics, observe
from tflite_mammo.preprocess import Bytes

BLAMED_ON = 12
"""Images that tell which tensors lose most: four times as many changed no order that mattered."""
IN_FLOAT = (0.05, 0.1, 0.2)
"""Shares of the network's work that may be done in float, a rung each; float takes two to three times int8's time."""
WEIGHTS_IN_FLOAT = 0.2
"""Their share at most, each four bytes instead of one: so a file stays below about two fifths of the float32 one."""
UNLIKE = frozenset({"LOGISTIC", "FULLY_CONNECTED"})
"""Operators whose floats differ in the last digits between x86 and ARM: between integers that becomes another integer,
and a board's scores are no longer those that were proven."""
MOST_TAPS = 9
"""Depthwise operators with more differ likewise."""
FREE = 2
"""Rungs that cost the device nothing."""
STEPS = FREE + len(IN_FLOAT)
"""At most, as `advance` is told: one a rung."""
AS_IT_IS, TUNED = "as the preset says", "channels equalised, weights rounded together"


@dataclass(frozen=True, eq=False)
class _Ground:
    """What rungs are judged on."""

    calibration: Sequence[Bytes]
    validation: Sequence[Bytes]
    sound: NDArray[np.float64]
    """The log-odds of the float network for the validation images."""
    sound_in_training: NDArray[np.float64]
    threshold: float
    """In log-odds."""


def search(
    float32: bytes,
    preset: QuantPreset,
    calibration: Sequence[Bytes],
    validation: Sequence[Bytes],
    threshold: float,
    advance: Advance = no_progress,
) -> tuple[bytes, Ladder]:
    files, rungs = [], list[Rung]()
    tried = _tried(float32, preset, calibration, validation, threshold)
    while len(rungs) < FREE or min(rung.expected_flips for rung in rungs) > MARGIN * preset.budget.label_flips:
        with silenced():  # which would swallow what `advance` tells
            found = next(tried, None)
        if found is None:
            break
        files.append(found[0])
        rungs.append(found[1])
        advance(1)
    advance(STEPS - len(rungs))
    chosen = min(range(len(rungs)), key=lambda i: rungs[i].expected_flips)
    return files[chosen], Ladder(_timed(files, rungs), chosen, rungs[chosen].within(preset.budget.label_flips))


def _tried(
    float32: bytes, preset: QuantPreset, calibration: Sequence[Bytes], validation: Sequence[Bytes], threshold: float
) -> Iterator[tuple[bytes, Rung]]:
    statistics = observe(float32, calibration, moments=True)
    ground = _Ground(
        calibration,
        validation,
        answers(float32, validation),
        answers(float32, calibration),
        float(log_odds(np.array([threshold]))[0]),
    )
    for name, file, layers in _climb(float32, preset, statistics, ground):
        off = answers(file, calibration) - ground.sound_in_training
        moved = _moved(file, -float(off.mean()))
        yield moved, _judge(name, moved, layers, off - off.mean(), ground)


def _climb(
    float32: bytes, preset: QuantPreset, statistics: Statistics, ground: _Ground
) -> Iterator[tuple[str, bytes, tuple[str, ...]]]:
    yield AS_IT_IS, quantise_with(float32, preset, statistics), ()
    graph = FloatGraph(float32)
    equalise(graph, statistics)
    equalised = graph.flatbuffer()
    round_weights(graph, statistics)
    rounded = graph.flatbuffer()
    yield TUNED, quantise_with(rounded, preset, statistics), ()
    blamed = blame(equalised, statistics, ground.calibration[:BLAMED_ON], alike(graph))
    before = frozenset[int]()
    for share in IN_FLOAT:
        tensors = dearest(graph, blamed, share, WEIGHTS_IN_FLOAT)
        if tensors != before:
            layers = tuple(dict.fromkeys(graph.layer(tensor) for tensor in sorted(tensors)))
            mixed = _unrounded_around(tensors, rounded, equalised)
            yield f"{TUNED}, {100 * share:.0f} % in float", quantise_with(mixed, preset, statistics, tensors), layers
        before = tensors


def alike(graph: FloatGraph) -> frozenset[int]:
    """Tensors around which every processor computes the same, down to the last digit, in floats too."""
    unlike = {place for place, op in enumerate(graph.ops) if op.kind in UNLIKE or _taps(graph, op) > MOST_TAPS}
    return frozenset(op.output for op in graph.ops if not graph.around({op.output}) & unlike)


def _taps(graph: FloatGraph, op: Op) -> int:
    return int(np.prod(graph.shape(op.weights)[1:3])) if op.kind == "DEPTHWISE_CONV_2D" else 1


def _unrounded_around(tensors: frozenset[int], rounded: bytes, equalised: bytes) -> bytes:
    """What computes in float has no use for weights that were rounded for int8."""
    graph, whole = FloatGraph(rounded), FloatGraph(equalised)
    for place in graph.around(tensors):
        for constant in (graph.ops[place].weights, graph.ops[place].bias):
            if constant >= 0:
                graph.change(constant, whole.values(constant))
    return graph.flatbuffer()


def dearest(graph: FloatGraph, blamed: Sequence[Blame], of_work: float, of_weights: float) -> frozenset[int]:
    """Tensors to keep in float: always the one that takes most of the error away for the work it adds."""
    costs = np.array([(graph.work(op), graph.size(op.weights) if op.weights >= 0 else 0) for op in graph.ops])
    left, chosen, around = np.array([of_work, of_weights]) * costs.sum(axis=0), set[int](), set[int]()
    while True:
        added = {
            one.tensor: costs[sorted(graph.around({one.tensor}) - around)].sum(axis=0)
            for one in blamed
            if one.error and one.tensor not in chosen  # pixels alone lose nothing in 256 steps
        }
        affordable = [one for one in blamed if one.tensor in added and (added[one.tensor] <= left).all()]
        if not affordable:
            return frozenset(chosen)
        best = max(affordable, key=lambda one: one.error**2 / max(added[one.tensor][0], 1))
        left = left - added[best.tensor]
        chosen.add(best.tensor)
        around |= graph.around({best.tensor})


def _moved(file: bytes, by: float) -> bytes:
    """The finding's logit, for all images alike."""
    graph = FloatGraph(file)
    dense = graph.ops[graph.last_dense()]
    bias = graph.values(dense.bias).copy()
    bias[-1] += by
    graph.change(dense.bias, bias)
    return graph.flatbuffer()


def _judge(name: str, file: bytes, layers: tuple[str, ...], off: NDArray[np.float64], ground: _Ground) -> Rung:
    """off: by how much it is off on training images."""
    found = answers(file, ground.validation)
    # The threshold was locked on validation scores and lies next to some of them: there one flips too easily.
    off = np.concatenate([found - ground.sound, off])
    distance = np.abs(np.concatenate([ground.sound, ground.sound_in_training]) - ground.threshold)
    near = distance <= np.median(distance)  # where scores are extreme, so are errors, and no label is at stake
    error = float(np.sqrt(np.square(off)[near].mean()))
    return Rung(
        name=name,
        expected_flips=float(ndtr(-distance / max(error, 1e-9)).mean()),
        flips=float(((found >= ground.threshold) != (ground.sound >= ground.threshold)).mean()),
        score_error=float(np.abs(expit(found) - expit(ground.sound)).mean()),
        in_float=layers,
        size_bytes=len(file),
    )


def _timed(files: Sequence[bytes], rungs: Sequence[Rung]) -> tuple[Rung, ...]:
    with TemporaryDirectory() as scratch:
        paths = [Path(scratch) / f"{number}.tflite" for number in range(len(files))]
        for path, file in zip(paths, files, strict=True):
            path.write_bytes(file)
        speeds = glance(paths)
    return tuple(replace(rung, median_ms=speed[0].median_ms) for rung, speed in zip(rungs, speeds, strict=True))

"""Which tensors of a network lose most when they are told in 256 steps: each for itself, everything else in float."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from tflite_mammo.conversion.answers import answers
from tflite_mammo.conversion.graph import EXACT, FloatGraph
from tflite_mammo.conversion.statistics import Statistics
from tflite_mammo.preprocess import Bytes


@dataclass(frozen=True)
class Blame:
    tensor: int
    error: float
    """Root of the mean square of what its steps do to the finding's log-odds."""


def blame(
    flatbuffer: bytes, statistics: Statistics, images: Sequence[Bytes], among: Collection[int] | None = None
) -> list[Blame]:
    """The gravest first; among: of these tensors, instead of all."""
    graph, sound, found = FloatGraph(flatbuffer), answers(flatbuffer, images), []
    for op in graph.ops[: graph.head()]:
        if op.kind in EXACT or (among is not None and op.output not in among):
            continue
        seen = statistics.seen[op.output]
        with graph.in_steps(op.output, float(seen.low.min()), float(seen.high.max())) as stepped:
            off = answers(stepped, images) - sound
        found.append(Blame(op.output, float(np.sqrt(np.square(off).mean()))))
    return sorted(found, key=lambda one: -one.error)

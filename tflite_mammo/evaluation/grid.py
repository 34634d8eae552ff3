"""Which scores a model can give at all: a table to the grid that its scores stand on, and what that does to a call.

An int8 softmax answers multiples of 1/256. A float softmax behind an int8 layer answers few scores too: the logits come
in even steps, so the scores lie close together near 0 and 1 and far apart in the middle.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

FINEST = 10
"""Halvings of 1 that are tried: finer than 1/1024 hurts no threshold."""
COARSE = 0.0025
"""A wider step around the threshold is worth a warning."""
SAME = 1e-6
"""Scores nearer than this differ by a float's rounding alone."""
CERTAIN = (1e-4, 1 - 1e-4)
"""Beyond them a float32 holds too little of the logit."""
LEAST_STEPS = 8
"""Fewer steps may be even by chance."""
UNEVEN = 0.05
"""How far from a whole number of steps a step may lie."""


@dataclass(frozen=True)
class ScoreGrid:
    distinct: int
    kind: Literal["even", "logit", "none"]
    """Steps of one size in the score, in its logit, or none that could be seen."""
    on_below: int
    on_above: int
    """How many images have the scores next to the threshold."""
    below: float | None = None
    above: float | None = None
    """Those scores; the threshold acts as the upper one. None where there is none on that side."""
    smallest_step: float | None = None
    """Between two scores that were seen; None where there is one score."""
    unit: float | None = None
    """The size of a step."""
    at_threshold: float | None = None
    """How far apart scores can be told around the threshold."""

    @property
    def coarse(self) -> bool:
        return self.at_threshold is not None and self.at_threshold > COARSE


def grid_of(scores: Values, threshold: float) -> ScoreGrid:
    levels = _levels(scores)
    steps = np.diff(levels)
    kind, unit, at_threshold = _steps(levels, threshold)
    below, above = _beside(levels, threshold, unit if kind == "even" else None)
    return ScoreGrid(
        distinct=levels.size,
        smallest_step=float(steps.min()) if steps.size else None,
        kind=kind,
        unit=unit,
        at_threshold=at_threshold,
        below=below,
        above=above,
        on_below=_on(scores, below),
        on_above=_on(scores, above),
    )


def _levels(scores: Values) -> Values:
    ordered = np.unique(scores)
    return ordered[np.r_[True, np.diff(ordered) > SAME]]


def _beside(levels: Values, threshold: float, even: float | None) -> tuple[float | None, float | None]:
    if even is not None:  # what it could answer, whether an image was answered so or not
        steps = float(np.ceil(threshold / even))
        return (steps - 1) * even, steps * even
    place = int(np.searchsorted(levels, threshold))
    return float(levels[place - 1]) if place else None, float(levels[place]) if place < levels.size else None


def _on(scores: Values, level: float | None) -> int:
    return 0 if level is None else int((np.abs(scores - level) <= SAME).sum())


def _steps(levels: Values, threshold: float) -> tuple[Literal["even", "logit", "none"], float | None, float | None]:
    for halvings in range(FINEST + 1):
        unit = 0.5**halvings
        if (levels / unit == np.rint(levels / unit)).all():
            return "even", unit, unit
    of_logits = _even_logits(levels)
    if of_logits is None or not 0 < threshold < 1:
        return "none", None, None
    return "logit", of_logits, of_logits * threshold * (1 - threshold)  # the slope of a score over its logit


def _even_logits(levels: Values) -> float | None:
    inner = levels[(levels > CERTAIN[0]) & (levels < CERTAIN[1])]
    gaps = np.diff(np.log(inner / (1 - inner)))
    if gaps.size < LEAST_STEPS:
        return None
    whole = np.rint(gaps / gaps.min())
    unit = float(gaps.sum() / whole.sum())
    return unit if (np.abs(gaps / unit - whole) < UNEVEN).all() else None

"""What two models made of the same rows to the differences of their figures, with paired intervals.

The AUC's interval and p are DeLong's, on the scale of the difference itself; the bootstrap's is kept beside it.
"""

import math
from dataclasses import dataclass

import numpy as np

from tflite_mammo.evaluation.bootstrap import DRAWS, interval_95
from tflite_mammo.evaluation.delong import variance_of_difference
from tflite_mammo.evaluation.figure import NO_FIGURE, Figure, Interval, draw, told
from tflite_mammo.evaluation.metrics import Judged
from tflite_mammo.evaluation.quantiles import student, two_sided
from tflite_mammo.evaluation.ranked import Values

COMPARED = ("auc", "sensitivity", "specificity", "accuracy")
ROUNDING = 1e-12
"""A standard error below this is what adding up leaves of none; of 100 000 cases one swap counts more."""


@dataclass(frozen=True)
class Difference:
    """A figure of both models. None where it cannot be computed, such as an AUC of one class."""

    a: float | None = None
    b: float | None = None
    difference: Figure = NO_FIGURE
    """B - A."""
    p: float | None = None
    """Of the AUC, by DeLong; of the others McNemar's test tells."""


def differences(a: Judged, b: Judged, draws: int = DRAWS) -> dict[str, Difference]:
    """`a` and `b` are of the same rows."""
    drawn = draw({"a": a, "b": b}, a.scores.size, draws)
    points = [{name: float(values[0]) for name, values in one.figures(one.everybody).items()} for one in (a, b)]
    table = {}
    for name in COMPARED:
        one, other = points[0][name], points[1][name]
        if not (math.isfinite(one) and math.isfinite(other)):
            table[name] = Difference()
            continue
        found = Figure(other - one, *_interval(drawn["b"][name] - drawn["a"][name], a.fewest))
        table[name] = _of_areas(a, b, one, other, found) if name == "auc" else Difference(one, other, found)
    return table


def _interval(draws: Values, patients: int) -> Interval:
    """Where both models decide alike of everybody, draws differ in nothing: that proves no equality of others."""
    low, high = interval_95(draws, patients)
    return (None, None) if low == high else (low, high)


def _of_areas(a: Judged, b: Judged, one: float, other: float, drawn: Figure) -> Difference:
    """Where no patient shows a variance there is no interval; equal AUCs are then as equal as can be seen."""
    of_draws, value = told((drawn.low, drawn.high)), other - one
    variance = variance_of_difference(np.stack([a.scores, b.scores]), a.positive, a.owner)
    spread = math.sqrt(variance) if variance > ROUNDING**2 else 0.0
    if math.isnan(variance) or not spread:
        alike = not math.isnan(variance) and value == 0
        return Difference(one, other, Figure(value, None, None, "DeLong", of_draws), 1.0 if alike else None)
    half = student(a.fewest) * spread
    figure = Figure(value, max(-1.0, value - half), min(1.0, value + half), "DeLong", of_draws)
    return Difference(one, other, figure, two_sided(value / spread, a.fewest))

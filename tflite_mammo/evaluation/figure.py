"""What was judged to figures with 95 % intervals.

What is quoted for an AUC is DeLong's interval, for a share Wilson's, for the rest the bootstrap's; the bootstrap's own
are kept beside the first two.
"""

import math
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.evaluation.bootstrap import DRAWS, Counts, interval_95, owners, patient_draws
from tflite_mammo.evaluation.delong import areas, interval_of_area
from tflite_mammo.evaluation.metrics import FIGURES, SHARES, Judged
from tflite_mammo.evaluation.proportions import interval_of_share
from tflite_mammo.evaluation.ranked import Values
from tflite_mammo.scores import Scores, called

FEW = 20
"""Fewer with the finding, or without, and a figure is no more than a hint."""
BIASED = ("calibration_error",)
"""Drawing anew adds noise to every bin, so that all draws may lie above the value; they are moved back to it."""
Interval = tuple[float | None, float | None]


@dataclass(frozen=True)
class Figure:
    value: float | None = None
    low: float | None = None
    high: float | None = None
    """None where it cannot be computed, such as an AUC of one class."""
    by: Literal["bootstrap", "DeLong", "Wilson", "both intervals"] = "bootstrap"
    drawn: tuple[float, float] | None = None
    """The bootstrap's interval, where another one is quoted."""

    def __str__(self) -> str:
        if self.value is None:
            return "not computable"
        return f"{self.value:.3f}" + (f" ({self.low:.3f} to {self.high:.3f})" if self.low is not None else "")


NO_FIGURE = Figure()
Figures = dict[str, Figure]
Drawn = Mapping[str, Values]
"""Of each figure its value in every draw."""


def is_few(positive: NDArray[np.bool_]) -> bool:
    return min(int(positive.sum()), int((~positive).sum())) < FEW


def judge(scores: Scores, threshold: float, patients: Mapping[str, int] | None = None) -> Judged:
    """`patients` gives their numbers, where those of another table are drawn."""
    verdict = called(scores.values, threshold) == len(scores.classes) - 1
    if patients is None:
        return Judged(scores.finding, scores.positive, verdict, owners(scores.patients))
    owner = np.array([patients[patient] for patient in scores.patients], np.int64)
    return Judged(scores.finding, scores.positive, verdict, owner)


def draw(tables: Mapping[str, Judged], images: int, draws: int = DRAWS) -> dict[str, Drawn]:
    """The same patients for every table. A thread per core, since NumPy lets others run while it computes."""

    def of_block(counts: Counts) -> dict[str, dict[str, Values]]:
        return {name: one.figures(counts[:, : one.patients]) for name, one in tables.items()}

    blocks = patient_draws(max(one.patients for one in tables.values()), images, draws)
    found: list[dict[str, dict[str, Values]]] = []
    with ThreadPoolExecutor(cores := os.cpu_count() or 1) as pool:
        while some := list(islice(blocks, cores)):  # all at once would fill the memory
            found += pool.map(of_block, some)
    return {
        name: {figure: np.concatenate([block[name][figure] for block in found]) for figure in FIGURES}
        for name in tables
    }


def figures_of(judged: Judged, drawn: Drawn) -> Figures:
    table = figures_in_closed_form(judged, FIGURES)
    for name, figure in table.items():
        if figure.value is None:
            continue
        found = _around(figure.value, drawn[name]) if name in BIASED else drawn[name]
        interval = interval_95(found, judged.fewest)
        if figure.by == "bootstrap":
            table[name] = Figure(figure.value, *interval)
        else:
            table[name] = replace(figure, drawn=told(interval))
    return table


def told(interval: Interval) -> tuple[float, float] | None:
    low, high = interval
    return None if low is None or high is None else (low, high)


def _around(value: float, draws: Values) -> Values:
    moved: Values = np.maximum(draws - np.nanmean(draws) + value, 0)
    return moved


def figures_in_closed_form(judged: Judged, names: Iterable[str]) -> Figures:
    """Without a draw: an interval for an AUC and for shares, for the others none."""
    point = {name: float(values[0]) for name, values in judged.figures(judged.everybody).items()}
    return {name: _figure(name, point[name], judged) if math.isfinite(point[name]) else NO_FIGURE for name in names}


def _figure(name: str, value: float, judged: Judged) -> Figure:
    if name == "auc":
        variance = float(areas(judged.scores[None, :], judged.positive, judged.owner).covariance[0, 0])
        patients = [np.unique(judged.owner[members]).size for members in (judged.positive, ~judged.positive)]
        return Figure(value, *interval_of_area(value, variance, *patients), "DeLong")
    if name in SHARES:
        part, whole = (judged.of_patients[side] for side in SHARES[name])
        return Figure(value, *interval_of_share(part, whole), "Wilson")
    return Figure(value)

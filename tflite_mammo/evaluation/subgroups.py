"""Scores to the figures of each kind of image: by view, side, density, or any other column of the table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.figure import Figures, figures_in_closed_form, is_few, judge
from tflite_mammo.scores import Scores

OF_A_GROUP = ("auc", "sensitivity", "specificity")
MOST_KINDS = 12
"""A column with more values than this tells no kinds: numbers are cut into thirds, anything else is a name."""
MOST_ASKED_FOR = 100
"""Of a column that was asked for: more are names, and a page of them is no table."""
THIRDS = ("lowest third", "middle third", "highest third")
NOT_TOLD = "not told"


@dataclass(frozen=True)
class Subgroup:
    column: str
    value: str
    images: int
    patients: int
    positives: int
    few: bool
    figures: Figures


def subgroups(scores: Scores, threshold: float, columns: Sequence[str] | None = None) -> tuple[Subgroup, ...]:
    """Of the named columns, or of every column that tells kinds apart."""
    known = {"side", "view", *(name for row in scores.rows for name in row.more)}
    for name in columns or ():
        if name not in known:
            raise MammoError(f"no column is called '{name}'; there are: {', '.join(sorted(known))}")
    found = []
    for name in sorted(known) if columns is None else dict.fromkeys(columns):
        kinds = _kinds(name, _cells(scores, name), asked=columns is not None)
        found += [_subgroup(scores.where(kinds == kind), threshold, name, kind) for kind in _in_order(kinds)]
    return tuple(found)


def _cells(scores: Scores, name: str) -> list[str]:
    if name in ("side", "view"):
        return [str(getattr(row, name)) for row in scores.rows]
    return [row.more.get(name, "") for row in scores.rows]


def _kinds(name: str, cells: list[str], *, asked: bool) -> NDArray[np.str_]:
    """The kind of each image; none at all where a column that nobody asked for tells no kinds apart."""
    told = {cell for cell in cells if cell}
    if len(told) > MOST_KINDS and (numbers := _numbers(cells)) is not None:
        edges = np.nanquantile(numbers, (1 / 3, 2 / 3))
        thirds = [f"{third} ({low:g} to {high:g})" for third, low, high in _ranges(numbers, edges)]
        place = np.searchsorted(edges, numbers, "left")
        return np.array([thirds[i] if not np.isnan(n) else NOT_TOLD for i, n in zip(place, numbers, strict=True)])
    if not asked and not 1 < len(told) <= MOST_KINDS:
        return np.array([], np.str_)
    if len(told) > MOST_ASKED_FOR:
        raise MammoError(f"column '{name}' holds {len(told)} kinds; expected at most {MOST_ASKED_FOR}, or numbers")
    return np.array([cell or NOT_TOLD for cell in cells])


def _numbers(cells: list[str]) -> NDArray[np.float64] | None:
    try:
        numbers = np.array([float(cell) if cell else np.nan for cell in cells])
    except ValueError:
        return None
    numbers[~np.isfinite(numbers)] = np.nan
    return None if np.isnan(numbers).all() else numbers


def _ranges(numbers: NDArray[np.float64], edges: NDArray[np.float64]) -> Iterator[tuple[str, float, float]]:
    place = np.searchsorted(edges, numbers, "left")
    for i, name in enumerate(THIRDS):
        some = numbers[(place == i) & ~np.isnan(numbers)]
        yield (name, float(some.min()), float(some.max())) if some.size else (name, np.nan, np.nan)


def _in_order(kinds: NDArray[np.str_]) -> list[str]:
    """As they sort, but thirds by rank, and what is not told last."""
    ranks = {third: i for i, third in enumerate(THIRDS)}
    return sorted(
        (str(kind) for kind in np.unique(kinds)),
        key=lambda kind: (kind == NOT_TOLD, ranks.get(kind.partition(" (")[0], 0), kind),
    )


def _subgroup(scores: Scores, threshold: float, column: str, kind: str) -> Subgroup:
    judged = judge(scores, threshold)
    return Subgroup(
        column=column,
        value=kind,
        images=len(scores.rows),
        patients=judged.patients,
        positives=int(judged.positive.sum()),
        few=is_few(judged.positive),
        figures=figures_in_closed_form(judged, OF_A_GROUP),
    )

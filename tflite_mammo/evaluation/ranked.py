"""Figures that depend on the order of the scores alone, for many drawings of the same patients at once.

In: scores of the finding, who has it, whose image each is. Asked with counts (draws x patients): one value per draw,
not-a-number where a draw holds no image of a class.
"""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating]
Counts = NDArray[np.floating]

RANKED = (
    "auc", "average_precision", "partial_auc", "sensitivity_at_90_specificity", "sensitivity_at_95_specificity",
    "specificity_at_90_sensitivity", "specificity_at_95_sensitivity",
)  # fmt: skip
PARTIAL = 0.1
"""The partial AUC is that of specificities from 90 % on, set on the scale where a coin has .5 (McClish)."""
ROUNDING = 1e-6
"""A rate that is .9 on paper may lie this far off it in float32; one image of a million weighs as much."""


class Ranked:
    """Images in the order of their scores, highest first; sorted once, asked for every block of draws."""

    def __init__(self, scores: Values, positive: NDArray[np.bool_], owner: NDArray[np.int64]) -> None:
        order = np.argsort(-scores, kind="stable")
        case, owner = positive[order], owner[order]
        ends = np.r_[0, np.flatnonzero(np.r_[np.diff(scores[order]) != 0, True]) + 1]
        before = np.r_[0, np.cumsum(case)]
        self._case_owner, self._other_owner = owner[case], owner[~case]
        self._cases_until, self._others_until = before[ends], ends - before[ends]

    def curve(self, counts: Counts) -> tuple[Values, Values]:
        """How many cases and how many others lie above each level of the scores, from none to all."""
        return (
            _summed(counts[:, self._case_owner])[:, self._cases_until],
            _summed(counts[:, self._other_owner])[:, self._others_until],
        )

    def figures(self, counts: Counts) -> dict[str, Values]:
        cases, others = self.curve(counts)
        with np.errstate(invalid="ignore", divide="ignore"):
            found, false_alarms = cases / cases[:, -1:], others / others[:, -1:]
            none = np.isnan(found[:, -1]) | np.isnan(false_alarms[:, -1])
            table = {
                "auc": _area(cases, others),
                "average_precision": _average_precision(cases, others),
                "partial_auc": _partial_area(found, false_alarms),
                "sensitivity_at_90_specificity": _found_at(found, false_alarms, 0.9),
                "sensitivity_at_95_specificity": _found_at(found, false_alarms, 0.95),
                "specificity_at_90_sensitivity": _quiet_at(found, false_alarms, 0.9),
                "specificity_at_95_sensitivity": _quiet_at(found, false_alarms, 0.95),
            }
        return {name: np.where(none, np.nan, values) for name, values in table.items()}


def auc(scores: Values, positive: NDArray[np.bool_], weights: Values) -> Values:
    """The chance that a case outscores a non-case, ties counting half (Mann-Whitney), per row of `weights`."""
    cases, others = Ranked(scores, positive, np.arange(scores.size)).curve(weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _area(cases, others)


def auc_of(scores: Values, positive: NDArray[np.bool_]) -> float:
    return float(auc(scores, positive, np.ones((1, scores.size)))[0])


def _summed(drawn: Values) -> Values:
    summed = np.zeros((drawn.shape[0], drawn.shape[1] + 1), drawn.dtype)
    np.cumsum(drawn, axis=1, out=summed[:, 1:])
    return summed


def _area(cases: Values, others: Values) -> Values:
    """From whole numbers: where nothing is mistaken it is 1 itself, not a float beside it."""
    pairs: Values = np.einsum("bl,bl->b", np.diff(others, axis=1), cases[:, 1:] + cases[:, :-1])
    area: Values = np.clip(pairs / (2 * cases[:, -1] * others[:, -1]), 0, 1)  # in float32 large sums are rounded
    return area


def _average_precision(cases: Values, others: Values) -> Values:
    """Of every case, the precision at its own score: as scikit-learn counts it, without interpolation."""
    above = cases[:, 1:] + others[:, 1:]
    precision = np.divide(cases[:, 1:], above, out=np.zeros_like(above), where=above > 0)
    average: Values = np.einsum("bl,bl->b", np.diff(cases, axis=1), precision) / cases[:, -1]
    return average


def _partial_area(found: Values, false_alarms: Values) -> Values:
    """The last step is cut where it crosses the limit; then 0 to 1 with .5 for a coin, whatever the limit."""
    last = _last_within(false_alarms, PARTIAL)
    rows, end = np.arange(len(last)), int(last.max()) + 1
    steps = np.diff(false_alarms[:, :end], axis=1)
    steps[np.arange(end - 1) >= last[:, None]] = 0
    whole = np.einsum("bl,bl->b", steps, found[:, 1:end] + found[:, : end - 1]) / 2
    after = np.minimum(last + 1, found.shape[1] - 1)
    rest, step = PARTIAL - false_alarms[rows, last], false_alarms[rows, after] - false_alarms[rows, last]
    rise = np.divide(found[rows, after] - found[rows, last], step, out=np.zeros_like(step), where=step > 0)
    area = whole + rest * (found[rows, last] + rise * rest / 2)
    least = PARTIAL**2 / 2
    standardised: Values = (1 + (area - least) / (PARTIAL - least)) / 2
    return standardised


def _found_at(found: Values, false_alarms: Values, specificity: float) -> Values:
    """The highest sensitivity of any threshold with at least this specificity."""
    at: Values = found[np.arange(len(found)), _last_within(false_alarms, 1 - specificity)]
    return at


def _quiet_at(found: Values, false_alarms: Values, sensitivity: float) -> Values:
    """The highest specificity of any threshold with at least this sensitivity."""
    first = np.count_nonzero(found < sensitivity - ROUNDING, axis=1)
    at: Values = 1 - false_alarms[np.arange(len(found)), np.minimum(first, found.shape[1] - 1)]
    return at


def _last_within(false_alarms: Values, limit: float) -> NDArray[np.int64]:
    within: NDArray[np.int64] = np.count_nonzero(false_alarms <= limit + ROUNDING, axis=1) - 1
    return np.maximum(within, 0)

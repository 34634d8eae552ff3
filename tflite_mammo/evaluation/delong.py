"""AUCs of one or several models over the same images, with what they owe to the choice of patients (DeLong 1988).

A patient's images are not independent of one another, so the components of an AUC are summed by patient before their
covariance is taken (Obuchowski 1997). Where each patient has one row, this is DeLong's estimate itself.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.evaluation.quantiles import Z, student


@dataclass(frozen=True, eq=False)
class Areas:
    values: NDArray[np.float64]
    """The AUC of each model."""
    covariance: NDArray[np.float64]
    """Models x models; not-a-number where one patient alone has cases, or has the rest."""


def areas(scores: NDArray[np.float64], positive: NDArray[np.bool_], owner: NDArray[np.int64]) -> Areas:
    """`scores` is models x rows. Both classes must be there."""
    values, above, below = _shares_of_patients(scores, positive, owner)
    return Areas(values, _covariance(above, below, positive, owner))


def variance_of_difference(scores: NDArray[np.float64], positive: NDArray[np.bool_], owner: NDArray[np.int64]) -> float:
    """Of the AUCs of two models. Each patient's shares are subtracted first: of equal models it is exactly 0."""
    _, above, below = _shares_of_patients(scores, positive, owner)
    return float(_covariance(np.diff(above, axis=0), np.diff(below, axis=0), positive, owner)[0, 0])


def interval_of_area(value: float, variance: float, cases: int, others: int) -> tuple[float | None, float | None]:
    """On the scale of the logit, where an AUC near 1 keeps inside it and its distribution is even.

    `cases` and `others` are numbers of patients. Where nothing is mistaken no variance shows; then they decide.
    """
    if value in (0, 1):
        least = _least_without_a_mistake(cases, others)
        return (least, 1.0) if value == 1 else (0.0, 1 - least)
    if not (math.isfinite(variance) and variance > 0):
        return None, None
    middle = math.log(value / (1 - value))
    half = student(min(cases, others)) * math.sqrt(variance) / (value * (1 - value))
    low, high = (1 / (1 + math.exp(-min(max(end, -700), 700))) for end in (middle - half, middle + half))
    return low, high


def _least_without_a_mistake(cases: int, others: int) -> float:
    """The lowest AUC from which an observed 1 is not far, by Newcombe's score method with Hanley's variance (2006)."""
    low, high, beside = 0.0, 1.0, (cases + others) / 2 - 1
    for _ in range(60):
        area = (low + high) / 2
        spread = area * (1 - area) * (1 + beside * (1 - area) / (2 - area) + beside * area / (1 + area))
        too_far = 1 - area > Z * math.sqrt(spread / (cases * others))
        low, high = (area, high) if too_far else (low, area)
    return high


def _shares_of_patients(
    scores: NDArray[np.float64], positive: NDArray[np.bool_], owner: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The AUC of each model, and what each patient's cases and others move it by (models x patients)."""
    cases, others = owner[positive], owner[~positive]
    of_cases, of_others = zip(*(_components(row[positive], row[~positive]) for row in scores), strict=True)
    values = np.array([component.mean() for component in of_cases])
    above = [_by_patient(cases, part - value, owner) for part, value in zip(of_cases, values, strict=True)]
    below = [_by_patient(others, part - value, owner) for part, value in zip(of_others, values, strict=True)]
    return values, np.array(above) / cases.size, np.array(below) / others.size


def _covariance(
    above: NDArray[np.float64], below: NDArray[np.float64], positive: NDArray[np.bool_], owner: NDArray[np.int64]
) -> NDArray[np.float64]:
    crossed = above @ below.T
    covariance: NDArray[np.float64] = (
        _correction(owner[positive]) * (above @ above.T)
        + _correction(owner[~positive]) * (below @ below.T)
        + _correction(owner) * (crossed + crossed.T)
    )
    return covariance


def _components(cases: NDArray[np.float64], others: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Of each case the share of the others that it outscores, ties counting half; and of each other the reverse."""
    return _share_below(cases, others), 1 - _share_below(others, cases)


def _share_below(scores: NDArray[np.float64], rivals: NDArray[np.float64]) -> NDArray[np.float64]:
    ordered = np.sort(rivals)
    return (np.searchsorted(ordered, scores, "left") + np.searchsorted(ordered, scores, "right")) / (2 * rivals.size)


def _by_patient(
    members: NDArray[np.int64], values: NDArray[np.float64], owner: NDArray[np.int64]
) -> NDArray[np.float64]:
    return np.bincount(members, values, int(owner.max()) + 1).astype(np.float64)


def _correction(owner: NDArray[np.int64]) -> float:
    patients = np.unique(owner).size
    return patients / (patients - 1) if patients > 1 else math.nan

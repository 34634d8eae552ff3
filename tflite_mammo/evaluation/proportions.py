"""A share of images with Wilson's interval, from what each patient adds to both sides of the fraction.

Images of one patient are alike, so they tell less than as many patients would. The variance of the share is estimated
over patients, and Wilson's formula is given the number of independent images that would have that variance.
"""

import math

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.evaluation.quantiles import Z, student


def wilson(share: float, count: float) -> tuple[float, float]:
    middle = (share + Z**2 / (2 * count)) / (1 + Z**2 / count)
    half = Z / (1 + Z**2 / count) * math.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    return 0.0 if share == 0 else middle - half, 1.0 if share == 1 else middle + half


def by_patient(hits: NDArray[np.bool_], owner: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each patient, how many rows are hits, and how many rows she has."""
    return np.bincount(owner, hits).astype(np.float64), np.bincount(owner).astype(np.float64)


def interval_of_share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """`part` and `whole` are counts per patient."""
    total = float(whole.sum())
    if total == 0:
        return None, None
    return wilson(float(part.sum()) / total, worth(part, whole))


def worth(part: NDArray[np.float64], whole: NDArray[np.float64]) -> float:
    """How many independent images these are worth: never more than there are.

    A share of 0 or 1 has no variance to go by, nor has one that is the same of every patient; then a patient counts
    once, however many images she has. Where patients have several, few of them tell their variance less surely than as
    many images would (Korn and Graubard 1998).
    """
    total, patients = float(whole.sum()), int(np.count_nonzero(whole))
    share = float(part.sum()) / total
    # Whole numbers: where every patient has the same share, nothing but 0 is left of the variance.
    variance = float(np.square(part * total - part.sum() * whole).sum()) / total**4
    if variance == 0:
        return float(patients)
    unsure = _spread(patients) / _spread(round(total))
    return min(total, share * (1 - share) / variance / unsure)


def _spread(count: int) -> float:
    return count / (count - 1) * student(count) ** 2

"""Figures of merit, for many weightings of the same images at once.

In: scores of the finding, who has it, a threshold, and a weight per draw and image (the bootstrap's counts).
Out: one value per draw; not-a-number where a draw holds no image of a class.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

FIGURES = ("auc", "accuracy", "sensitivity", "specificity", "f1_positive", "f1_negative")


def figures(scores: Values, positive: NDArray[np.bool_], threshold: float, weights: Values) -> Mapping[str, Values]:
    """Each of FIGURES, and the precision of both sides, for every row of `weights` (draws x images)."""
    called = scores >= threshold
    true_positive = weights @ (called & positive)
    false_positive = weights @ (called & ~positive)
    true_negative = weights @ (~called & ~positive)
    false_negative = weights @ (~called & positive)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "auc": auc(scores, positive, weights),
            "accuracy": (true_positive + true_negative) / weights.sum(axis=1),
            "sensitivity": true_positive / (true_positive + false_negative),
            "specificity": true_negative / (true_negative + false_positive),
            "precision_positive": true_positive / (true_positive + false_positive),
            "precision_negative": true_negative / (true_negative + false_negative),
            "f1_positive": 2 * true_positive / (2 * true_positive + false_positive + false_negative),
            "f1_negative": 2 * true_negative / (2 * true_negative + false_positive + false_negative),
        }


def auc(scores: Values, positive: NDArray[np.bool_], weights: Values) -> Values:
    """The chance that a case outscores a non-case, ties counting half (Mann-Whitney), per row of `weights`."""
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(scores[order]) > 0])
    cases = np.add.reduceat((weights * positive)[:, order], starts, axis=1)
    others = np.add.reduceat((weights * ~positive)[:, order], starts, axis=1)
    below = np.cumsum(others, axis=1) - 0.5 * others
    with np.errstate(invalid="ignore", divide="ignore"):
        result: Values = (cases * below).sum(axis=1) / (cases.sum(axis=1) * others.sum(axis=1))
    return result


def auc_of(scores: Values, positive: NDArray[np.bool_]) -> float:
    return float(auc(scores, positive, np.ones((1, scores.size)))[0])

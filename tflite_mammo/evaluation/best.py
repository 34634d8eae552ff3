"""Scores to what the source systems counted: every image called the class of its best score, without a threshold."""

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.evaluation.metrics import CALLED, Judged
from tflite_mammo.scores import Scores, called

EVEN = 0.5


def confusion(scores: Scores) -> NDArray[np.int64]:
    """How many images of each class (row) were called each class (column)."""
    matrix = np.zeros((len(scores.classes),) * 2, np.int64)
    np.add.at(matrix, (scores.labels, _best(scores)), 1)
    return matrix


def figures_of_best(scores: Scores) -> dict[str, float]:
    """Accuracy over all classes, the finding against the rest, and F1 weighted by how many images a class has."""
    labels, best = scores.labels, _best(scores)
    apart = [_against_the_rest(best == i, labels == i) for i in range(len(scores.classes))]
    shares = [float((labels == i).mean()) for i in range(len(scores.classes))]
    table = {
        **apart[-1],
        "accuracy": float((best == labels).mean()),
        "f1_weighted": sum(share * one["f1_positive"] for share, one in zip(shares, apart, strict=True) if share),
    }
    return {name: value for name, value in table.items() if np.isfinite(value)}


def _against_the_rest(called_it: NDArray[np.bool_], is_it: NDArray[np.bool_]) -> dict[str, float]:
    judged = Judged(called_it.astype(np.float64), is_it, called_it, np.arange(is_it.size))
    table = judged.figures(judged.everybody)
    return {name: float(table[name][0]) for name in CALLED}


def _best(scores: Scores) -> NDArray[np.int64]:
    """Of two classes the finding from .5 on; of more the one with the highest score."""
    if len(scores.classes) == 2:
        return called(scores.values, EVEN)
    best: NDArray[np.int64] = scores.values.argmax(axis=1)
    return best

"""Scores to an Evaluation: each figure with a 95 % interval, at a threshold that was locked on the validation part."""

from dataclasses import dataclass

import numpy as np

from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.bootstrap import DRAWS, SEED, interval_95, patient_weights
from tflite_mammo.evaluation.metrics import FIGURES, figures
from tflite_mammo.scores import Scores, Threshold


@dataclass(frozen=True)
class Figure:
    value: float | None = None
    low: float | None = None
    high: float | None = None
    """None where it cannot be computed, such as an AUC of one class."""

    def __str__(self) -> str:
        if self.value is None:
            return "not computable"
        return f"{self.value:.3f}" + (f" ({self.low:.3f} to {self.high:.3f})" if self.low is not None else "")


NO_FIGURE = Figure()


@dataclass(frozen=True)
class Evaluation:
    split: str
    finding: str
    images: int
    patients: int
    positives: int
    threshold: Threshold
    figures: dict[str, Figure]
    draws: int = DRAWS
    seed: int = SEED


def evaluate(scores: Scores, threshold: Threshold) -> Evaluation:
    """Per image, with intervals from drawing patients."""
    positive = scores.positive
    point = figures(scores.finding, positive, threshold.value, np.ones((1, len(scores.rows))))
    blocks = [
        figures(scores.finding, positive, threshold.value, weights) for weights in patient_weights(scores.patients)
    ]
    table = {}
    for name in FIGURES:
        value = float(point[name][0])
        low, high = interval_95(np.concatenate([block[name] for block in blocks]))
        table[name] = Figure(value, low, high) if np.isfinite(value) else NO_FIGURE
    return Evaluation(
        split="+".join(sorted({row.split for row in scores.rows})),
        finding=scores.classes[-1],
        images=len(scores.rows),
        patients=len(set(scores.patients)),
        positives=int(positive.sum()),
        threshold=threshold,
        figures=table,
    )


def lock_threshold(scores: Scores, locked_on: str) -> Threshold:
    """Youden's rule on the validation part: the score at which sensitivity + specificity is largest.

    The value lies half-way to the next lower score, so that a rounding of the scores on the device moves few across.
    """
    positive, finding = scores.positive, scores.finding
    if positive.all() or not positive.any():
        raise MammoError("the validation part holds one class only; a threshold needs both, prepare with more patients")
    levels = np.unique(finding)
    if levels.size == 1:
        raise MammoError("every validation image has the same score; the model tells nothing apart, train it again")
    sensitivity = [float((finding[positive] >= level).mean()) for level in levels]
    specificity = [float((finding[~positive] < level).mean()) for level in levels]
    best = int(np.argmax(np.add(sensitivity, specificity)[1:])) + 1
    value = float((levels[best - 1] + levels[best]) / 2)
    return Threshold(value, "largest sensitivity + specificity (Youden)", locked_on)

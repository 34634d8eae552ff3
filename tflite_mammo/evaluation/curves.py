"""Scores to the curves that a plot shows. Of one class alone there is no curve: not-a-number."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.evaluation.bootstrap import owners
from tflite_mammo.evaluation.metrics import BINS, are_probabilities, bin_of
from tflite_mammo.evaluation.proportions import by_patient, wilson, worth
from tflite_mammo.evaluation.ranked import Ranked
from tflite_mammo.scores import Scores

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Reliable:
    """One bin of scores: what was promised, and what was kept."""

    images: int
    promised: float
    """The mean score."""
    kept: float
    """The share that has the finding."""
    low: float
    high: float


def roc(scores: Scores) -> Curve:
    """1 - specificity, and sensitivity."""
    cases, others = _curve(scores)
    with np.errstate(invalid="ignore"):
        return others / others[-1], cases / cases[-1]


def precision_recall(scores: Scores) -> Curve:
    """Sensitivity, and the share of what is called that has the finding."""
    cases, others = (counts[1:] for counts in _curve(scores))
    with np.errstate(invalid="ignore"):
        return cases / cases[-1], cases / (cases + others)


def reliability(scores: Scores) -> list[Reliable]:
    """Every bin of scores that holds an image, none where they are no probabilities; intervals by patient."""
    finding, positive, owner = scores.finding, scores.positive, owners(scores.patients)
    if not are_probabilities(finding):
        return []
    place = bin_of(finding)
    found = []
    for number in range(BINS):
        here = place == number
        if here.any():
            kept = float(positive[here].mean())
            ends = wilson(kept, worth(*by_patient(positive[here], owner[here])))
            found.append(Reliable(int(here.sum()), float(finding[here].mean()), kept, *ends))
    return found


def _curve(scores: Scores) -> Curve:
    ranked = Ranked(scores.finding, scores.positive, np.zeros(len(scores.rows), np.int64))
    cases, others = ranked.curve(np.ones((1, 1)))
    return cases[0].astype(np.float64), others[0].astype(np.float64)

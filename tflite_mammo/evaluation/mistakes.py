"""Scores to the mistakes that a model is surest of: called with the highest score, missed with the lowest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.scores import ScoreRow, Scores, called

SHOWN = 8


@dataclass(frozen=True)
class Mistake:
    row: ScoreRow
    score: float
    """Of the finding."""
    called: str


def surest_mistakes(scores: Scores, threshold: float, most: int = SHOWN) -> tuple[list[Mistake], list[Mistake]]:
    """False alarms, highest score first; then what was missed, lowest score first."""
    verdict, positive = called(scores.values, threshold), scores.positive
    finding, called_it = scores.finding, verdict == len(scores.classes) - 1
    rising = np.argsort(finding, kind="stable")

    def mistakes(rows: NDArray[np.int64]) -> list[Mistake]:
        return [Mistake(scores.rows[i], float(finding[i]), scores.classes[verdict[i]]) for i in rows[:most]]

    falling = rising[::-1]
    return mistakes(falling[(called_it & ~positive)[falling]]), mistakes(rising[(~called_it & positive)[rising]])

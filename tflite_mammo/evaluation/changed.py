"""Two tables of the same rows to the rows of which the models call otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tflite_mammo.scores import Scores, called


@dataclass(frozen=True)
class Changed:
    file: str
    """A side or a patient by its name."""
    patient: str
    label: str
    score_a: float
    score_b: float
    call_a: str
    call_b: str


def changed(pair: tuple[Scores, Scores], thresholds: tuple[float, float]) -> Iterator[Changed]:
    """Each table is called at its own threshold."""
    calls = [called(table.values, threshold) for table, threshold in zip(pair, thresholds, strict=True)]
    rows, classes = pair[0].rows, pair[0].classes
    for i in np.flatnonzero(calls[0] != calls[1]):
        # str of a float32 is the shortest text that reads back as the same float32.
        score_a, score_b = (float(str(table.values[i, -1])) for table in pair)
        call_a, call_b = (classes[int(call[i])] for call in calls)
        row = rows[int(i)]
        yield Changed(row.file, row.patient, row.label, score_a, score_b, call_a, call_b)

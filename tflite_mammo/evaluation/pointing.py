"""Is a map highest at the lesion? Hits to their share, beside what a finger put down blindly would get."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.evaluation.bootstrap import owners
from tflite_mammo.evaluation.figure import Figure
from tflite_mammo.evaluation.proportions import by_patient, interval_of_share


@dataclass(frozen=True)
class Pointing:
    maps: str
    """Which kind of map."""
    images: int
    """With the finding, and with a box about it."""
    share: Figure
    """Of them, those whose map is highest in a cell that the box reaches into."""
    by_chance: float
    """The mean share of such cells."""
    empty: int
    """Maps without any highest cell, which count as misses."""


def pointing(maps: str, heats: NDArray[np.float32], cells: NDArray[np.bool_], patients: Sequence[str]) -> Pointing:
    """`heats` and `cells` are images x rows x columns; a cell is true where the image's box reaches into it."""
    flat, aims = heats.reshape(len(heats), -1), cells.reshape(len(cells), -1)
    empty = flat.max(axis=1) == flat.min(axis=1)
    hits = aims[np.arange(len(flat)), flat.argmax(axis=1)] & ~empty
    share = Figure(float(hits.mean()), *interval_of_share(*by_patient(hits, owners(patients))), "Wilson")
    return Pointing(maps, hits.size, share, float(aims.mean()), int(empty.sum()))

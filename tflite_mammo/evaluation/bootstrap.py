"""Resampling by patient: a woman's images are drawn together or not at all, or intervals would be too narrow."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.evaluation.quantiles import tail

DRAWS = 2000
SEED = 20
AT_ONCE = 2_000_000
"""Draws times images that are worked on together: blocks that stay in a processor's cache."""
Counts = NDArray[np.float32]
"""Draws x patients: how often each patient was drawn."""


def owners(patients: Sequence[str]) -> NDArray[np.int64]:
    """The number of each image's patient."""
    _, number = np.unique(np.asarray(patients), return_inverse=True)
    return number.astype(np.int64)


def numbers(patients: Sequence[str]) -> dict[str, int]:
    """The same, by the patient's name: for tables whose rows are fewer."""
    return dict(zip(patients, owners(patients).tolist(), strict=True))


def patient_draws(patients: int, images: int, draws: int = DRAWS, seed: int = SEED) -> Iterator[Counts]:
    """In blocks. Whole numbers, which float32 adds up exactly: half the memory of float64, twice the speed."""
    rng = np.random.default_rng(seed)
    block = max(1, AT_ONCE // max(images, patients))
    for start in range(0, draws, block):
        size = min(block, draws - start)
        drawn = rng.integers(patients, size=(size, patients)) + np.arange(size)[:, None] * patients
        yield np.bincount(drawn.ravel(), minlength=size * patients).reshape(size, patients).astype(np.float32)


def interval_95(values: NDArray[np.floating], patients: int) -> tuple[float | None, float | None]:
    """The middle of the draws that could be computed; nothing where too few could, or of one patient.

    `patients` are those of the smaller class.
    """
    known = values[np.isfinite(values)]
    if known.size < max(1, 0.9 * values.size) or patients < 2:
        return None, None
    low, high = np.quantile(known, (tail(patients), 1 - tail(patients)))
    return float(low), float(high)

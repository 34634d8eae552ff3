"""Resampling by patient: a woman's images are drawn together or not at all, or intervals would be too narrow."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

DRAWS = 2000
SEED = 20
WEIGHTS_AT_ONCE = 8_000_000
"""Draws times images held at a time: 64 MB of weights."""


def patient_weights(patients: Sequence[str], draws: int = DRAWS, seed: int = SEED) -> Iterator[NDArray[np.float64]]:
    """Yield blocks of draws x images: how often each image's patient was drawn, with replacement."""
    _, patient_of = np.unique(np.asarray(patients), return_inverse=True)
    count = int(patient_of.max()) + 1
    rng = np.random.default_rng(seed)
    block = max(1, WEIGHTS_AT_ONCE // patient_of.size)
    for start in range(0, draws, block):
        drawn = rng.multinomial(count, np.full(count, 1 / count), size=min(block, draws - start))
        yield drawn[:, patient_of].astype(np.float64)


def interval_95(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """The middle 95 % of the draws that could be computed; nothing where too few could."""
    known = values[np.isfinite(values)]
    if known.size < 0.9 * values.size:
        return None, None
    low, high = np.quantile(known, (0.025, 0.975))
    return float(low), float(high)

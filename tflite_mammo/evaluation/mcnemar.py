"""Are two models' calls right equally often? McNemar's exact test, from which calls were right and whose image each is.

Only images that one model alone has right tell anything. Were the models equal, either could have been the one that is
right; for the images of one patient together, since they are not independent. So every patient's difference is given
either sign, and p is the share of all ways in which the sum is as far from 0 as it was found. Where each patient has
one image that is McNemar's test itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class McNemar:
    only_a: int
    """How many A alone has right."""
    only_b: int
    p: float | None = None
    """None without any row."""


def mcnemar(right_a: NDArray[np.bool_], right_b: NDArray[np.bool_], owner: NDArray[np.int64]) -> McNemar:
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    if not owner.size:
        return McNemar(only_a, only_b)
    differences = np.bincount(owner, right_b.astype(np.int64) - right_a).astype(np.int64)
    return McNemar(only_a, only_b, _share_as_far(differences))


def _share_as_far(differences: NDArray[np.int64]) -> float:
    sizes = np.abs(differences[differences != 0])
    ways, most = np.ones(1), int(sizes.sum())
    for size in sizes:  # of sums from -n to n, n growing with every patient
        wider = np.zeros(ways.size + 2 * size)
        wider[: ways.size] += ways / 2
        wider[2 * size :] += ways / 2
        ways = wider
    far = np.abs(np.arange(-most, most + 1)) >= abs(int(differences.sum()))
    return min(1.0, float(ways[far].sum()))

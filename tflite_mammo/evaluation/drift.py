"""Two Scores of the same images to a DriftReport: do the two models decide alike, and is that within the budget?"""

from dataclasses import dataclass

import numpy as np

from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.ranked import auc_of
from tflite_mammo.scores import Scores, called

NAMED_FLIPS = 20


@dataclass(frozen=True)
class Budget:
    """How far a converted model may stray from the network it came from."""

    auc_difference: float
    label_flips: float
    """Share of images called otherwise at the locked threshold."""

    def __post_init__(self) -> None:
        if not (0 <= self.auc_difference <= 1 and 0 <= self.label_flips <= 1):
            raise ValueError("auc_difference and label_flips must lie between 0 and 1")


@dataclass(frozen=True)
class DriftReport:
    images: int
    patients: int
    threshold: float
    auc_before: float
    auc_after: float
    auc_difference: float
    label_flips: int
    label_flip_share: float
    flipped: tuple[str, ...]
    """Files called otherwise, the first few."""
    score_difference_mean: float
    score_difference_p99: float
    score_difference_max: float
    budget: Budget
    beyond: tuple[str, ...]
    """What exceeds the budget, in words; empty when the model is within it."""

    @property
    def within(self) -> bool:
        return not self.beyond

    def __str__(self) -> str:
        verdict = "within the budget" if self.within else "BEYOND the budget: " + "; ".join(self.beyond)
        return (
            f"{self.images} images: AUC {self.auc_before:.4f} -> {self.auc_after:.4f}, "
            f"{self.label_flips} labels flipped ({self.label_flip_share:.1%}), "
            f"score difference mean {self.score_difference_mean:.4f}, max {self.score_difference_max:.4f}; {verdict}"
        )


def measure_drift(before: Scores, after: Scores, threshold: float, budget: Budget) -> DriftReport:
    after = after.aligned_to(before)
    positive = before.positive
    if positive.all() or not positive.any():
        raise MammoError("drift: the images hold one class only; an AUC needs both")
    difference = np.abs(after.finding - before.finding)
    flipped = np.flatnonzero(called(before.values, threshold) != called(after.values, threshold))
    auc_before, auc_after = auc_of(before.finding, positive), auc_of(after.finding, positive)
    share = flipped.size / len(before.rows)
    beyond = []
    if abs(auc_after - auc_before) > budget.auc_difference:
        beyond.append(f"AUC moved by {auc_after - auc_before:+.5f}, allowed {budget.auc_difference:g}")
    if share > budget.label_flips:
        beyond.append(f"{share:.1%} of labels flipped, allowed {budget.label_flips:.1%}")
    return DriftReport(
        images=len(before.rows),
        patients=len(set(before.patients)),
        threshold=threshold,
        auc_before=auc_before,
        auc_after=auc_after,
        auc_difference=auc_after - auc_before,
        label_flips=int(flipped.size),
        label_flip_share=share,
        flipped=tuple(before.rows[int(i)].file for i in flipped[:NAMED_FLIPS]),
        score_difference_mean=float(difference.mean()),
        score_difference_p99=float(np.quantile(difference, 0.99)),
        score_difference_max=float(difference.max()),
        budget=budget,
        beyond=tuple(beyond),
    )

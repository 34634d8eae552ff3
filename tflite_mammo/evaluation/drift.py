"""Two Scores of the same images to a DriftReport: do the two models decide alike, and is that within the budget?"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.bootstrap import DRAWS
from tflite_mammo.evaluation.budget import Budget, Limit, limits_of
from tflite_mammo.evaluation.differences import Difference, differences
from tflite_mammo.evaluation.figure import Figure, judge
from tflite_mammo.evaluation.flips import Flip, FlipKind, flips_of
from tflite_mammo.evaluation.grid import ScoreGrid, grid_of
from tflite_mammo.evaluation.metrics import Judged
from tflite_mammo.evaluation.pooling import with_patients
from tflite_mammo.evaluation.proportions import by_patient, interval_of_share
from tflite_mammo.evaluation.quantiles import Z
from tflite_mammo.schema import to_dict
from tflite_mammo.scores import Scores


@dataclass(frozen=True)
class ScoreDifference:
    """After less before, of the finding's score."""

    mean: float
    """Of the sizes, whatever their signs; so are p99 and max."""
    p99: float
    max: float
    bias: float
    """The signed mean: above 0 where the scores rose."""
    low: float
    high: float
    """Limits of agreement: 95 % of the signed differences lie between them where these are normally distributed."""


@dataclass(frozen=True)
class DriftReport:
    images: int
    patients: int
    positives: int
    finding: str
    threshold: float
    figures: dict[str, Difference]
    """AUC, and sensitivity, specificity and accuracy at the threshold: `a` before, `b` after."""
    flips: tuple[Flip, ...]
    """Every image called otherwise."""
    flip_share: Figure
    missed_share: Figure
    """Of all findings, those that were called and are called no more."""
    score_difference: ScoreDifference
    grid: ScoreGrid
    """Of the scores after."""
    budget: Budget
    limits: tuple[Limit, ...]
    beyond: tuple[str, ...]
    """What exceeds the budget, in words; empty when the model is within it."""
    calibration_error: tuple[float, float] | None = None
    """Before and after; None where scores are no probabilities."""

    @property
    def within(self) -> bool:
        return not self.beyond

    @property
    def label_flips(self) -> int:
        return len(self.flips)

    def of_kind(self, kind: FlipKind) -> int:
        return sum(flip.kind == kind for flip in self.flips)


def measure_drift(before: Scores, after: Scores, threshold: float, budget: Budget, draws: int = DRAWS) -> DriftReport:
    before, after = with_patients(before), with_patients(after.aligned_to(before))
    positive = before.positive
    if positive.all() or not positive.any():
        raise MammoError("drift: the images hold one class only; an AUC needs both")
    a, b = judge(before, threshold), judge(after, threshold)
    figures, flips = differences(a, b, draws), flips_of(before, after, threshold)
    lost = int((a.called & positive).sum()) - int((b.called & positive).sum())
    moved = figures["auc"].difference.value or 0.0
    limits = limits_of(budget, moved, lost, len(flips), int(positive.sum()), positive.size)
    otherwise = np.isin([row.file for row in before.rows], [flip.file for flip in flips])
    return DriftReport(
        images=positive.size,
        patients=a.patients,
        positives=int(positive.sum()),
        finding=before.classes[-1],
        threshold=threshold,
        figures=figures,
        calibration_error=_calibration_errors(a, b),
        flips=flips,
        flip_share=_share(otherwise, a.owner),
        missed_share=_share((a.called & ~b.called)[positive], a.owner[positive]),
        score_difference=_difference(b.scores - a.scores),
        grid=grid_of(b.scores, threshold),
        budget=budget,
        limits=tuple(limits),
        beyond=tuple(str(limit) for limit in limits if not limit.within),
    )


def for_card(report: DriftReport) -> dict[str, Any]:
    """What travels with the file: a few figures, and no name of an image or a patient."""
    auc = report.figures["auc"]
    before, after = report.calibration_error or (None, None)
    table = {
        "images": report.images,
        "patients": report.patients,
        "positives": report.positives,
        "threshold": report.threshold,
        "auc_before": auc.a,
        "auc_after": auc.b,
        "auc_difference": auc.difference.value,
        "auc_difference_low": auc.difference.low,
        "auc_difference_high": auc.difference.high,
        **{f"{name}_{side}": getattr(report.figures[name], key)
           for name in ("sensitivity", "specificity") for side, key in (("before", "a"), ("after", "b"))},
        "calibration_error_before": before,
        "calibration_error_after": after,
        "label_flips": report.label_flips,
        "label_flip_share": report.flip_share.value,
        "missed_findings": report.of_kind("missed finding"),
        "new_alarms": report.of_kind("new alarm"),
        "score_difference": report.score_difference,
        "grid": report.grid,
        "budget": report.budget,
        "beyond": report.beyond,
    }  # fmt: skip
    return {name: to_dict(value) for name, value in table.items() if value is not None}


def _share(hits: NDArray[np.bool_], owner: NDArray[np.int64]) -> Figure:
    return Figure(float(hits.mean()), *interval_of_share(*by_patient(hits, owner)), "Wilson")


def _difference(after_less_before: NDArray[np.float64]) -> ScoreDifference:
    size, bias = np.abs(after_less_before), float(after_less_before.mean())
    reach = Z * float(after_less_before.std(ddof=1))
    return ScoreDifference(
        mean=float(size.mean()),
        p99=float(np.quantile(size, 0.99)),
        max=float(size.max()),
        bias=bias,
        low=bias - reach,
        high=bias + reach,
    )


def _calibration_errors(a: Judged, b: Judged) -> tuple[float, float] | None:
    if not (a.are_probabilities and b.are_probabilities):
        return None
    before, after = (float(one.figures(one.everybody)["calibration_error"][0]) for one in (a, b))
    return before, after

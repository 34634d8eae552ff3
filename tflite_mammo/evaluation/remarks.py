"""What a reader must know beside the figures: each one line, nothing dropped in silence."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from tflite_mammo.evaluation.metrics import are_probabilities
from tflite_mammo.evaluation.scaling import SLOPES
from tflite_mammo.scores import Scores

if TYPE_CHECKING:
    from tflite_mammo.evaluation.evaluate import Evaluation

TOO_GOOD = 0.95
"""No published mammography classifier reached this AUC per patient on honest splits of a public collection."""
FEW_PATIENTS = 30
"""Below that intervals that go by the variance between patients are narrower than they should be."""

SEEN = {
    "train": "images of the train part: of a model that was trained on them the figures say nothing",
    "validation": "images of the validation part, on which calibration and threshold were settled: the figures flatter",
}


def remarks_on(scores: Scores, evaluation: "Evaluation", *, mammograms: bool) -> tuple[str, ...]:
    seen = [SEEN[name] for name in evaluation.split.split("+") if name in SEEN]
    return (*seen, *_on_figures(scores, evaluation, mammograms), *on_rows(scores))


def on_classes(finding: str, positives: int, images: int, few: bool) -> Iterator[str]:
    if positives in (0, images):
        only = f"only {finding}" if positives else f"no {finding}"
        yield f"{only} among the {images} images: nothing that needs both classes can be computed"
    elif few:
        yield (
            f"{positives} {finding} and {images - positives} others: with fewer than 20 of either the "
            "figures are hints, no more"
        )


def _on_figures(scores: Scores, evaluation: "Evaluation", mammograms: bool) -> Iterator[str]:
    yield from on_classes(evaluation.finding, evaluation.positives, evaluation.images, evaluation.levels[0].few)
    if evaluation.patients < FEW_PATIENTS:
        yield f"{evaluation.patients} patients: of fewer than {FEW_PATIENTS} the intervals may be too narrow"
    if len(np.unique(scores.finding)) == 1 and evaluation.images > 1:
        yield "every image has the same score: the model tells nothing apart"
    yield from _on_calls(evaluation)
    level = evaluation.of_patients
    auc, unit = level.figures["auc"].value, "patient" if level.count == evaluation.patients else level.unit
    if mammograms and auc is not None and auc > TOO_GOOD:
        yield (
            f"an AUC of {auc:.3f} per {unit} is too good for mammograms: look for a leak or a shortcut with "
            "`tflite-mammo audit` before you believe it"
        )
    slope = evaluation.scaling.slope
    if evaluation.scaling.method != "none" and not SLOPES[0] * 1.001 < slope < SLOPES[1] / 1.001:
        why = "the scores say next to nothing" if slope < 1 else "the network is too unsure to be calibrated further"
        yield f"the calibration lies at its bound (slope {slope:g}): {why}"
    if not are_probabilities(scores.finding):
        low, high = float(scores.finding.min()), float(scores.finding.max())
        percent = "; if they are percent, divide them by 100" if low >= 0 and 1 < high <= 100 else ""
        yield (
            f"scores lie outside 0 to 1 ({low:g} to {high:g}), so they are no probabilities: no Brier score, log loss "
            f"or calibration error{percent}"
        )


def _on_calls(evaluation: "Evaluation") -> Iterator[str]:
    images = evaluation.levels[0]
    (quiet, alarms), (missed, found) = images.calls
    if quiet + missed == 0 or alarms + found == 0:
        yield f"at this threshold {'every' if alarms + found else 'no'} image is called {evaluation.finding}"
    auc = images.figures["auc"]
    if auc.low is not None and auc.high is not None and auc.low <= 0.5:
        worse = auc.high < 0.5
        yield (
            "the AUC lies below .5: the model orders images the wrong way round"
            if worse
            else ("the interval of the AUC holds .5: nothing shows that the model does better than chance")
        )


def on_rows(scores: Scores) -> Iterator[str]:
    finding = scores.classes[-1]
    unnamed = sum(not row.patient for row in scores.rows)
    if unnamed:
        yield f"{unnamed} images name no patient; each counts as a patient of its own"
    with_it = {row.patient for row in scores.rows if row.label == finding} - {""}
    both = {row.patient for row in scores.rows if row.label != finding} & with_it
    if both:
        have = "patients have" if len(both) > 1 else "patient has"
        yield f"{len(both)} {have} images with and without the finding; one image with it counts for the patient"
    no_side = sum(not row.side for row in scores.rows)
    if 0 < no_side < len(scores.rows):
        yield f"{no_side} images name no side; they count among images and patients, not among sides"
    elif no_side and len({row.patient for row in scores.rows}) < len(scores.rows):
        yield "no image names its side, so nothing is told of sides"

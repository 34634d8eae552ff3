"""A Proof and the scores behind it to a self-contained page."""

from collections.abc import Sequence
from typing import Any

from tflite_mammo import __version__
from tflite_mammo.benchmarking.glance import Speed
from tflite_mammo.conversion.ladder import MARGIN
from tflite_mammo.conversion.proof import Form, Proof
from tflite_mammo.evaluation.budget import Limit
from tflite_mammo.evaluation.drift import DriftReport
from tflite_mammo.evaluation.flips import KINDS
from tflite_mammo.reporting.drift import (
    against_the_first,
    beside_words,
    errors_of_stages,
    grid_words,
    meaning,
    of_stages,
    share_words,
    shown,
    signed,
    verdict_words,
)
from tflite_mammo.reporting.drift_plots import agreement_plot, bland_altman_plot, expected_flips_plot, score_error_plot
from tflite_mammo.reporting.evaluation_page import Subject
from tflite_mammo.reporting.ladder import rung_rows
from tflite_mammo.reporting.page import render
from tflite_mammo.reporting.tables import NOTHING, number
from tflite_mammo.reporting.text import FIGURE_NAMES, threshold_words

FIGURES = ("auc", "sensitivity", "specificity", "accuracy")
LISTED_FLIPS = 100
LIMITS = {
    "auc_difference": "AUC, either way",
    "sensitivity_loss": "sensitivity lost",
    "label_flips": "labels flipped",
}


def drift_page(proof: Proof, forms: Sequence[Form], subject: Subject, command: str) -> str:
    first, last = forms[0].scores, forms[-1].scores
    threshold = proof.threshold.value
    return render(
        "drift.html.j2",
        {
            "proof": proof,
            "drift": proof.drift,
            "subject": subject,
            "verdict": verdict_words(proof),
            "threshold": threshold_words(proof.threshold),
            "limits": [_limit(limit) for limit in proof.drift.limits],
            "shown": shown(proof.drift),
            "figures": _figures(proof),
            "moves": _moves(proof),
            "kinds": KINDS,
            "plots": [
                agreement_plot(first, {form.name: form.scores for form in forms[1:]}, threshold),
                bland_altman_plot(first, last, threshold, proof.drift.score_difference),
            ],
            "flips": proof.drift.flips[:LISTED_FLIPS],
            "harm": ("missed finding", "new alarm"),
            "grid": f"{grid_words(proof.drift.grid, threshold)}; {beside_words(proof.drift.grid)}",
            "speeds": _speeds(proof),
            "climb": _climb(proof),
            "command": command,
            "version": __version__,
        },
    )


def _limit(limit: Limit) -> dict[str, Any]:
    of_auc = limit.name == "auc_difference"
    return {
        "name": LIMITS[limit.name],
        "allowed": f"{limit.allowed:g}" if of_auc else f"{100 * limit.allowed:g} %",
        "found": f"{limit.found:+z.4f}" if of_auc else f"{100 * limit.found:.1f} %",
        "within": limit.within,
        "meaning": meaning(limit),
    }


def _figures(proof: Proof) -> list[tuple[str, list[str], str]]:
    """Name, value of each stage, change from the first to the last."""
    rows = [
        (FIGURE_NAMES[name], [number(value, 4) for value in of_stages(proof, name)],
         signed(proof.drift.figures[name].difference, 4))
        for name in FIGURES
    ]  # fmt: skip
    errors = errors_of_stages(proof)
    if errors:
        change = f"{errors[-1] - errors[0]:+z.4f}"
        rows.append((FIGURE_NAMES["calibration_error"], [number(error, 4) for error in errors], change))
    flips = [NOTHING, *(str(report.label_flips) for report in against_the_first(proof))]
    return [*rows, ("labels flipped", flips, share_words(proof.drift.flip_share))]


def _moves(proof: Proof) -> list[tuple[str, DriftReport]]:
    """What each step did, and all of them together."""
    names = [stage.name for stage in proof.stages]
    steps = [(f"{one} to {other}", report) for one, other, report in zip(names, names[1:], proof.steps, strict=False)]
    return [*steps, (f"{names[0]} to {names[-1]}", proof.drift)]


def _climb(proof: Proof) -> dict[str, Any] | None:
    """How the precision was found; None where none was sought."""
    ladder, allowed = proof.ladder, proof.drift.budget.label_flips
    if ladder is None:
        return None
    plots = [expected_flips_plot(ladder, allowed), score_error_plot(ladder)] if len(ladder.rungs) > 1 else []
    return {
        "ladder": ladder,
        "allowed": f"{100 * allowed:g} %",
        "ends_at": f"{100 * MARGIN * allowed:g} %",
        "rungs": rung_rows(ladder, allowed),
        "plots": plots,
    }


def _speeds(proof: Proof) -> list[tuple[int, list[Speed | None]]]:
    """Per number of threads a Speed of each stage that has one."""
    counts = sorted({speed.threads for stage in proof.stages for speed in stage.speeds})
    known = [{speed.threads: speed for speed in stage.speeds} for stage in proof.stages]
    return [(count, [speeds.get(count) for speeds in known]) for count in counts]

"""A Proof as lines for a terminal, and the sentences that the page tells too."""

from collections.abc import Iterator

from tflite_mammo.conversion.proof import Proof
from tflite_mammo.evaluation.budget import Limit
from tflite_mammo.evaluation.drift import DriftReport
from tflite_mammo.evaluation.figure import Figure
from tflite_mammo.evaluation.grid import ScoreGrid
from tflite_mammo.reporting.columns import Words, aligned, folded
from tflite_mammo.reporting.ladder import ladder_words
from tflite_mammo.reporting.tables import NOTHING, number
from tflite_mammo.reporting.text import FIGURE_NAMES

NAMED_FLIPS = 20
LONGEST_NAME = 10
FOUR = 4
"""Digits: a change of an AUC that matters here is seen in the third."""


def verdict_words(proof: Proof) -> str:
    return f"{'within' if proof.drift.within else 'BEYOND'} the budget of {proof.allowed_by}"


def proof_lines(proof: Proof, what: str) -> list[str]:
    """`what` is judged: a file with its size, or two models."""
    report = proof.drift
    lines = [f"{verdict_words(proof)}: {what}", *(f"  {words}" for words in report.beyond)]
    lines.append(
        f"  {proof.split}: {report.images} images of {report.patients} patients, {report.positives} {report.finding}; "
        f"threshold {proof.threshold.value:.4f}"
    )
    lines += [f"  {line}" for line in aligned(_rows(proof))]
    if speeds := speed_words(proof):
        lines.append(f"  {speeds}")
    if proof.ladder:
        lines += folded(f"  precision: {ladder_words(proof.ladder)}")
    return [*lines, *(f"  NOTE: {note}" for note in proof.notes), *_told_of_scores(report), *_flip_lines(report)]


def of_stages(proof: Proof, name: str) -> list[float | None]:
    """A figure of each stage."""
    reports = proof.steps or (proof.drift,)
    return [reports[0].figures[name].a, *(report.figures[name].b for report in reports)]


def errors_of_stages(proof: Proof) -> list[float] | None:
    """The calibration error of each stage; None where a stage's scores are no probabilities."""
    pairs = [report.calibration_error for report in proof.steps or (proof.drift,)]
    known = [pair for pair in pairs if pair]
    return [known[0][0], *(after for _, after in known)] if len(known) == len(pairs) else None


def against_the_first(proof: Proof) -> list[DriftReport]:
    """Of each stage but the first."""
    return [*proof.steps[:1], proof.drift]


def signed(figure: Figure, digits: int = 3) -> str:
    interval = f" ({figure.low:+z.{digits}f} to {figure.high:+z.{digits}f})" if figure.low is not None else ""
    return f"{figure.value:+z.{digits}f}{interval}"


def share_words(figure: Figure) -> str:
    interval = f" ({100 * figure.low:.1f} to {100 * (figure.high or 0):.1f})" if figure.low is not None else ""
    return f"{100 * (figure.value or 0):.1f} %{interval}"


def meaning(limit: Limit) -> str:
    """What the budget's share is on so many images."""
    one = 1 / limit.of
    if limit.name == "auc_difference":
        if limit.at_most:
            return f"{limit.at_most:,} of {limit.of:,} pairs of a finding and another image may change order"
        return f"1 of {limit.of:,} pairs is {one:.4f}: at this size no pair may change order"
    if limit.name == "sensitivity_loss":
        if limit.at_most:
            return f"at most {limit.at_most:,} of {limit.of:,} findings may be lost; 1 is {100 * one:.1f} points"
        return f"1 of {limit.of:,} findings is {100 * one:.1f} points: at this size no loss is allowed"
    if limit.at_most:
        return f"at most {limit.at_most:,} of {limit.of:,} images may be called otherwise"
    return f"1 of {limit.of:,} images is {100 * one:.1f} %: at this size none may be called otherwise"


def shown(report: DriftReport) -> list[str]:
    """What so many patients can show, and what they cannot."""
    return [_shown_of_auc(report), _shown_of_findings(report), _shown_of_labels(report)]


def grid_words(grid: ScoreGrid, threshold: float) -> str:
    if grid.kind == "even" and grid.unit:
        acts = "is one of them" if grid.above == threshold else f"cannot be expressed and acts as {grid.above:.4f}"
        return f"scores are multiples of 1/{1 / grid.unit:.0f}: the threshold {threshold:.4f} {acts}"
    if grid.kind == "logit":
        return f"scores come in steps, {grid.at_threshold:.4f} wide around the threshold {threshold:.4f}"
    return "scores come in no steps that these images show"


def beside_words(grid: ScoreGrid) -> str:
    """How many images lie on the scores next to the threshold."""
    both = ((grid.below, grid.on_below), (grid.above, grid.on_above))
    return "images next to it: " + ", ".join(f"{count} on {level:.4f}" for level, count in both if level is not None)


def speed_words(proof: Proof) -> str:
    told = [stage for stage in proof.stages if stage.speeds]
    if not told:
        return ""
    each = [
        f"{stage.name[:LONGEST_NAME]} {' / '.join(f'{speed.median_ms:.2f}' for speed in stage.speeds)}"
        for stage in told
    ]
    threads = " / ".join(str(speed.threads) for speed in told[0].speeds)
    return f"ms on {threads} threads: {', '.join(each)}; a glance, `benchmark` measures"


def _shown_of_auc(report: DriftReport) -> str:
    difference, allowed = report.figures["auc"].difference, report.budget.auc_difference
    if difference.low is None or difference.high is None:
        return "The AUC's difference has no interval here, so nothing shows how far it may move with other patients."
    interval = f"(95 %: {difference.low:+.4f} to {difference.high:+.4f})"
    farthest = max(-difference.low, difference.high)
    if farthest <= allowed:
        return f"The AUC: these patients show that it moves by no more than the {allowed:g} allowed {interval}."
    return (
        f"The AUC: these patients cannot rule out that it moves by {farthest:.4f}, where {allowed:g} is allowed "
        f"{interval}."
    )


def _shown_of_findings(report: DriftReport) -> str:
    lost = report.of_kind("missed finding")
    return (
        f"Findings: {lost} of {report.positives} were called before and are called no more. So many findings cannot "
        f"rule out that it is up to {_up_to(report.missed_share)} of others."
    )


def _shown_of_labels(report: DriftReport) -> str:
    return (
        f"Labels: {report.label_flips} of {report.images} flipped. Images of {report.patients} patients cannot rule "
        f"out that it is up to {_up_to(report.flip_share)} of others."
    )


def _up_to(figure: Figure) -> str:
    return f"{100 * (figure.high or 0):.1f} %"


def _rows(proof: Proof) -> list[Words]:
    report = proof.drift
    of_flips, others = report.limits[-1], against_the_first(proof)
    rows: list[Words] = [["", *(stage.name[:LONGEST_NAME] for stage in proof.stages), "change (95 %)", "allowed"]]
    for name, allowed in (("auc", _allowed_auc), ("sensitivity", _allowed_loss), ("specificity", _no_limit)):
        digits = FOUR if name == "auc" else 3
        change = signed(report.figures[name].difference, digits)
        values = [number(value, digits) for value in of_stages(proof, name)]
        rows.append([FIGURE_NAMES[name], *values, change, allowed(report)])
    if errors := errors_of_stages(proof):
        change = f"{errors[-1] - errors[0]:+z.3f}"
        rows.append(["calibration error", *(number(error) for error in errors), change, ""])
    flips = [str(one.label_flips) for one in others]
    allowed_flips = f"{100 * of_flips.allowed:g} %: {of_flips.at_most} of {of_flips.of}"
    rows.append(["labels flipped", NOTHING, *flips, share_words(report.flip_share), allowed_flips])
    scores = report.score_difference
    means = [number(one.score_difference.mean, FOUR) for one in others]
    rows.append(["score difference", NOTHING, *means, f"max {scores.max:.4f}, bias {scores.bias:+z.4f}", ""])
    return rows


def _allowed_auc(report: DriftReport) -> str:
    return f"{report.budget.auc_difference:g}"


def _allowed_loss(report: DriftReport) -> str:
    limit = report.limits[1]
    return f"{100 * limit.allowed:g} % lost: {limit.at_most} of {limit.of}"


def _no_limit(_: DriftReport) -> str:
    return NOTHING


def _told_of_scores(report: DriftReport) -> Iterator[str]:
    if report.grid.coarse:
        yield f"  NOTE: {grid_words(report.grid, report.threshold)}"
        yield f"    {beside_words(report.grid)}"


def _flip_lines(report: DriftReport) -> Iterator[str]:
    for flip in report.flips[:NAMED_FLIPS]:
        yield f"  {flip.kind}: {flip.file} ({flip.label}) {flip.score_a:.4f} -> {flip.score_b:.4f}"
    if len(report.flips) > NAMED_FLIPS:
        yield f"  and {len(report.flips) - NAMED_FLIPS} more labels that flipped"

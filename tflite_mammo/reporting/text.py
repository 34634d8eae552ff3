"""Verdicts as lines for a terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tflite_mammo.benchmarking.latency import LatencyReport
from tflite_mammo.evaluation.evaluate import Evaluation, External
from tflite_mammo.evaluation.figure import NO_FIGURE
from tflite_mammo.reporting.columns import Words, aligned
from tflite_mammo.scores import Threshold

if TYPE_CHECKING:
    from tflite_mammo.training.plan import Plan

FIGURE_NAMES = {
    "auc": "AUC",
    "average_precision": "average precision",
    "partial_auc": "partial AUC",
    "sensitivity_at_90_specificity": "sens. at 90 % spec.",
    "sensitivity_at_95_specificity": "sens. at 95 % spec.",
    "specificity_at_90_sensitivity": "spec. at 90 % sens.",
    "specificity_at_95_sensitivity": "spec. at 95 % sens.",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "precision_positive": "PPV",
    "precision_negative": "NPV",
    "f1_positive": "F1 of the finding",
    "f1_negative": "F1 of the rest",
    "f1_weighted": "F1, weighted",
    "mcc": "MCC",
    "brier": "Brier score",
    "log_loss": "log loss",
    "calibration_error": "calibration error",
}
HEADLINE = ("auc", "accuracy", "sensitivity", "specificity", "f1_positive", "f1_negative")
UNIT_NAMES = {"image": "images", "side": "sides", "patient": "patients"}


def headline(evaluation: Evaluation) -> list[str]:
    """Per image, in a few lines: what a training ends with."""
    lines = [_of_what(evaluation)]
    lines += [f"  {FIGURE_NAMES[name]:<18} {evaluation.figures[name]}" for name in HEADLINE]
    return [*lines, *_threshold_lines(evaluation)]


def evaluation_lines(evaluation: Evaluation) -> list[str]:
    """Every figure of every unit, in columns; then each class, each group that was asked for, and other data."""
    levels = evaluation.levels
    rows = [["", *(f"{level.count} {UNIT_NAMES[level.unit]}{' (few)' if level.few else ''}" for level in levels)]]
    rows += [[words, *(str(level.figures[name]) for level in levels)] for name, words in FIGURE_NAMES.items()]
    for i, first in enumerate(levels[0].at_prevalence):
        for value in ("ppv", "npv"):
            words = f"{value.upper()} at {100 * first.prevalence:g} %"
            rows.append([words, *(str(getattr(level.at_prevalence[i], value)) for level in levels)])
    lines = [_of_what(evaluation), *_columns(rows)]
    for name, figures in evaluation.one_vs_rest.items():
        lines.append(f"  {name} against the rest: AUC {figures['auc']}, sensitivity {figures['sensitivity']}")
    return [*lines, *_threshold_lines(evaluation), *(line for one in evaluation.externals for line in _external(one))]


def subgroup_lines(evaluation: Evaluation) -> list[str]:
    rows = [["per image", "images", "finding", "AUC", "sensitivity", "specificity"]]
    for group in evaluation.subgroups:
        figures = [str(figure) for figure in group.figures.values()]
        few = " (few)" if group.few else ""
        rows.append([f"{group.column} {group.value}{few}", str(group.images), str(group.positives), *figures])
    return _columns(rows)


def _external(external: External) -> list[str]:
    other = external.evaluation
    lines = [f"external {external.name}: {other.images} images of {other.patients} patients, {other.positives} finding"]
    for level in other.levels:
        fall = external.falls.get(level.unit, {}).get("auc", NO_FIGURE)
        lines.append(f"  per {level.unit}: AUC {level.figures['auc']}; fall {fall}")
    return [*lines, *(f"  NOTE: {remark}" for remark in other.remarks)]


def _columns(rows: Sequence[Words]) -> list[str]:
    return [f"  {line}" for line in aligned(rows, side="<")]


def _of_what(evaluation: Evaluation) -> str:
    return (
        f"{evaluation.split}: {evaluation.images} images of {evaluation.patients} patients, "
        f"{evaluation.positives} {evaluation.finding}; 95 % intervals by patient"
    )


def threshold_words(threshold: Threshold) -> str:
    locked = f", locked on the {threshold.locked_on}" if threshold.locked_on else ""
    return f"{threshold.value:.4f}: {threshold.rule}{locked}"


def _threshold_lines(evaluation: Evaluation) -> list[str]:
    lines = [f"  threshold {threshold_words(evaluation.threshold)}"]
    if evaluation.scaling.method != "none":
        lines.append(f"  calibrated: {evaluation.scaling}")
    return [*lines, *(f"  NOTE: {remark}" for remark in evaluation.remarks)]


def latency_lines(reports: Sequence[LatencyReport]) -> list[str]:
    device = reports[0].device
    lines = [
        f"{device.model}, {device.cores} cores, {device.memory_mb} MB, {device.system}, "
        f"governor {device.governor or 'not told'}",
        f"{'model':<28}{'thr':>4}{'p50 ms':>9}{'p90':>9}{'p99':>9}{'load':>8}{'first':>8}{'peak MB':>9}{'file MB':>9}",
    ]
    for r in reports:
        lines.append(
            f"{r.model + ' ' + r.quantisation:<28}{r.threads:>4}{r.p50_ms:>9.2f}{r.p90_ms:>9.2f}{r.p99_ms:>9.2f}"
            f"{r.load_ms:>8.1f}{r.first_ms:>8.1f}{r.peak_memory_mb:>9.1f}{r.file_mb:>9.2f}"
        )
    samples = len(reports[0].invoke_ms)
    return [*lines, f"{reports[0].runtime} {reports[0].runtime_version}, invoke alone, {samples} samples each"]


def plan_lines(plan: "Plan") -> list[str]:
    """Every layer with the stages it trains in, then what each stage costs."""
    lines = [f"{'':>4} {'layer':<34}{'kind':<22}{'output':<16}{'parameters':>11}  trains in stage"]
    for layer in plan.layers:
        number = str(layer.number) if layer.number >= 0 else "head" if layer.parameters else ""
        shape, stages = "x".join(map(str, layer.shape)), " ".join(map(str, layer.trains_in)) or "-"
        lines.append(
            f"{number:>4} {layer.name[:33]:<34}{layer.kind[:21]:<22}{shape:<16}{layer.parameters:>11,}  "
            f"{stages if layer.parameters else ''}".rstrip()
        )
    lines.append(f"{plan.recipe}: {plan.parameters:,} parameters, {plan.images:,} images an epoch")
    for place, stage in enumerate(plan.stages, 1):
        memory = ", ".join(f"{size}: {megabytes:,}" for size, megabytes in stage.memory_mb.items())
        lines.append(
            f"stage {place}: {stage.trainable:,} parameters train, {stage.epochs} epochs, {stage.steps:,} steps of "
            f"{plan.batch_size}"
        )
        lines.append(f"  memory, estimated, in MB by batch size: {memory}")
    return lines

"""Verdicts as lines for a terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tflite_mammo.benchmarking.latency import LatencyReport
from tflite_mammo.bundle import ModelCard
from tflite_mammo.evaluation.evaluate import Evaluation

if TYPE_CHECKING:
    from tflite_mammo.training.plan import Plan

FIGURE_NAMES = {
    "auc": "AUC",
    "accuracy": "accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "f1_positive": "F1 of the finding",
    "f1_negative": "F1 of the rest",
}


def evaluation_lines(evaluation: Evaluation) -> list[str]:
    lines = [
        f"{evaluation.split}: {evaluation.images} images of {evaluation.patients} patients, "
        f"{evaluation.positives} {evaluation.finding}; 95 % intervals by patient",
    ]
    lines += [f"  {FIGURE_NAMES[name]:<18} {figure}" for name, figure in evaluation.figures.items()]
    threshold = evaluation.threshold
    return [*lines, f"  threshold {threshold.value:.4f}: {threshold.rule}, locked on the {threshold.locked_on}"]


def card_lines(card: ModelCard) -> list[str]:
    spec = card.spec
    lines = [
        f"  {card.name}, {card.quantisation}; classes {', '.join(card.classes)} (score of: {card.classes[-1]})",
        f"  threshold {card.threshold.value:.4f}, locked on the {card.threshold.locked_on}",
        f"  pixels {spec.height}x{spec.width}x{spec.channels}, crop {spec.crop}, orient {spec.orient}, "
        f"contrast {spec.contrast}, fit {spec.fit}; spec {card.spec_fingerprint}",
        f"  trained on {card.source}, data {card.data[:12]}" + (" (SYNTHETIC)" if card.synthetic else ""),
    ]
    if card.audit:
        lines.append(f"  audit: {_audit_words(card.audit)}")
    if card.drift:
        lines.append(
            f"  drift: AUC {card.drift['auc_difference']:+.4f}, {card.drift['label_flip_share']:.1%} labels flipped, "
            + ("BEYOND its budget" if card.drift["beyond"] else "within its budget")
        )
    return [*lines, f"  {card.intended_use}"]


def _audit_words(audit: Mapping[str, Any]) -> str:
    leaks = f"{audit['leaks']} pairs of images in different parts, accepted" if audit["leaks"] else "no leak"
    labels = f"; {audit['two_labels']} pairs bear two labels" if audit["two_labels"] else ""
    told = ", ".join(f"{name} (AUC {auc:.2f})" for name, auc in audit["shortcuts"].items())
    return leaks + labels + (f"; shortcuts: {told}" if told else "")


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

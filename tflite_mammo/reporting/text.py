"""Verdicts as lines for a terminal."""

from tflite_mammo.bundle import ModelCard
from tflite_mammo.evaluation.evaluate import Evaluation

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
    if card.drift:
        lines.append(
            f"  drift: AUC {card.drift['auc_difference']:+.4f}, {card.drift['label_flip_share']:.1%} labels flipped, "
            + ("BEYOND its budget" if card.drift["beyond"] else "within its budget")
        )
    return [*lines, f"  {card.intended_use}"]

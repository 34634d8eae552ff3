"""A Run to the figures that a study compares, named as `Reported` names them; what cannot be computed is left out."""

from collections.abc import Sequence
from dataclasses import fields

from tflite_mammo.evaluation.best import figures_of_best
from tflite_mammo.evaluation.evaluate import Evaluation
from tflite_mammo.scores import Scores
from tflite_mammo.studies.study import Reported
from tflite_mammo.training.run import Run

Figures = dict[str, float]

PUBLISHED = tuple(field.name for field in fields(Reported) if field.name not in ("accuracy_sd", "note"))
LOCKED = ("sensitivity_locked", "specificity_locked")
"""At the threshold that was locked on the validation part."""
OF_A_PART = (*PUBLISHED[: PUBLISHED.index("train_accuracy")], *LOCKED)
"""What scores alone tell; the rest needs the run."""
COMPARED = (*PUBLISHED, *LOCKED, "images_per_second")
EXTERNAL = tuple(f"external_{name}" for name in OF_A_PART)


def figures_of(run: Run) -> Figures:
    return {
        **figures_of_part(run.scores.of_split("test"), run.evaluation),
        **_of_the_epochs(run.history),
        "minutes": run.environment.minutes,
        "images_per_second": run.environment.images_per_second,
    }


def figures_of_part(scores: Scores, evaluation: Evaluation) -> Figures:
    known = {name: figure.value for name, figure in evaluation.figures.items() if figure.value is not None}
    locked = {name: known[name.removesuffix("_locked")] for name in LOCKED if name.removesuffix("_locked") in known}
    auc = {"auc": known["auc"]} if "auc" in known else {}
    table = {**auc, **figures_of_best(scores), **locked}
    return {name: table[name] for name in OF_A_PART if name in table}


def _of_the_epochs(history: Sequence[dict[str, float]]) -> Figures:
    last, best = history[-1], max(history, key=lambda epoch: epoch["val_accuracy"])
    return {
        "train_accuracy": last["accuracy"],
        "val_accuracy": last["val_accuracy"],
        "val_loss": last["val_loss"],
        "best_val_accuracy": best["val_accuracy"],
        "best_epoch": best["epoch"],
    }

"""Scores of one model to the plots of its evaluation: each drawn once, as SVG in a page and as PNG beside it."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.evaluation.curves import precision_recall, reliability, roc
from tflite_mammo.evaluation.evaluate import Evaluation, Level
from tflite_mammo.evaluation.metrics import are_probabilities
from tflite_mammo.evaluation.pooling import Unit
from tflite_mammo.evaluation.scaling import unscaled
from tflite_mammo.reporting.canvas import COLOURS, INK, Draw, plain
from tflite_mammo.scores import AS_TRAINED, Scores, called

HISTOGRAM_BINS = 20
Matrix = NDArray[np.int64]


def plots_of(tables: Mapping[Unit, Scores], evaluation: Evaluation) -> dict[str, tuple[str, Draw]]:
    """By file name, with what each shows. `tables` holds the scores of each unit, images first."""
    images = next(iter(tables.values()))
    drawings: dict[str, tuple[str, Draw]] = {}
    curved = {level.unit: level for level in evaluation.levels if 0 < level.positives < level.count}
    if curved:
        drawings["roc"] = ("ROC curves", partial(_draw_roc, tables=tables, levels=curved))
        drawings["precision-recall"] = (
            "Precision-recall curves",
            partial(_draw_precision, tables=tables, units=curved),
        )
    drawings["scores"] = ("Histogram of the scores", partial(_draw_scores, scores=images, evaluation=evaluation))
    if are_probabilities(images.finding):
        drawings["reliability"] = (
            "Reliability diagram",
            partial(_draw_reliability, scores=images, evaluation=evaluation),
        )
    for level in evaluation.levels:
        matrix, names = _calls(level, images, evaluation)
        drawing = partial(_draw_confusion, matrix=matrix, names=names, title=f"Per {level.unit}")
        drawings[f"confusion-{level.unit}"] = (f"Confusion matrix per {level.unit}", drawing)
    return drawings


def _draw_roc(axes: Any, tables: Mapping[Unit, Scores], levels: Mapping[Unit, Level]) -> None:
    for (unit, level), colour in zip(levels.items(), COLOURS, strict=False):
        axes.plot(
            *roc(tables[unit]), color=colour, linewidth=1.6, label=f"per {unit}, AUC {level.figures['auc'].value:.3f}"
        )
        (quiet, alarms), (_, found) = level.calls
        axes.plot(alarms / (quiet + alarms), found / level.positives, "o", color=colour)
    axes.plot([], [], "o", color=INK, label="at the threshold")
    axes.plot([0, 1], [0, 1], ":", color=INK, alpha=0.5)
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", aspect="equal", title="ROC")
    axes.legend(loc="lower right", fontsize=9)


def _draw_precision(axes: Any, tables: Mapping[Unit, Scores], units: Iterable[Unit]) -> None:
    for unit, colour in zip(units, COLOURS, strict=False):
        scores = tables[unit]
        axes.step(*precision_recall(scores), where="pre", color=colour, linewidth=1.6, label=f"per {unit}")
        axes.axhline(scores.positive.mean(), color=colour, linestyle=":", alpha=0.7, linewidth=1)
    axes.set(xlabel="sensitivity (recall)", ylabel="PPV (precision)", title="Precision-recall", ylim=(0, 1.02))
    axes.set_xlim(0, 1.02)
    axes.legend(loc="lower left", fontsize=9, title="dotted: by chance", title_fontsize=9)


def _draw_scores(axes: Any, scores: Scores, evaluation: Evaluation) -> None:
    edges = np.linspace(min(0.0, scores.finding.min()), max(1.0, scores.finding.max()), HISTOGRAM_BINS + 1)
    for members, name, colour in ((~scores.positive, "without", COLOURS[0]), (scores.positive, "with", COLOURS[1])):
        axes.hist(scores.finding[members], edges, color=colour, alpha=0.55, label=f"{name} ({int(members.sum())})")
    axes.axvline(evaluation.threshold.value, color=INK, linestyle="--", linewidth=1, label="threshold")
    axes.set(xlabel=f"score of {plain(evaluation.finding)}", ylabel="images", title="Scores")
    axes.legend(fontsize=9)


def _draw_reliability(axes: Any, scores: Scores, evaluation: Evaluation) -> None:
    axes.plot([0, 1], [0, 1], ":", color=INK, alpha=0.5)
    if evaluation.scaling != AS_TRAINED:
        before = reliability(unscaled(scores, evaluation.scaling))
        x, y = [one.promised for one in before], [one.kept for one in before]
        axes.plot(x, y, "s--", color=COLOURS[7], markersize=4, linewidth=1, label="before calibration")
    bins = reliability(scores)
    kept = np.array([one.kept for one in bins])
    ends = np.array([[one.kept - one.low, one.high - one.kept] for one in bins]).T.clip(min=0)
    axes.errorbar(
        [one.promised for one in bins], kept, ends, fmt="o-", color=COLOURS[0], capsize=2, markersize=5,
        linewidth=1.4, label="as it is used, 95 %",
    )  # fmt: skip
    axes.set(xlabel="mean score", ylabel="share with the finding", xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.set_title("Reliability")
    axes.legend(loc="lower right", fontsize=9)


def _calls(level: Level, images: Scores, evaluation: Evaluation) -> tuple[Matrix, list[str]]:
    """How many of each class (row) were called each (column); sides and patients have the finding, or have it not."""
    classes = evaluation.classes
    if level.unit == "image":
        matrix = np.zeros((len(classes),) * 2, np.int64)
        np.add.at(matrix, (images.labels, called(images.values, evaluation.threshold.value)), 1)
        return matrix, [plain(name) for name in classes]
    rest = classes[0] if len(classes) == 2 else "other"
    return np.array(level.calls), [plain(rest), plain(evaluation.finding)]


def _draw_confusion(axes: Any, matrix: Matrix, names: Sequence[str], title: str) -> None:
    kinds = len(names)
    axes.set(xlim=(-0.5, kinds - 0.5), ylim=(kinds - 0.5, -0.5), aspect="equal", title=title)
    for row, counts in enumerate(matrix):
        for column, count in enumerate(counts):
            share = count / max(1, counts.sum())
            axes.add_patch(_tile(column, row, COLOURS[2] if row == column else COLOURS[1], 0.12 + 0.6 * share))
            axes.text(column, row - 0.08, str(count), ha="center", va="center", fontsize=28 / kinds)
            axes.text(column, row + 0.2, f"{share:.0%}", ha="center", va="center", fontsize=9)
    axes.set_xticks(range(kinds), [f"called\n{name}" for name in names])
    axes.set_yticks(range(kinds), [f"is {name}" for name in names])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def _tile(column: int, row: int, colour: str, alpha: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((column - 0.48, row - 0.48), 0.96, 0.96, color=colour, alpha=alpha, linewidth=0)

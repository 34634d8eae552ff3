"""Histories, scores and latencies of several models to plots for a page."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from matplotlib.ticker import MaxNLocator

from tflite_mammo.benchmarking.latency import LatencyReport
from tflite_mammo.evaluation.curves import roc
from tflite_mammo.reporting.canvas import COLOURS, INK, svg
from tflite_mammo.scores import Scores

FEW_EPOCHS = 30
"""More of them and their marks would run together."""
History = Sequence[dict[str, float]]
Plotted = Literal["loss", "accuracy", "precision", "recall"]
PLOTTED: tuple[Plotted, ...] = get_args(Plotted)


def history_plot(histories: Sequence[History], what: Plotted) -> str:
    return svg(lambda axes: draw_history(axes, histories, what), label=f"{what} per epoch")


def draw_history(axes: Any, histories: Sequence[History], what: Plotted) -> None:
    """Training against validation, per epoch; beside the accuracy the validation AUC.

    Of several runs each is thin, and their mean goes as far as the shortest.
    """
    _curves(axes, histories, what, COLOURS[0], "training")
    _curves(axes, histories, f"val_{what}", COLOURS[1], "validation")
    if what == "accuracy":
        _curves(axes, histories, "val_auc", COLOURS[2], "validation AUC", "--")
    axes.set(xlabel="epoch", title=what)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.legend()


def _curves(axes: Any, histories: Sequence[History], column: str, colour: str, label: str, style: str = "-") -> None:
    if len(histories) > 1:
        for history in histories:
            epochs = [row["epoch"] for row in history]
            axes.plot(epochs, [row[column] for row in history], style, color=colour, alpha=0.5, linewidth=0.8)
    shortest = min(histories, key=len)
    means = [np.mean([history[i][column] for history in histories]) for i in range(len(shortest))]
    marker = "o" if len(shortest) <= FEW_EPOCHS else ""
    axes.plot([row["epoch"] for row in shortest], means, f"{marker}{style}", color=colour, label=label)


def roc_plot(tables: dict[str, Scores], threshold: float) -> str:
    def draw(axes: Any) -> None:
        for (name, scores), colour in zip(tables.items(), COLOURS, strict=False):
            false_alarms, found = roc(scores)
            axes.plot(false_alarms, found, color=colour, label=name, linewidth=1.6)
        first = next(iter(tables.values()))
        called, positive = first.finding >= threshold, first.positive
        axes.plot(called[~positive].mean(), called[positive].mean(), "o", color=INK, label="locked threshold")
        axes.plot([0, 1], [0, 1], ":", color=INK, alpha=0.5)
        axes.set(xlabel="1 - specificity", ylabel="sensitivity", aspect="equal", title="ROC, test part")
        axes.legend(loc="lower right")

    return svg(draw, label="ROC curves on the test part")


def study_roc_plot(recipes: Sequence[Sequence[Scores]]) -> str:
    """Each run thin, and per recipe the mean sensitivity at each specificity; the page names the colours."""

    def draw(axes: Any) -> None:
        grid = np.linspace(0, 1, 201)
        for i, tables in enumerate(recipes):
            colour, curves = COLOURS[i % len(COLOURS)], [roc(scores) for scores in tables]
            if len(curves) > 1:
                for false_alarms, found in curves:
                    axes.plot(false_alarms, found, color=colour, linewidth=0.8, alpha=0.5)
                mean = np.mean([np.interp(grid, *curve) for curve in curves], axis=0)
                axes.plot(np.r_[0, grid], np.r_[0, mean], color=colour, linewidth=1.8)
            elif curves:
                axes.plot(*curves[0], color=colour, linewidth=1.8)
        axes.plot([0, 1], [0, 1], ":", color=INK, alpha=0.5)
        axes.set(xlabel="1 - specificity", ylabel="sensitivity", aspect="equal", title="ROC, test part")

    return svg(draw, label="ROC curves of every recipe on the test part")


def latency_plot(reports: Sequence[LatencyReport]) -> str:
    def draw(axes: Any) -> None:
        names = [f"{report.quantisation}, {_threads(report.threads)}" for report in reports]
        places = np.arange(len(reports))[::-1]
        axes.boxplot(
            [report.invoke_ms for report in reports], positions=places, orientation="horizontal", widths=0.6,
            whis=(1, 99), showfliers=False, medianprops={"color": COLOURS[1]},
            **{name: {"color": INK} for name in ("boxprops", "whiskerprops", "capprops")},
        )  # fmt: skip
        axes.set(yticks=places, yticklabels=names, xlabel="ms per image, invoke alone; whiskers p1 to p99")
        axes.set_xlim(left=0)

    return svg(draw, label="Latency per model and number of threads")


def _threads(count: int) -> str:
    return f"{count} thread" + ("s" if count > 1 else "")

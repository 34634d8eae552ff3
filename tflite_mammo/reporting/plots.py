"""Verdicts to SVG that lives inside a page: text in the page's own colour, so that light and dark both read well."""

import io
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import numpy as np
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import MaxNLocator

from tflite_mammo.benchmarking.latency import LatencyReport
from tflite_mammo.scores import Scores

INK = "#010203"
"""Drawn in this colour, then replaced by the page's `currentColor`."""
FEW_EPOCHS = 30
"""More of them and their marks would run together."""
COLOURS = (
    "#3b7dd8", "#d8743b", "#3a9d6e", "#a05cc0", "#c49a1f", "#d1557d", "#2aa3b5", "#87909a", "#8c6a4f", "#7c9a2e",
)  # fmt: skip
History = Sequence[dict[str, float]]
Plotted = Literal["loss", "accuracy", "precision", "recall"]
PLOTTED: tuple[Plotted, ...] = get_args(Plotted)
STYLE: Any = {
    "svg.fonttype": "none", "svg.hashsalt": "tflite-mammo", "font.family": "sans-serif", "font.size": 10,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False, "axes.grid": True,
    "grid.alpha": 0.2, "grid.color": INK,
}  # fmt: skip


def history_plot(histories: Sequence[History], what: Plotted) -> str:
    return _svg(lambda axes: draw_history(axes, histories, what), label=f"{what} per epoch")


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
            false_alarms, found = _roc(scores)
            axes.plot(false_alarms, found, color=colour, label=name, linewidth=1.6)
        first = next(iter(tables.values()))
        called, positive = first.finding >= threshold, first.positive
        axes.plot(called[~positive].mean(), called[positive].mean(), "o", color=INK, label="locked threshold")
        axes.plot([0, 1], [0, 1], ":", color=INK, alpha=0.5)
        axes.set(xlabel="1 - specificity", ylabel="sensitivity", aspect="equal", title="ROC, test part")
        axes.legend(loc="lower right")

    return _svg(draw, label="ROC curves on the test part")


def study_roc_plot(recipes: Sequence[Sequence[Scores]]) -> str:
    """Each run thin, and per recipe the mean sensitivity at each specificity; the page names the colours."""

    def draw(axes: Any) -> None:
        grid = np.linspace(0, 1, 201)
        for i, tables in enumerate(recipes):
            colour, curves = COLOURS[i % len(COLOURS)], [_roc(scores) for scores in tables]
            if len(curves) > 1:
                for false_alarms, found in curves:
                    axes.plot(false_alarms, found, color=colour, linewidth=0.8, alpha=0.5)
                mean = np.mean([np.interp(grid, *curve) for curve in curves], axis=0)
                axes.plot(np.r_[0, grid], np.r_[0, mean], color=colour, linewidth=1.8)
            elif curves:
                axes.plot(*curves[0], color=colour, linewidth=1.8)
        axes.plot([0, 1], [0, 1], ":", color=INK, alpha=0.5)
        axes.set(xlabel="1 - specificity", ylabel="sensitivity", aspect="equal", title="ROC, test part")

    return _svg(draw, label="ROC curves of every recipe on the test part")


def agreement_plot(before: Scores, after: dict[str, Scores], threshold: float) -> str:
    """Each image's score before and after: on the diagonal nothing changed, in the grey corners the label did."""

    def draw(axes: Any) -> None:
        axes.axhspan(threshold, 1, xmax=threshold, color=INK, alpha=0.07, linewidth=0)
        axes.axhspan(0, threshold, xmin=threshold, color=INK, alpha=0.07, linewidth=0)
        for (name, scores), colour in zip(after.items(), COLOURS, strict=False):
            axes.plot(before.finding, scores.aligned_to(before).finding, ".", color=colour, label=name, alpha=0.7)
        axes.plot([0, 1], [0, 1], ":", color=INK, alpha=0.5)
        axes.set(xlabel="trained network's score", ylabel="converted file's score", aspect="equal")
        axes.set(xlim=(0, 1), ylim=(0, 1), title="Do they decide alike?")
        axes.legend(loc="upper left")

    return _svg(draw, label="Scores of the converted files against the trained network's")


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

    return _svg(draw, label="Latency per model and number of threads")


def _threads(count: int) -> str:
    return f"{count} thread" + ("s" if count > 1 else "")


def _roc(scores: Scores) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    order = np.argsort(-scores.finding, kind="stable")
    positive = scores.positive[order]
    last_of_tie = np.r_[np.diff(scores.finding[order]) != 0, True]
    found = np.cumsum(positive)[last_of_tie] / positive.sum()
    false_alarms = np.cumsum(~positive)[last_of_tie] / (~positive).sum()
    return np.r_[0, false_alarms], np.r_[0, found]


def _svg(draw: Callable[[Any], None], label: str) -> str:
    import matplotlib

    with matplotlib.rc_context(STYLE):
        canvas = Canvas(figsize=(4.4, 3.8), layout="constrained")
        draw(canvas.subplots())
        file = io.StringIO()
        canvas.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = file.getvalue()[file.getvalue().index("<svg") :].replace(INK, "currentColor")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)

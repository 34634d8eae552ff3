"""Scores of one network in its forms to plots of how alike they are; a Ladder to plots of what precision costs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tflite_mammo.conversion.ladder import Ladder
from tflite_mammo.evaluation.drift import ScoreDifference
from tflite_mammo.reporting.canvas import COLOURS, INK, plain, svg
from tflite_mammo.scores import Scores, called

MARKS = ((False, "o", "without"), (True, "^", "with"))
"""Images without the finding and with it."""
MOST_DRAWN = 3000
"""More points are drawn as a picture inside the plot, or the page would grow with every image."""
BELOW: Any = {"loc": "outside lower center", "ncols": 3, "fontsize": 8, "columnspacing": 1.0}
"""A key within the axes would hide the very corners where labels flip."""
ROOM = 0.05
"""Of a plot's width and height, for a number."""
RING: Any = {"marker": "o", "markerfacecolor": "none", "markeredgecolor": INK, "markersize": 10, "linestyle": "none"}


def agreement_plot(before: Scores, after: Mapping[str, Scores], threshold: float) -> str:
    """Each image's score before and after: on the diagonal nothing changed, in the grey corners the label did."""
    aligned = {name: scores.aligned_to(before) for name, scores in after.items()}

    def draw(axes: Any) -> None:
        ends = low, high = _ends(before, *aligned.values())
        axes.add_patch(_corner(low, threshold, threshold - low, high - threshold))
        axes.add_patch(_corner(threshold, low, high - threshold, threshold - low))
        for (name, scores), colour in zip(aligned.items(), COLOURS, strict=False):
            _points(axes, before.finding, scores.finding, before, colour)
            axes.plot([], [], "o", color=colour, label=name, markersize=4)
            _ring(axes, before.finding, scores.finding, _flipped(before, scores, threshold))
        axes.plot(ends, ends, ":", color=INK, alpha=0.5)
        axes.axhline(threshold, color=INK, linestyle="--", linewidth=0.7)
        axes.axvline(threshold, color=INK, linestyle="--", linewidth=0.7, label="threshold")
        _key(axes, before)
        axes.set(xlabel="score before", ylabel="score after", aspect="equal", xlim=ends, ylim=ends)
        axes.set_title("Do they decide alike?")
        axes.figure.legend(**BELOW)

    return svg(draw, label="Scores after against scores before")


def bland_altman_plot(before: Scores, after: Scores, threshold: float, difference: ScoreDifference) -> str:
    """How much each score moved, over the mean of both."""
    after = after.aligned_to(before)
    mean, moved = (before.finding + after.finding) / 2, after.finding - before.finding

    def draw(axes: Any) -> None:
        _points(axes, mean, moved, before, COLOURS[0])
        _ring(axes, mean, moved, _flipped(before, after, threshold))
        axes.axhline(difference.bias, color=COLOURS[1], label=f"mean {difference.bias:+.4f}", linewidth=1.2)
        for level in (difference.low, difference.high):
            axes.axhline(level, color=COLOURS[1], linestyle="--", linewidth=1)
        axes.plot([], [], "--", color=COLOURS[1], label=f"limits {difference.low:+.3f} to {difference.high:+.3f}")
        axes.axvline(threshold, color=INK, linestyle="--", linewidth=0.7, label="threshold")
        _key(axes, before)
        axes.set(xlabel="mean of the score before and after", ylabel="after less before", title="How far apart?")
        axes.figure.legend(**BELOW)

    return svg(draw, label="Bland-Altman plot of the scores before and after")


def expected_flips_plot(ladder: Ladder, allowed: float) -> str:
    """Every rung at what it costs and at the share of labels that may flip behind it."""
    flips = [100 * rung.flips for rung in ladder.rungs]
    expected = [100 * rung.expected_flips for rung in ladder.rungs]

    def draw(axes: Any) -> None:
        axes.plot(_costs(ladder), flips, "x", color=COLOURS[1], markersize=6, label="did flip")
        axes.axhline(100 * allowed, color=INK, linestyle="--", linewidth=0.7, label=f"allowed: {100 * allowed:g} %")
        axes.set(ylabel="labels expected to flip, %", title="How many labels, at what cost?")
        _climb(axes, ladder, expected, highest=max(*flips, *expected, 100 * allowed))

    return svg(draw, label="Labels expected to flip over milliseconds, for everything that was tried")


def score_error_plot(ladder: Ladder) -> str:
    errors = [rung.score_error for rung in ladder.rungs]

    def draw(axes: Any) -> None:
        axes.set(ylabel="mean score error", title="How far do scores move, at what cost?")
        _climb(axes, ladder, errors, highest=max(errors))

    return svg(draw, label="Mean score error over milliseconds, for everything that was tried")


def _climb(axes: Any, ladder: Ladder, heights: Sequence[float], highest: float) -> None:
    """In the order of climbing, with the numbers of the table above it where there is room for them."""
    costs, chosen = _costs(ladder), ladder.chosen
    axes.plot(costs, heights, "-o", color=COLOURS[0], markerfacecolor="none", markersize=7, label="tried, by number")
    axes.plot(costs[chosen], heights[chosen], "o", color=COLOURS[0], markersize=7, label="chosen")
    # A tenth more on either side: what differs by the noise of a busy machine should not fill the plot.
    (left, right), top = (0.9 * min(costs), 1.1 * max(costs)), 1.15 * highest
    axes.set(xlabel="ms, one thread", xlim=(left, right), ylim=(0, top))
    spots = [((cost - left) / (right - left), height / top) for cost, height in zip(costs, heights, strict=True)]
    for number in _with_room(spots, chosen):
        axes.annotate(str(number + 1), (costs[number], heights[number]), (6, 5), textcoords="offset points", fontsize=9)
    axes.figure.legend(**BELOW)


def _with_room(spots: Sequence[tuple[float, float]], chosen: int) -> list[int]:
    """Those whose numbers do not lie on each other's; the chosen one's is always told."""
    told = [chosen]
    for number, (x, y) in enumerate(spots):
        if all(max(abs(x - spots[other][0]), abs(y - spots[other][1])) > ROOM for other in told):
            told.append(number)
    return told


def _costs(ladder: Ladder) -> list[float]:
    return [rung.median_ms for rung in ladder.rungs]


def _points(axes: Any, x: Any, y: Any, truth: Scores, colour: str) -> None:
    for positive, mark, _ in MARKS:
        members = truth.positive == positive
        axes.plot(
            x[members], y[members], mark, color=colour, markersize=3.5, alpha=0.7, markeredgewidth=0,
            rasterized=x.size > MOST_DRAWN,
        )  # fmt: skip


def _ring(axes: Any, x: Any, y: Any, flipped: Any) -> None:
    axes.plot(x[flipped], y[flipped], **RING)


def _key(axes: Any, truth: Scores) -> None:
    for _, mark, words in MARKS:
        axes.plot([], [], mark, color=INK, markersize=4, label=f"{words} {plain(truth.classes[-1])}")
    axes.plot([], [], **{**RING, "markersize": 7}, label="called otherwise")


def _flipped(before: Scores, after: Scores, threshold: float) -> Any:
    return called(before.values, threshold) != called(after.values, threshold)


def _ends(*tables: Scores) -> tuple[float, float]:
    """From 0 to 1, and further where scores are no probabilities."""
    found = np.concatenate([scores.finding for scores in tables])
    return min(0.0, float(found.min())), max(1.0, float(found.max()))


def _corner(x: float, y: float, width: float, height: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), width, height, color=INK, alpha=0.07, linewidth=0)

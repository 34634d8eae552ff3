"""What the plots of a drift show, read from the axes that they are drawn on."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas

from tflite_mammo.conversion.ladder import Ladder
from tflite_mammo.evaluation.drift import ScoreDifference
from tflite_mammo.reporting import drift_plots
from tflite_mammo.reporting.drift_plots import (
    MOST_DRAWN,
    agreement_plot,
    bland_altman_plot,
    expected_flips_plot,
    score_error_plot,
)
from tflite_mammo.scores import ScoreRow, Scores

MOVED = ScoreDifference(0.1, 0.2, 0.3, 0.05, -0.2, 0.3)


def table(findings: list[float]) -> Scores:
    rows = tuple(
        ScoreRow(f"{i}.png", f"P{i}", "", "", "test", ("benign", "malignant")[i % 2]) for i in range(len(findings))
    )
    finding = np.array(findings, np.float32)
    return Scores(("benign", "malignant"), rows, np.stack([1 - finding, finding], 1))


BEFORE, AFTER = table([0.1, 0.9, 0.4, 0.6]), table([0.2, 0.9, 0.7, 0.5])


@pytest.fixture
def axes(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Of the last plot that was drawn."""
    drawn = Canvas(layout="constrained").subplots()

    def keep(draw: Any, label: str) -> str:
        draw(drawn)
        return label

    monkeypatch.setattr(drift_plots, "svg", keep)
    return drawn


def points(axes: Any, mark: str) -> list[tuple[float, float]]:
    """Those of the images, without what stands in the key."""
    lines = [line for line in axes.lines if line.get_marker() == mark and line.get_markeredgewidth() == 0]
    return _places(lines)


def _places(lines: list[Any]) -> list[tuple[float, float]]:
    return [(round(float(x), 6), round(float(y), 6)) for line in lines for x, y in line.get_xydata()]


def rings(axes: Any) -> list[tuple[float, float]]:
    lines = [line for line in axes.lines if line.get_markerfacecolor() == "none"]
    return _places(lines)


def test_every_image_stands_at_its_scores_marked_by_its_truth(axes: Any) -> None:
    agreement_plot(BEFORE, {"int8": AFTER}, 0.5)
    assert points(axes, "o") == [(0.1, 0.2), (0.4, 0.7)]
    assert points(axes, "^") == [(0.9, 0.9), (0.6, 0.5)]


def test_labels_that_flipped_are_ringed(axes: Any) -> None:
    agreement_plot(BEFORE, {"int8": AFTER}, 0.5)
    assert rings(axes) == [(0.4, 0.7)]


def test_a_file_in_another_order_is_put_right(axes: Any) -> None:
    turned = Scores(AFTER.classes, AFTER.rows[::-1], AFTER.values[::-1])
    agreement_plot(BEFORE, {"int8": turned}, 0.5)
    assert points(axes, "^") == [(0.9, 0.9), (0.6, 0.5)]


def test_the_corners_where_labels_flip_are_grey(axes: Any) -> None:
    agreement_plot(BEFORE, {"int8": AFTER}, 0.3)
    corners = [patch.get_bbox().bounds for patch in axes.patches]
    assert corners == [(0.0, 0.3, 0.3, 0.7), (0.3, 0.0, 0.7, 0.3)]


def test_scores_that_are_no_chances_are_all_shown(axes: Any) -> None:
    agreement_plot(table([-3, 2, 0, 1]), {"int8": table([-4, 5, 0, 1])}, 0.5)
    assert (axes.get_xlim(), axes.get_ylim()) == ((-4, 5), (-4, 5))


def test_the_bland_altman_plot_sets_the_difference_over_the_mean(axes: Any) -> None:
    turned = Scores(AFTER.classes, AFTER.rows[::-1], AFTER.values[::-1])
    bland_altman_plot(BEFORE, turned, 0.5, MOVED)
    assert points(axes, "o") == [(0.15, 0.1), (0.55, 0.3)]
    assert rings(axes) == [(0.55, 0.3)]


def test_the_bland_altman_plot_draws_the_bias_and_the_limits_it_is_given(axes: Any) -> None:
    bland_altman_plot(BEFORE, AFTER, 0.5, MOVED)
    levels = [line.get_ydata()[0] for line in axes.lines if list(line.get_xdata()) == [0, 1]]
    assert levels[:3] == [0.05, -0.2, 0.3]


def test_many_points_are_a_picture_inside_the_plot() -> None:
    scores = np.linspace(0, 1, MOST_DRAWN + 2).tolist()
    many, few = (agreement_plot(table(found), {"int8": table(found)}, 0.5) for found in (scores, scores[:1000]))
    assert "data:image/png;base64" in many
    assert "data:image" not in few
    assert len(many) < 300_000


def test_a_search_is_drawn_in_the_order_of_climbing_at_what_each_rung_costs(axes: Any, ladder: Ladder) -> None:
    expected_flips_plot(ladder, 0.01)
    assert _places(named(axes, "tried, by number")) == [(4.0, 2.1), (3.9, 1.2), (5.0, 0.6)]
    assert _places(named(axes, "did flip")) == [(4.0, 1.8), (3.9, 1.8), (5.0, 0.0)]
    assert numbers(axes) == {"1": (4.0, 2.1), "2": (3.9, 1.2), "3": (5.0, 0.6)}


def test_a_number_without_room_gives_way_to_the_chosen_one(axes: Any, ladder: Ladder) -> None:
    near = replace(ladder.rungs[2], median_ms=4.02, expected_flips=0.0209)
    expected_flips_plot(replace(ladder, rungs=(*ladder.rungs[:2], near)), 0.01)
    assert set(numbers(axes)) == {"2", "3"}


def test_what_was_chosen_is_filled_and_what_is_allowed_a_line(axes: Any, ladder: Ladder) -> None:
    expected_flips_plot(ladder, 0.01)
    assert _places(named(axes, "chosen")) == [(5.0, 0.6)]
    (allowed,) = named(axes, "allowed: 1 %")
    assert set(allowed.get_ydata()) == {1.0}


def test_score_errors_are_drawn_over_the_same_costs(axes: Any, ladder: Ladder) -> None:
    score_error_plot(ladder)
    assert _places(named(axes, "tried, by number")) == [(4.0, 0.0141), (3.9, 0.0092), (5.0, 0.0061)]
    assert _places(named(axes, "chosen")) == [(5.0, 0.0061)]


def test_errors_are_seen_from_nothing_and_costs_with_a_tenth_around_them(axes: Any, ladder: Ladder) -> None:
    score_error_plot(ladder)
    assert axes.get_ylim() == pytest.approx((0, 1.15 * 0.0141))
    assert axes.get_xlim() == pytest.approx((0.9 * 3.9, 1.1 * 5.0))


def test_what_did_flip_and_what_may_are_within_the_plot(axes: Any, ladder: Ladder) -> None:
    first = replace(ladder.rungs[0], flips=0.07)
    expected_flips_plot(replace(ladder, rungs=(first, *ladder.rungs[1:])), 0.01)
    assert axes.get_ylim()[1] == pytest.approx(1.15 * 7)
    expected_flips_plot(ladder, 0.2)
    assert axes.get_ylim()[1] == pytest.approx(1.15 * 20)


def numbers(axes: Any) -> dict[str, tuple[float, float]]:
    return {text.get_text(): text.xy for text in axes.texts}


def named(axes: Any, label: str) -> list[Any]:
    return [line for line in axes.lines if line.get_label() == label]

"""Pages: self-contained, complete, safe for odd names; plots in the page's colour."""

import re
from pathlib import Path

import numpy as np
import pytest
from jinja2 import UndefinedError

from tflite_mammo.evaluation.curves import roc
from tflite_mammo.reporting.drift_plots import agreement_plot
from tflite_mammo.reporting.page import picture, render
from tflite_mammo.reporting.plots import history_plot, roc_plot
from tflite_mammo.reporting.text import evaluation_lines, headline
from tflite_mammo.scores import Scores
from tflite_mammo.training.run import Run


def test_a_missing_value_is_an_error_and_no_gap() -> None:
    with pytest.raises(UndefinedError, match="undefined"):
        render("demo.html.j2", {})


def test_plots_take_the_pages_ink_and_reach_for_nothing_outside(run: Run) -> None:
    scores = run.scores.of_split("test")
    plots = [
        history_plot([run.history], "loss"),
        roc_plot({"network": scores}, 0.5),
        agreement_plot(scores, {"int8": scores}, 0.5),
    ]
    for svg in plots:
        assert svg.startswith('<svg role="img" aria-label="')
        assert "currentColor" in svg
        assert "#010203" not in svg
        assert not re.findall(r'(?:href|src)="(?!#)', svg)


def test_the_same_verdict_draws_the_same_plot(run: Run) -> None:
    scores = run.scores.of_split("test")
    assert roc_plot({"network": scores}, 0.5) == roc_plot({"network": scores}, 0.5)


def test_a_perfect_ranking_draws_a_curve_through_the_corner(run: Run) -> None:
    scores = run.scores.of_split("test")
    perfect = Scores(scores.classes, scores.rows, np.stack([1.0 - scores.positive, scores.positive], 1).astype("f4"))
    false_alarms, found = roc(perfect)
    assert list(zip(false_alarms, found, strict=True)) == [(0, 0), (0, 1), (1, 1)]


def test_a_picture_is_a_data_uri_of_a_jpeg() -> None:
    assert picture(np.zeros((8, 8, 1), np.uint8)).startswith("data:image/jpeg;base64,/9j/")


def test_an_evaluation_in_words_gives_each_figure_with_its_interval(run: Run) -> None:
    for lines in (evaluation_lines(run.evaluation), headline(run.evaluation)):
        text = "\n".join(lines)
        assert re.search(r"AUC +0\.\d{3} \(0\.\d{3} to [01]\.\d{3}\)", text)
        assert "locked on the validation part" in text


def test_the_templates_name_no_file_outside_the_page() -> None:
    import tflite_mammo.reporting as reporting

    for path in (Path(reporting.__file__).parent / "templates").glob("*.j2"):
        assert not re.findall(r'(?:src="(?!\{\{)|href="(?!#|https://doi))', path.read_text(encoding="utf-8"))

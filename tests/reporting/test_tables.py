"""Figures in a table's cells, and a study's lines for a terminal."""

import pytest

from tflite_mammo.evaluation.figure import NO_FIGURE, Figure
from tflite_mammo.reporting.tables import interval, published, spread, study_lines
from tflite_mammo.studies.study import Reported
from tflite_mammo.studies.summary import Spread, Summary


@pytest.mark.parametrize(
    ("figure", "text"),
    [(None, "-"), (Spread(0.5, None, 1), "0.500"), (Spread(0.75, 0.0153, 5), "0.750 ± 0.015")],
)
def test_a_deviation_is_told_where_there_is_one(figure: Spread | None, text: str) -> None:
    assert spread(figure) == text


@pytest.mark.parametrize(
    ("figure", "text"),
    [(NO_FIGURE, "-"), (Figure(0.5), "0.500"), (Figure(0.812, 0.701, 0.899), "0.812 (0.701-0.899)")],
)
def test_an_interval_is_told_where_there_is_one(figure: Figure, text: str) -> None:
    assert interval(figure) == text


@pytest.mark.parametrize(
    ("reported", "text"),
    [
        (None, "-"),
        (Reported(auc=0.9), "-"),
        (Reported(accuracy=0.0), "0.000"),
        (Reported(accuracy=0.9417, accuracy_sd=0.0092), "0.942 ± 0.009"),
    ],
)
def test_what_a_source_published_is_told_and_its_silence_too(reported: Reported | None, text: str) -> None:
    assert published(reported, "accuracy") == text


def test_the_sources_figures_stand_below_ours() -> None:
    ours = {"accuracy": Spread(0.75, 0.02, 3), "minutes": Spread(61.55, 3.0, 3)}
    summaries = [Summary("one", 3, 0, ours, Reported(accuracy=0.9417, minutes=61.6)), Summary("two", 0, 3, {})]
    head, one, its, two = (line.split() for line in study_lines(summaries))
    assert head == ["recipe", "runs", "AUC", "accuracy", "sensitivity", "specificity", "minutes"]
    assert one == ["one", "3", "-", "0.750", "±", "0.020", "-", "-", "61.5"]
    assert its == ["its", "source", "-", "0.942", "-", "-", "61.6"]
    assert two == ["two", "0", "-", "-", "-", "-", "-"]

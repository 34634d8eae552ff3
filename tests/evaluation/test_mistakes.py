"""The mistakes that a model is surest of."""

from typing import Any

import numpy as np
import pytest

from tflite_mammo.evaluation.mistakes import SHOWN, surest_mistakes


def test_false_alarms_come_highest_first_and_misses_lowest_first(tables: Any) -> None:
    findings = [0.7, 0.9, 0.6, 0.4, 0.1, 0.3, 0.95, 0.2]
    labels = [False, False, False, True, True, True, True, False]
    alarms, missed = surest_mistakes(tables.of(findings, labels), 0.5)
    assert [(one.row.file, one.called) for one in alarms] == [(f"{i}.png", "malignant") for i in (1, 0, 2)]
    assert [(one.row.file, one.called) for one in missed] == [(f"{i}.png", "benign") for i in (4, 5, 3)]
    assert [one.score for one in alarms] == pytest.approx([0.9, 0.7, 0.6])
    assert [one.score for one in missed] == pytest.approx([0.1, 0.3, 0.4])


def test_no_more_are_shown_than_asked_for(tables: Any) -> None:
    scores = tables.of(np.linspace(0, 1, 40), [i < 20 for i in range(40)])
    alarms, missed = surest_mistakes(scores, 0.5, 3)
    assert [one.row.file for one in alarms] == ["39.png", "38.png", "37.png"]
    assert [one.row.file for one in missed] == ["0.png", "1.png", "2.png"]
    assert [len(found) for found in surest_mistakes(scores, 0.5)] == [SHOWN, SHOWN]


def test_a_mistake_among_the_other_classes_is_none_of_the_finding(tables: Any) -> None:
    logits = np.array([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]])
    alarms, missed = surest_mistakes(tables.logits(logits, [1, 2, 0]), 0.5)
    assert [(one.row.file, one.called) for one in alarms] == [("2.png", "malignant")]
    assert [(one.row.file, one.called) for one in missed] == [("1.png", "benign")]


def test_without_a_mistake_there_is_none(tables: Any) -> None:
    assert surest_mistakes(tables.of([0.1, 0.9], [False, True]), 0.5) == ([], [])

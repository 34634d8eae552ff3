"""Images to sides and patients."""

from typing import Any

import numpy as np
import pytest

from tflite_mammo.evaluation.pooling import pooled, tables_of_units, with_patients
from tflite_mammo.scores import ScoreRow

LINES = (
    ("A", "left", "malignant", 0.2),
    ("B", "right", "benign", 0.9),
    ("A", "left", "benign", 0.6),
    ("A", "right", "benign", 0.1),
    ("B", "", "benign", 0.3),
)


def test_images_stay_as_they_are(tables: Any) -> None:
    scores = tables.rows(*LINES)
    assert pooled(scores, "image", "mean") is scores


@pytest.mark.parametrize(("pooling", "expected"), [("max", [0.6, 0.9]), ("mean", [0.3, 0.6])])
def test_a_patient_has_the_highest_or_the_mean_score_of_her_images(
    pooling: Any, expected: list[float], tables: Any
) -> None:
    found = pooled(tables.rows(*LINES), "patient", pooling)
    assert found.classes == ("rest", "malignant")
    assert found.finding == pytest.approx(expected)
    assert found.values.sum(axis=1) == pytest.approx(1)
    assert [(row.file, row.patient, row.side, row.label) for row in found.rows] == [
        ("A", "A", "", "malignant"),
        ("B", "B", "", "rest"),
    ]


def test_images_without_a_side_are_of_no_side(tables: Any) -> None:
    found = pooled(tables.rows(*LINES), "side", "max")
    assert [(row.file, row.patient, row.side, row.label) for row in found.rows] == [
        ("A left", "A", "left", "malignant"),
        ("B right", "B", "right", "rest"),
        ("A right", "A", "right", "rest"),
    ]
    assert found.finding == pytest.approx([0.6, 0.9, 0.1])


def test_where_no_image_names_a_side_there_is_none(tables: Any) -> None:
    found = pooled(tables.rows(("A", "", "benign", 0.5)), "side", "max")
    assert (found.rows, found.values.shape) == ((), (0, 2))


def test_of_three_classes_only_the_finding_is_pooled(tables: Any) -> None:
    scores = tables.logits(np.log(np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]])), [0, 1])
    found = pooled(scores, "patient", "max")
    assert found.finding == pytest.approx([0.1, 0.4])
    assert [row.label for row in found.rows] == ["rest", "rest"]


def test_names_of_patients_may_end_in_spaces(tables: Any) -> None:
    found = pooled(tables.rows(("A", "", "benign", 0.5), ("A ", "", "benign", 0.5)), "patient", "max")
    assert [row.file for row in found.rows] == ["A", "A "]


def test_a_side_keeps_the_split_of_its_images(tables: Any) -> None:
    assert {row.split for row in pooled(tables.rows(*LINES), "side", "max").rows} == {"test"}


def test_a_unit_that_makes_no_other_table_is_left_out(tables: Any) -> None:
    def units(*places: tuple[str, str]) -> list[str]:
        lines = [(patient, side, "benign", 0.5) for patient, side in places]
        return list(tables_of_units(tables.rows(*lines), "max"))

    assert units(("A", "left"), ("B", "left")) == ["image"]
    assert units(("A", "left"), ("A", "left"), ("B", "left")) == ["image", "patient"]
    assert units(("A", "left"), ("A", "right"), ("B", "left")) == ["image", "patient"]
    assert units(("A", "left"), ("A", "left"), ("A", "right")) == ["image", "side", "patient"]
    assert units(("A", ""), ("A", "")) == ["image", "patient"]


def test_an_image_without_a_patient_is_of_one_of_its_own(tables: Any) -> None:
    scores = tables.rows(("", "left", "benign", 0.1), ("A", "left", "benign", 0.2), ("", "left", "malignant", 0.3))
    found = with_patients(scores)
    assert found.patients == ["?0.png", "A", "?2.png"]
    assert found.rows[1] is scores.rows[1]
    assert found.rows[0] == ScoreRow("0.png", "?0.png", "left", "CC", "test", "benign")
    np.testing.assert_array_equal(found.values, scores.values)


def test_where_every_image_names_a_patient_nothing_changes(tables: Any) -> None:
    scores = tables.rows(*LINES)
    assert with_patients(scores) is scores

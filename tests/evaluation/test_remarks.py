"""Each remark where it belongs, and nowhere else."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tflite_mammo.evaluation.evaluate import evaluate
from tflite_mammo.scores import Scores


def remarks(scores: Scores, tables: Any, **given: Any) -> str:
    return "\n".join(evaluate(scores, tables.half, draws=10, **given).remarks)


def many(tables: Any, count: int = 60, cases: int = 25) -> Scores:
    """Scores that overlap, an image a patient."""
    labels = np.arange(count) < cases
    return tables.of((np.arange(count) * 37 % count) / count * 0.7 + 0.25 * labels, labels)


def test_a_plain_table_has_no_remark(tables: Any) -> None:
    assert remarks(many(tables), tables) == ""


@pytest.mark.parametrize(("label", "words"), [(True, "only malignant"), (False, "no malignant")])
def test_one_class_alone_is_remarked(label: bool, words: str, tables: Any) -> None:
    found = remarks(tables.of(np.linspace(0, 1, 30), [label] * 30), tables)
    assert found == f"{words} among the 30 images: nothing that needs both classes can be computed"


@pytest.mark.parametrize(("cases", "few"), [(19, True), (20, False), (40, False), (41, True)])
def test_few_of_a_class_are_remarked(cases: int, few: bool, tables: Any) -> None:
    found = remarks(many(tables, cases=cases), tables)
    assert (f"{cases} malignant and {60 - cases} others: with fewer than 20 of either" in found) == few


@pytest.mark.parametrize(("patients", "few"), [(29, True), (30, False)])
def test_few_patients_are_remarked(patients: int, few: bool, tables: Any) -> None:
    assert (
        f"{patients} patients: of fewer than 30 the intervals may be too narrow"
        in remarks(many(tables, patients, 4), tables)
    ) == few


def test_constant_scores_are_remarked(tables: Any) -> None:
    words = "every image has the same score: the model tells nothing apart"
    assert words in remarks(tables.of([0.5] * 60, [i < 25 for i in range(60)]), tables)
    assert words not in remarks(tables.of([0.5], [True]), tables)
    assert words not in remarks(many(tables), tables)


def test_an_area_that_is_too_good_is_remarked_for_mammograms(tables: Any) -> None:
    labels = [i % 2 == 0 for i in range(60)]
    perfect = tables.of([0.9 if label else 0.1 for label in labels], labels)
    assert "an AUC of 1.000 per patient is too good for mammograms" in remarks(perfect, tables)
    assert remarks(perfect, tables, mammograms=False) == ""


def test_the_area_that_is_looked_at_is_that_of_patients(tables: Any) -> None:
    # The other breast is as suspect as hers, so images are told apart badly and patients without a mistake.
    lines = [(f"P{i}", side, "malignant" if i < 20 and side == "left" else "benign", 0.9 if i < 20 else 0.1)
             for i in range(40) for side in ("left", "right")]  # fmt: skip
    evaluation = evaluate(tables.rows(*lines), tables.half, draws=10)
    assert evaluation.figures["auc"].value == pytest.approx(1 - 20 / 60 / 2)
    assert any("an AUC of 1.000 per patient" in remark for remark in evaluation.remarks)


@pytest.mark.parametrize(
    ("outside", "ends", "percent"),
    [(-0.1, "-0.1 to 0.915", ""), (95.0, "0.0233333 to 95", "; if they are percent, divide them by 100")],
)
def test_scores_outside_0_to_1_are_remarked(outside: float, ends: str, percent: str, tables: Any) -> None:
    scores = many(tables)
    finding = np.r_[scores.finding[:-1], outside]
    found = remarks(tables.of(finding, scores.positive), tables)
    assert (
        found
        == f"scores lie outside 0 to 1 ({ends}), so they are no probabilities: no Brier score, log loss or calibration "
        f"error{percent}"
    )


def test_images_without_a_patient_are_remarked(tables: Any) -> None:
    scores = many(tables)
    rows = (*(replace(row, patient="") for row in scores.rows[:3]), *scores.rows[3:])
    found = remarks(Scores(scores.classes, rows, scores.values), tables)
    assert found == "3 images name no patient; each counts as a patient of its own"


def test_patients_with_and_without_the_finding_are_remarked(tables: Any) -> None:
    scores = many(tables)
    rows = tuple(replace(row, patient=f"P{i % 30}", side="") for i, row in enumerate(scores.rows))
    found = remarks(Scores(scores.classes, rows, scores.values), tables)
    both, sides = found.splitlines()
    assert both == "25 patients have images with and without the finding; one image with it counts for the patient"
    assert sides == "no image names its side, so nothing is told of sides"


def test_images_without_a_side_are_remarked_where_others_name_one(tables: Any) -> None:
    scores = many(tables)
    rows = tuple(replace(row, side="" if i < 4 else row.side) for i, row in enumerate(scores.rows))
    found = remarks(Scores(scores.classes, rows, scores.values), tables)
    assert found == "4 images name no side; they count among images and patients, not among sides"
    sideless = Scores(scores.classes, tuple(replace(row, side="") for row in rows), scores.values)
    assert remarks(sideless, tables) == ""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.evaluate import Evaluation, Figure, evaluate, lock_threshold
from tflite_mammo.evaluation.metrics import FIGURES, auc_of
from tflite_mammo.schema import read_json, to_json
from tflite_mammo.scores import ScoreRow, Scores, Threshold

THRESHOLD = Threshold(0.5, "by hand", "validation of nothing")


def table(findings: Sequence[float], positive: Sequence[bool], per_patient: int = 1, split: str = "test") -> Scores:
    rows = tuple(
        ScoreRow(f"{i}.png", f"P{i // per_patient}", "left", "CC", split, "malignant" if label else "benign")
        for i, label in enumerate(positive)
    )
    finding = np.array(findings, np.float32)
    return Scores(("benign", "malignant"), rows, np.stack([1 - finding, finding], axis=1))


def many(patients: int, alike: int = 1, as_patients: bool = True) -> Scores:
    """Overlapping scores, each repeated `alike` times, as images of one patient or of as many patients."""
    rng = np.random.default_rng(7)
    positive = rng.random(patients) < 0.5
    finding = np.clip(0.35 + 0.3 * positive + rng.normal(0, 0.2, patients), 0, 1)
    return table(np.repeat(finding, alike).tolist(), np.repeat(positive, alike).tolist(), alike if as_patients else 1)


def width(scores: Scores, name: str) -> float:
    figure = evaluate(scores, THRESHOLD).figures[name]
    assert figure.low is not None
    assert figure.high is not None
    return figure.high - figure.low


def test_the_threshold_is_locked_where_sensitivity_and_specificity_are_largest() -> None:
    scores = table([0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8], [False, False, True, False, True, True, True])
    # From 0.6 up: sensitivity 3/4, specificity 1; from 0.3 up: 1 and 2/3.
    locked = lock_threshold(scores, "validation of abc")
    assert locked.value == pytest.approx(0.5)
    assert (locked.rule, locked.locked_on) == ("largest sensitivity + specificity (Youden)", "validation of abc")


def test_no_other_threshold_would_do_better_than_the_locked_one() -> None:
    scores = many(80)
    locked = evaluate(scores, lock_threshold(scores, "")).figures
    best = (locked["sensitivity"].value or 0) + (locked["specificity"].value or 0)
    for value in np.unique(scores.finding):
        called = scores.finding >= value
        assert called[scores.positive].mean() + (~called)[~scores.positive].mean() <= best + 1e-12


def test_the_threshold_lies_half_way_between_two_scores() -> None:
    assert lock_threshold(table([0.2, 0.8, 0.9], [False, True, True]), "").value == pytest.approx(0.5)


@pytest.mark.parametrize("label", [True, False])
def test_a_validation_part_of_one_class_locks_no_threshold(label: bool) -> None:
    with pytest.raises(MammoError, match="the validation part holds one class only; a threshold needs both"):
        lock_threshold(table([0.1, 0.9], [label, label]), "")


def test_constant_scores_lock_no_threshold() -> None:
    with pytest.raises(MammoError, match="every validation image has the same score; the model tells nothing apart"):
        lock_threshold(table([0.4, 0.4, 0.4], [True, False, True]), "")


def test_an_evaluation_counts_images_patients_and_findings() -> None:
    found = evaluate(table([0.1, 0.9, 0.2, 0.8], [False, True, False, True], per_patient=2), THRESHOLD)
    assert (found.images, found.patients, found.positives) == (4, 2, 2)
    assert (found.split, found.finding, found.threshold) == ("test", "malignant", THRESHOLD)


def test_an_evaluation_names_every_part_it_was_made_on() -> None:
    one, other = table([0.1], [False], split="test"), table([0.9], [True], split="validation")
    renamed = tuple(replace(row, file=f"other-{row.file}") for row in other.rows)
    both = Scores(one.classes, one.rows + renamed, np.concatenate([one.values, other.values]))
    assert evaluate(both, THRESHOLD).split == "test+validation"


def test_figures_are_taken_at_the_threshold_given() -> None:
    scores = table([0.1, 0.6, 0.4, 0.9], [False, False, True, True])
    figures = evaluate(scores, THRESHOLD).figures
    assert tuple(figures) == FIGURES
    assert (figures["sensitivity"].value, figures["specificity"].value) == (0.5, 0.5)
    strict = evaluate(scores, Threshold(0.7, "", "")).figures
    assert (strict["sensitivity"].value, strict["specificity"].value) == (0.5, 1.0)


def test_every_figure_lies_within_its_interval() -> None:
    scores = many(60)
    figures = evaluate(scores, THRESHOLD).figures
    assert figures["auc"].value == auc_of(scores.finding, scores.positive)
    for figure in figures.values():
        assert (figure.low or 0) < (figure.value or 0) < (figure.high or 0)


def test_intervals_narrow_with_more_patients() -> None:
    assert width(many(400), "auc") < 0.7 * width(many(50), "auc")


@pytest.mark.parametrize("name", ["auc", "accuracy"])
def test_intervals_by_patient_are_wider_than_by_image_where_a_patients_images_are_alike(name: str) -> None:
    assert width(many(50, alike=4), name) > 1.6 * width(many(50, alike=4, as_patients=False), name)


def test_the_same_scores_give_the_same_evaluation() -> None:
    assert evaluate(many(40), THRESHOLD) == evaluate(many(40), THRESHOLD)


def test_an_evaluation_comes_back_from_its_json(tmp_path: Path) -> None:
    found = evaluate(many(40), THRESHOLD)
    (tmp_path / "evaluation.json").write_text(to_json(found), encoding="utf-8")
    assert read_json(Evaluation, tmp_path / "evaluation.json") == found


def test_one_class_alone_has_figures_that_say_they_cannot_be_computed() -> None:
    figures = evaluate(table([0.1, 0.9], [False, False]), THRESHOLD).figures
    assert figures["auc"] == Figure(None)
    assert str(figures["auc"]) == "not computable"
    assert figures["specificity"].value == 0.5


def test_a_figure_is_printed_with_its_interval() -> None:
    assert str(Figure(0.81234, 0.7, 0.9)) == "0.812 (0.700 to 0.900)"
    assert str(Figure(0.5)) == "0.500"


def test_a_figure_that_cannot_be_computed_reads_back_as_such(tmp_path: Path) -> None:
    found = evaluate(table([0.1, 0.9], [False, False]), THRESHOLD)
    (tmp_path / "evaluation.json").write_text(to_json(found))
    assert read_json(Evaluation, tmp_path / "evaluation.json") == found
    assert found.figures["auc"] == Figure(None)


def test_a_threshold_between_two_neighbouring_scores_still_parts_them() -> None:
    low = np.float32(0.9999999)
    scores = table([0.0, float(low), float(np.nextafter(low, np.float32(2)))], [False, False, True])
    figures = evaluate(scores, lock_threshold(scores, "here")).figures
    assert (figures["sensitivity"].value, figures["specificity"].value) == (1.0, 1.0)


def test_a_threshold_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="threshold nan"):
        Threshold(float("nan"), "by hand", "nothing")

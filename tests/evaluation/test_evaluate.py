"""The whole Evaluation: its levels, that it reads back, and that nothing degenerate stops it."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.bootstrap import interval_95, patient_draws
from tflite_mammo.evaluation.evaluate import Evaluation, evaluate, with_externals
from tflite_mammo.evaluation.figure import NO_FIGURE
from tflite_mammo.evaluation.metrics import FIGURES, PROBABILITY
from tflite_mammo.evaluation.pointing import pointing
from tflite_mammo.evaluation.pooling import pooled
from tflite_mammo.evaluation.ranked import auc_of
from tflite_mammo.evaluation.scaling import scaled
from tflite_mammo.schema import from_dict, to_dict, to_json
from tflite_mammo.scores import Scaling, Scores, Threshold

DRAWS = 60


@pytest.fixture(scope="module")
def women(tables: Any) -> Evaluation:
    return evaluate(tables.women(40), tables.half, draws=300)


def judged(scores: Scores, tables: Any, **given: Any) -> Evaluation:
    return evaluate(scores, tables.half, draws=DRAWS, **given)


def test_images_sides_and_patients_are_counted(women: Evaluation, tables: Any) -> None:
    scores = tables.women(40)
    ill = len({row.patient for row in scores.rows if row.label == "malignant"})
    assert [(level.unit, level.count, level.positives) for level in women.levels] == [
        ("image", 160, 2 * ill), ("side", 80, ill), ("patient", 40, ill),
    ]  # fmt: skip
    assert (women.images, women.patients, women.positives) == (160, 40, 2 * ill)
    assert (women.split, women.classes, women.finding) == ("test", ("benign", "malignant"), "malignant")
    assert (women.threshold, women.pooling, women.draws, women.seed) == (tables.half, "max", 300, 20)
    assert women.of_patients is women.levels[-1]
    assert women.figures is women.levels[0].figures


def test_each_level_is_judged_by_its_own_scores(women: Evaluation, tables: Any) -> None:
    scores = tables.women(40)
    for level in women.levels:
        table = pooled(scores, level.unit, "max")
        calls, positive = table.finding >= 0.5, table.positive
        assert level.figures["auc"].value == auc_of(table.finding, positive)
        assert level.figures["accuracy"].value == np.mean(calls == positive)
        assert level.calls == (
            (int((~calls & ~positive).sum()), int((calls & ~positive).sum())),
            (int((~calls & positive).sum()), int((calls & positive).sum())),
        )
        assert level.few == (level.positives < 20 or level.count - level.positives < 20)


def test_every_figure_lies_within_its_intervals(women: Evaluation) -> None:
    for level in women.levels:
        assert tuple(level.figures) == FIGURES
        for name, figure in level.figures.items():
            assert (figure.low or 0) < (figure.value or 0) < (figure.high or 0), name
            if figure.drawn:
                assert figure.drawn[0] < (figure.value or 0) < figure.drawn[1]
        for at in level.at_prevalence:
            assert (at.ppv.low or 0) < (at.ppv.value or 0) < (at.ppv.high or 0)
            assert (at.npv.low or 0) < (at.npv.value or 0) < (at.npv.high or 0)


def test_predictive_values_are_those_of_bayes(women: Evaluation, tables: Any) -> None:
    assert [at.prevalence for at in women.of_patients.at_prevalence] == [0.005, 0.25]
    found, quiet = (women.of_patients.figures[name].value or 0 for name in ("sensitivity", "specificity"))
    ppv = 0.25 * found / (0.25 * found + 0.75 * (1 - quiet))
    assert women.of_patients.at_prevalence[1].ppv.value == pytest.approx(ppv)
    other = judged(tables.women(10), tables, prevalences=[0.1])
    assert [at.prevalence for at in other.levels[1].at_prevalence] == [0.1]


def test_intervals_by_patient_are_wider_where_a_patients_images_are_alike(tables: Any) -> None:
    rng = np.random.default_rng(7)
    labels = np.repeat(rng.random(50) < 0.5, 4)
    findings = np.clip(0.35 + 0.3 * labels + np.repeat(rng.normal(0, 0.2, 50), 4), 0, 1)
    wide, narrow = (judged(tables.of(findings, labels, per_patient=k), tables).figures for k in (4, 1))
    for name in ("auc", "accuracy", "mcc"):
        widths = [(one[name].high or 0) - (one[name].low or 0) for one in (wide, narrow)]
        assert widths[0] > 1.5 * widths[1]


def test_with_an_image_a_patient_there_is_one_level(tables: Any) -> None:
    found = judged(tables.of([0.1, 0.6, 0.4, 0.9], [False, False, True, True]), tables)
    assert [level.unit for level in found.levels] == ["image"]
    assert found.of_patients is found.levels[0]


def test_sides_are_left_out_where_none_is_told(tables: Any) -> None:
    found = judged(tables.rows(("A", "", "benign", 0.1), ("A", "", "malignant", 0.9), ("B", "", "benign", 0.2)), tables)
    assert [level.unit for level in found.levels] == ["image", "patient"]


def test_sides_are_drawn_with_the_patients_that_images_are_drawn_with(tables: Any) -> None:
    lines = [("abcdefghijk"[i], side if i else "", "malignant" if i % 2 else "benign", (i * 7 % 11) / 11)
             for i in range(11) for side in ("left", "right")]  # fmt: skip
    found = judged(tables.rows(*lines), tables).levels[1]
    counts = np.concatenate(list(patient_draws(11, 22, DRAWS)))[:, 1:].astype(np.float64)
    right = np.array([2 * ((line[3] >= 0.5) == (line[2] == "malignant")) for line in lines[2::2]])
    assert found.figures["accuracy"].drawn == pytest.approx(interval_95(counts @ right / (2 * counts.sum(axis=1)), 5))


def test_the_mean_of_a_patients_images_may_be_taken_instead(tables: Any) -> None:
    found = judged(tables.women(10), tables, pooling="mean")
    assert found.pooling == "mean"
    table = pooled(tables.women(10), "patient", "mean")
    assert found.of_patients.figures["auc"].value == auc_of(table.finding, table.positive)


def test_an_evaluation_names_every_part_it_was_made_on(tables: Any) -> None:
    scores = tables.of([0.1, 0.9], [False, True])
    rows = (scores.rows[0], replace(scores.rows[1], split="validation"))
    assert judged(Scores(scores.classes, rows, scores.values), tables).split == "test+validation"


def test_each_of_three_classes_is_judged_against_the_rest(tables: Any) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 60)
    scores = tables.logits(rng.normal(size=(60, 3)) + np.eye(3)[labels], labels)
    found = judged(scores, tables)
    assert list(found.one_vs_rest) == ["normal", "benign", "malignant"]
    best = np.where(scores.finding >= 0.5, 2, scores.values[:, :2].argmax(axis=1))
    for i, figures in enumerate(found.one_vs_rest.values()):
        assert figures["auc"].value == auc_of(scores.values[:, i].astype(np.float64), labels == i)
        assert figures["sensitivity"].value == pytest.approx(np.mean(best[labels == i] == i))
    assert found.one_vs_rest["malignant"] == found.figures
    assert judged(tables.women(3), tables).one_vs_rest == {}


def test_what_calibration_changed_is_told_as_it_was(tables: Any) -> None:
    raw, scaling = tables.women(20), Scaling("platt", 0.6, -0.4, "validation")
    found, before = judged(scaled(raw, scaling), tables, scaling=scaling), judged(raw, tables)
    assert found.scaling == scaling
    assert tuple(found.before_scaling) == PROBABILITY
    for name in PROBABILITY:
        assert found.before_scaling[name].value == pytest.approx(before.figures[name].value, abs=1e-6)
        assert found.figures[name].value != pytest.approx(before.figures[name].value, abs=1e-3)
    assert before.before_scaling == {}


def test_subgroups_are_of_the_columns_asked_for(women: Evaluation, tables: Any) -> None:
    assert [(one.column, one.value) for one in judged(tables.women(5), tables, by=["view"]).subgroups] == [
        ("view", "CC"), ("view", "MLO"),
    ]  # fmt: skip
    assert {one.column for one in women.subgroups} == {"side", "view"}


def test_a_full_evaluation_comes_back_from_its_json(tables: Any) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 60)
    scores = tables.logits(rng.normal(size=(60, 3)) + np.eye(3)[labels], labels)
    rows = tuple(replace(row, patient=f"P{i // 2}", more={"age": str(i)}) for i, row in enumerate(scores.rows))
    scores, scaling = Scores(scores.classes, rows, scores.values), Scaling("temperature", 0.5, 0.0, "here")
    found = with_externals(judged(scores, tables, scaling=scaling), [("B", "there", judged(scores, tables))])
    heats, cells = rng.random((4, 3, 3)).astype(np.float32), rng.random((4, 3, 3)) < 0.5
    full = replace(found, pointing=pointing("Grad-CAM", heats, cells, list("aabb")))
    assert full.remarks
    assert full.subgroups
    assert full.before_scaling
    assert from_dict(Evaluation, to_dict(full), "here") == full
    assert from_dict(Evaluation, json.loads(to_json(full)), "here") == full


def test_the_same_scores_give_the_same_evaluation(tables: Any) -> None:
    assert judged(tables.women(10), tables) == judged(tables.women(10), tables)


@pytest.mark.parametrize("label", [True, False])
def test_one_class_alone_has_half_the_rates(label: bool, tables: Any) -> None:
    found = judged(tables.of([0.1, 0.6, 0.9], [label] * 3, per_patient=2), tables)
    assert found.figures["auc"] == NO_FIGURE
    assert found.figures["sensitivity" if label else "specificity"].value == pytest.approx(2 / 3 if label else 1 / 3)
    assert found.levels[0].at_prevalence[0].ppv == NO_FIGURE
    assert from_dict(Evaluation, json.loads(to_json(found)), "here") == found


@pytest.mark.parametrize(
    ("findings", "labels"),
    [([0.3] * 10, [True, False] * 5), (np.linspace(0, 1, 10), [True, False] * 5), ([0.0] * 9 + [1.0], [False] * 10),
     ([0.7], [True]), ([0.7], [False]), ([-9.0, 9.0, 3e38], [False, True, True]), ([0.0, 1.0], [True, False])],
)  # fmt: skip
@pytest.mark.parametrize("per_patient", [1, 2, 10])
def test_nothing_degenerate_stops_it(findings: Any, labels: Any, per_patient: int, tables: Any) -> None:
    found = judged(tables.of(findings, labels, per_patient), tables)
    assert found.remarks
    assert from_dict(Evaluation, json.loads(to_json(found)), "here") == found
    assert not any("nan" in str(level) or "inf" in str(level) for level in found.levels)


@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0, 2.0])
def test_a_threshold_that_calls_all_or_none_stops_nothing(value: float, tables: Any) -> None:
    found = evaluate(tables.women(6), Threshold(value, "given by hand", ""), draws=10)
    assert found.figures["sensitivity"].value == (1 if value <= 0 else 0)
    assert found.figures["mcc"] == NO_FIGURE


def test_images_without_a_patient_are_patients_of_their_own(tables: Any) -> None:
    scores = tables.women(3)
    rows = tuple(replace(row, patient="" if i < 4 else row.patient) for i, row in enumerate(scores.rows))
    found = judged(Scores(scores.classes, rows, scores.values), tables)
    assert (found.patients, found.of_patients.count) == (6, 6)


def test_an_empty_table_is_refused(tables: Any) -> None:
    with pytest.raises(MammoError, match="there is no image to judge: the table of scores is empty"):
        judged(tables.women(0), tables)

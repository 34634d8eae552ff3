from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.changed import Changed
from tflite_mammo.evaluation.compare import Compared, Comparison, compare
from tflite_mammo.evaluation.evaluate import evaluate
from tflite_mammo.schema import read_json, to_json
from tflite_mammo.scores import ScoreRow, Scores, Threshold

HALF = Threshold(0.5, "given by hand", "")
BOTH = (HALF, HALF)


def table(findings: Sequence[float], positive: Sequence[bool], per_patient: int = 1) -> Scores:
    rows = tuple(
        ScoreRow(f"{i}.png", f"P{i // per_patient}", "", "CC", "test", "malignant" if label else "benign")
        for i, label in enumerate(positive)
    )
    finding = np.array(findings, np.float32)
    return Scores(("benign", "malignant"), rows, np.stack([1 - finding, finding], axis=1))


def two(patients: int, per_patient: int = 1, better: float = 1.0, seed: int = 4) -> tuple[Scores, Scores]:
    """A woman's images are alike; B tells them apart better than A."""
    rng = np.random.default_rng(seed)
    positive = np.repeat(rng.random(patients) < 0.5, per_patient)
    hard = np.repeat(rng.normal(size=patients), per_patient)
    latent = [strength * (positive - 0.5) + hard + rng.normal(size=hard.size) for strength in (1.0, 1.0 + better)]
    a, b = (table((1 / (1 + np.exp(-one))).tolist(), positive.tolist(), per_patient) for one in latent)
    return a, b


def test_each_model_is_called_at_its_own_threshold() -> None:
    a, b = two(80, 2)
    late = Threshold(0.7, "youden", "validation")
    found = compare(a, b, (HALF, late), draws=20)
    assert found.thresholds == (HALF, late)
    alone = zip(evaluate(a, HALF, draws=20).levels, evaluate(b, late, draws=20).levels, strict=True)
    for level, (one, other) in zip(found.levels, alone, strict=True):
        for name, figure in level.figures.items():
            assert (figure.a, figure.b) == (one.figures[name].value, other.figures[name].value)
    assert found.levels[0].mcnemar != compare(a, b, BOTH, draws=20).levels[0].mcnemar


def test_images_and_patients_are_compared() -> None:
    found = compare(*two(40, 3), BOTH, draws=20)
    assert [(level.unit, level.count) for level in found.levels] == [("image", 120), ("patient", 40)]
    assert (found.split, found.images, found.patients, found.draws) == ("test", 120, 40, 20)
    assert [level.unit for level in compare(*two(40), BOTH, draws=20).levels] == ["image"]


def test_sides_are_compared_where_they_are_known() -> None:
    a, b = two(20, 4)
    rows = tuple(replace(row, side=("left", "left", "right", "right")[i % 4]) for i, row in enumerate(a.rows))
    a, b = (Scores(one.classes, rows, one.values) for one in (a, b))
    assert [(level.unit, level.count) for level in compare(a, b, BOTH, draws=20).levels][1] == ("side", 40)


def test_the_scores_of_a_patient_are_pooled_as_asked() -> None:
    a, b = two(40, 3)
    by_max, by_mean = (compare(a, b, BOTH, pooling=pooling, draws=20) for pooling in ("max", "mean"))
    assert by_mean.pooling == "mean"
    assert by_max.levels[0] == by_mean.levels[0]
    for pooling, found in (("max", by_max), ("mean", by_mean)):
        expected = evaluate(b, HALF, pooling=pooling, draws=20).of_patients.figures["specificity"].value
        assert found.levels[1].figures["specificity"].b == expected
    assert by_max.levels[1].figures["specificity"].a < by_mean.levels[1].figures["specificity"].a


def test_mcnemar_counts_those_with_the_finding_those_without_and_all() -> None:
    positive = [True] * 4 + [False] * 3
    a = table([0.9, 0.9, 0.1, 0.9, 0.1, 0.9, 0.9], positive)
    b = table([0.9, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1], positive)
    tests = compare(a, b, BOTH, draws=20).levels[0].mcnemar
    assert {name: (test.only_a, test.only_b) for name, test in tests.items()} == {
        "sensitivity": (2, 1), "specificity": (0, 2), "accuracy": (2, 3),
    }  # fmt: skip


def test_the_models_may_change_places() -> None:
    a, b = two(60, 2)
    late = Threshold(0.6, "youden", "")
    there, back = compare(a, b, (HALF, late), draws=100), compare(b, a, (late, HALF), draws=100)
    for level, turned in zip(there.levels, back.levels, strict=True):
        for name, one in level.figures.items():
            other = turned.figures[name]
            assert (one.a, one.b) == (other.b, other.a)
            ends = (other.difference.value, other.difference.high, other.difference.low)
            assert (one.difference.value, one.difference.low, one.difference.high) == pytest.approx([-x for x in ends])
        assert level.figures["auc"].p == pytest.approx(turned.figures["auc"].p)
        for name, test in level.mcnemar.items():
            assert (test.only_b, test.only_a) == (turned.mcnemar[name].only_a, turned.mcnemar[name].only_b)
            assert test.p == pytest.approx(turned.mcnemar[name].p)


def test_the_same_model_twice_differs_by_nothing() -> None:
    a, _ = two(40, 2)
    found = compare(a, a, BOTH, draws=50)
    for level in found.levels:
        assert not level.changed
        assert {test.p for test in level.mcnemar.values()} == {level.figures["auc"].p} == {1.0}
        assert {(f.difference.value, f.difference.low, f.difference.high) for f in level.figures.values()} == {
            (0, None, None)
        }


def test_rows_in_another_order_are_the_same_table() -> None:
    a, b = two(30, 2)
    turned = Scores(b.classes, b.rows[::-1], b.values[::-1])
    assert compare(a, turned, BOTH, draws=20) == compare(a, b, BOTH, draws=20)


def test_images_repeated_prove_no_more() -> None:
    a, b = two(60)

    def repeated(times: int) -> Compared:
        positive = np.repeat(a.positive, times).tolist()
        pair = (table(np.repeat(one.finding, times).tolist(), positive, times) for one in (a, b))
        return compare(*pair, BOTH, draws=20).levels[0]

    once, twice, often = (repeated(times) for times in (1, 2, 5))
    for level in (twice, often):
        assert level.figures["auc"].p == pytest.approx(once.figures["auc"].p)
        assert level.mcnemar["accuracy"].p == pytest.approx(twice.mcnemar["accuracy"].p)
    # The exact test differs a little from the other, which holds for many patients.
    assert twice.mcnemar["accuracy"].p == pytest.approx(once.mcnemar["accuracy"].p, abs=0.06)


def test_cases_that_changed_sides_are_named() -> None:
    positive = [False, False, True, True]
    a, b = table([0.1, 0.6, 0.9, 0.2], positive, 2), table([0.2, 0.4, 0.8, 0.4], positive, 2)
    of_images, of_patients = compare(a, b, BOTH, draws=20).levels
    assert of_images.changed == (Changed("1.png", "P0", "benign", 0.6, 0.4, "malignant", "benign"),)
    assert of_patients.changed == (Changed("P0", "P0", "rest", 0.6, 0.4, "malignant", "rest"),)
    late = compare(a, b, (HALF, Threshold(0.3, "given by hand", "")), draws=20)
    assert [case.file for case in late.levels[0].changed] == ["3.png"]


def test_a_change_among_the_other_classes_is_no_change_of_sides() -> None:
    rows = tuple(ScoreRow(f"{i}.png", f"P{i}", "", "", "test", name) for i, name in enumerate(("normal", "malignant")))
    classes = ("normal", "benign", "malignant")
    a, b = (
        Scores(classes, rows, np.array(values, np.float32))
        for values in ([[0.6, 0.3, 0.1], [0.1, 0.1, 0.8]], [[0.3, 0.6, 0.1], [0.2, 0.5, 0.3]])
    )
    assert compare(a, b, BOTH, draws=20).levels[0].changed == (
        Changed("1.png", "P1", "malignant", 0.8, 0.3, "malignant", "benign"),
    )


@pytest.mark.parametrize("label", [True, False])
def test_one_class_alone_is_compared_as_far_as_it_goes(label: bool, tmp_path: Path) -> None:
    found = compare(table([0.1, 0.9, 0.8], [label] * 3), table([0.9, 0.2, 0.7], [label] * 3), BOTH, draws=50)
    figures, tests = found.levels[0].figures, found.levels[0].mcnemar
    there, missing = ("sensitivity", "specificity") if label else ("specificity", "sensitivity")
    assert (figures["auc"].difference.value, figures[missing].a, tests[missing].p) == (None, None, None)
    assert (figures[there].difference.value, tests[there].p) == (0, 1)
    assert found.remarks[0].startswith("only malignant among" if label else "no malignant among")
    assert len(found.remarks) == 1
    (tmp_path / "one.json").write_text(to_json(found), encoding="utf-8")
    assert read_json(Comparison, tmp_path / "one.json") == found


def test_a_model_of_one_score_against_one_without_mistakes_has_no_p_and_says_so() -> None:
    positive = [False] * 25 + [True] * 25
    found = compare(table([0.4] * 50, positive), table(np.array(positive, float).tolist(), positive), BOTH, draws=50)
    assert found.levels[0].figures["auc"].p is None
    assert found.remarks == (
        "the difference of AUCs per image has no interval and no p: too few patients with the finding or without, "
        "or no patient differs from the rest",
    )


def test_few_cases_and_images_without_a_patient_are_remarked() -> None:
    a, b = two(20)
    a, b = (Scores(one.classes, tuple(replace(row, patient="") for row in one.rows), one.values) for one in (a, b))
    found = compare(a, b, BOTH, draws=20)
    assert found.patients == 20
    assert ["hints, no more" in remark for remark in found.remarks] == [True, *[False] * (len(found.remarks) - 1)]
    assert found.remarks[1] == "20 images name no patient; each counts as a patient of its own"


def test_a_comparison_comes_back_from_its_json(tmp_path: Path) -> None:
    found = compare(*two(40, 2), BOTH, draws=20)
    assert found.levels[0].changed
    (tmp_path / "comparison.json").write_text(to_json(found), encoding="utf-8")
    assert read_json(Comparison, tmp_path / "comparison.json") == found


def test_tables_of_other_images_labels_classes_or_patients_are_refused() -> None:
    a, b = two(10)
    with pytest.raises(MammoError, match="not of the same images: 9 against 10 rows, 1 without a partner"):
        compare(a, Scores(b.classes, b.rows[1:], b.values[1:]), BOTH)
    with pytest.raises(MammoError, match=r"0\.png is (benign|malignant) in one table and (benign|malignant) in the"):
        compare(a, table(b.finding.tolist(), (~b.positive).tolist()), BOTH)
    renamed = tuple(replace(row, label=row.label.replace("benign", "normal")) for row in b.rows)
    with pytest.raises(MammoError, match="scores of classes normal, malignant against benign, malignant"):
        compare(a, Scores(("normal", "malignant"), renamed, b.values), BOTH)
    with pytest.raises(MammoError, match=r"1\.png is of patient 'P0' in one table and of 'P1' in the other; name"):
        compare(a, table(b.finding.tolist(), b.positive.tolist(), 2), BOTH)


def test_equal_models_differ_by_chance_as_often_as_p_says() -> None:
    found = [compare(*two(60, 2, better=0, seed=seed), BOTH, draws=2).levels for seed in range(400)]
    for place in (0, 1):
        assert 8 <= sum((levels[place].figures["auc"].p or 0) < 0.05 for levels in found) <= 36
    # The exact test holds its 5 % with room to spare: numbers are small.
    assert sum((levels[1].mcnemar["accuracy"].p or 0) < 0.05 for levels in found) <= 24

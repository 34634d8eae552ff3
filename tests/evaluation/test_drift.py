"""Drift of one table against another, each figure against one counted by hand."""

from collections.abc import Sequence

import numpy as np
import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.budget import Budget
from tflite_mammo.evaluation.compare import compare
from tflite_mammo.evaluation.drift import DriftReport, for_card, measure_drift
from tflite_mammo.schema import from_dict, to_dict, to_json
from tflite_mammo.scores import ScoreRow, Scores, Threshold

STRICT, LOOSE = Budget(0.0, 0.0, 0.0), Budget(1.0, 1.0, 1.0)
FINDINGS = (0.1, 0.3, 0.6, 0.4, 0.7, 0.9)
LABELS = (False, False, False, True, True, True)


def table(findings: Sequence[float], positive: Sequence[bool] = LABELS) -> Scores:
    rows = tuple(
        ScoreRow(f"{i}.png", f"P{i // 2}", "left", "CC", "test", "malignant" if label else "benign")
        for i, label in enumerate(positive)
    )
    finding = np.array(findings, np.float32)
    return Scores(("benign", "malignant"), rows, np.stack([1 - finding, finding], axis=1))


def drift(after: Sequence[float], budget: Budget = STRICT) -> DriftReport:
    return measure_drift(table(FINDINGS), table(after), 0.5, budget, draws=50)


def named(report: DriftReport) -> list[tuple[str, str]]:
    return [(flip.kind, flip.file) for flip in report.flips]


def test_identical_scores_are_within_the_strictest_budget() -> None:
    report = drift(FINDINGS)
    assert (report.within, report.beyond, report.flips) == (True, (), ())
    moved = report.score_difference
    assert (moved.mean, moved.p99, moved.max, moved.bias, moved.low, moved.high) == (0.0,) * 6


def test_the_auc_is_told_before_and_after() -> None:
    auc = drift((0.1, 0.3, 0.35, 0.4, 0.7, 0.9), LOOSE).figures["auc"]
    assert (auc.a, auc.b) == (pytest.approx(8 / 9), 1.0)  # of nine pairs one was out of order
    assert auc.difference.value == pytest.approx(1 / 9)


def test_the_interval_is_that_of_a_comparison_of_both() -> None:
    rng = np.random.default_rng(3)
    labels = (rng.random(60) < 0.5).tolist()
    before, after = (table((0.6 * rng.random(60) + 0.3 * np.array(labels)).tolist(), labels) for _ in "ab")
    half = Threshold(0.5, "given by hand", "")
    assert measure_drift(before, after, 0.5, LOOSE).figures == compare(before, after, (half, half)).levels[0].figures


def test_sensitivity_and_specificity_are_told_at_the_threshold() -> None:
    figures = drift((0.1, 0.55, 0.6, 0.6, 0.45, 0.3), LOOSE).figures
    assert (figures["sensitivity"].a, figures["sensitivity"].b) == pytest.approx((2 / 3, 1 / 3))
    assert (figures["specificity"].a, figures["specificity"].b) == pytest.approx((2 / 3, 1 / 3))


def test_every_kind_of_flip_is_named_the_gravest_first() -> None:
    report = drift((0.1, 0.55, 0.45, 0.5, 0.45, 0.2), LOOSE)
    assert named(report) == [
        ("missed finding", "5.png"), ("missed finding", "4.png"), ("new alarm", "1.png"), ("found now", "3.png"),
        ("alarm gone", "2.png"),
    ]  # fmt: skip
    first = report.flips[0]
    assert (first.patient, first.label, first.score_a, first.score_b) == ("P2", "malignant", 0.9, 0.2)
    assert (first.call_a, first.call_b) == ("malignant", "benign")


def test_of_one_kind_the_largest_difference_comes_first() -> None:
    assert named(drift((0.9, 0.95, 0.6, 0.4, 0.7, 0.9), LOOSE)) == [("new alarm", "0.png"), ("new alarm", "1.png")]


def test_a_change_between_other_classes_is_a_flip_of_its_own_kind() -> None:
    classes = ("normal", "benign", "malignant")
    rows = tuple(ScoreRow(f"{i}.png", f"P{i}", "", "", "test", classes[i]) for i in range(3))
    before = np.array([[0.5, 0.4, 0.1], [0.1, 0.7, 0.2], [0.1, 0.1, 0.8]], np.float32)
    after = np.array([[0.4, 0.5, 0.1], [0.1, 0.7, 0.2], [0.1, 0.1, 0.8]], np.float32)
    report = measure_drift(Scores(classes, rows, before), Scores(classes, rows, after), 0.5, LOOSE, draws=20)
    assert named(report) == [("another class", "0.png")]


def test_a_score_that_reaches_the_threshold_flips() -> None:
    assert named(drift((0.1, 0.5, 0.6, 0.4, 0.7, 0.9), LOOSE)) == [("new alarm", "1.png")]


def test_differences_are_told_by_size_and_by_sign() -> None:
    moved = drift((0.2, 0.3, 0.6, 0.4, 0.7, 0.8), LOOSE).score_difference
    assert (moved.mean, moved.max, moved.bias) == pytest.approx((0.2 / 6, 0.1, 0.0), abs=1e-6)
    assert moved.p99 == pytest.approx(0.1)
    # Two of six differ, by .1 each way: the variance is 2 x .01 / 5.
    assert (moved.low, moved.high) == pytest.approx((-1.96 * 0.004**0.5, 1.96 * 0.004**0.5), abs=1e-4)


def test_scores_that_all_rise_are_a_bias() -> None:
    moved = drift(tuple(score + 0.05 for score in FINDINGS), LOOSE).score_difference
    assert (moved.bias, moved.low, moved.high) == pytest.approx((0.05,) * 3, abs=1e-6)


def test_calibration_errors_are_told_before_and_after() -> None:
    before, after = drift((0.0, 0.0, 0.0, 1.0, 1.0, 1.0), LOOSE).calibration_error or (None, None)
    # Each score in a bin of its own, but for .6 and .7, which as a float32 is less: .6 too high and .3 too low is .3.
    assert (before, after) == (pytest.approx((0.1 + 0.3 + 0.6 + 0.3 + 0.1) / 6), 0.0)


def test_scores_that_are_no_chances_have_no_calibration_error() -> None:
    assert drift((0.1, 0.3, 0.6, 0.4, 0.7, 1.9), LOOSE).calibration_error is None


def test_shares_of_flips_and_of_lost_findings_come_with_intervals() -> None:
    report = drift((0.1, 0.55, 0.6, 0.4, 0.45, 0.9), LOOSE)
    assert (report.flip_share.value, report.missed_share.value) == pytest.approx((2 / 6, 1 / 3))
    assert report.flip_share.low is not None
    assert report.flip_share.low < 2 / 6 < (report.flip_share.high or 0)


def test_none_of_few_lost_does_not_prove_that_none_can_be() -> None:
    """Three patients, and two with a finding: Wilson's bound of none is z2 / (n + z2)."""
    report = drift(FINDINGS)
    assert (report.flip_share.high, report.missed_share.high) == pytest.approx((3.841 / 6.841, 3.841 / 5.841), abs=1e-3)


def test_lost_and_found_findings_are_set_against_each_other_in_the_loss_alone() -> None:
    report = drift((0.1, 0.3, 0.6, 0.6, 0.45, 0.9))
    assert [limit.within for limit in report.limits] == [False, True, False]
    assert (report.limits[1].count, report.missed_share.value) == (0, pytest.approx(1 / 3))


def test_everything_beyond_the_budget_is_named_at_once() -> None:
    assert drift((0.9, 0.3, 0.6, 0.4, 0.7, 0.1)).beyond == (
        "AUC moved by -0.55556, allowed 0",
        "sensitivity fell by 33.3 points (1 of 3 findings), allowed 0",
        "2 of 6 labels flipped (33.3 %), allowed 0 %",
    )


def test_just_the_budget_is_within_it() -> None:
    assert drift((0.1, 0.3, 0.6, 0.55, 0.7, 0.9), Budget(0.0, 0.0, 1 / 6)).within


def test_the_grid_is_that_of_the_scores_after() -> None:
    report = drift((0.125, 0.25, 0.5, 0.375, 0.75, 0.875), LOOSE)
    assert (report.grid.kind, report.grid.unit, report.grid.above) == ("even", 1 / 8, 0.5)


def test_the_order_of_the_rows_makes_no_difference() -> None:
    before, after = table(FINDINGS), table((0.2, 0.55, 0.6, 0.3, 0.45, 0.9))
    turned = Scores(after.classes, after.rows[::-1], after.values[::-1])
    assert measure_drift(before, turned, 0.5, STRICT) == measure_drift(before, after, 0.5, STRICT)


def test_images_without_a_patient_count_as_one_each() -> None:
    rows = tuple(ScoreRow(f"{i}.png", "", "", "", "test", "malignant" if i > 2 else "benign") for i in range(6))
    scores = Scores(("benign", "malignant"), rows, table(FINDINGS).values)
    assert measure_drift(scores, scores, 0.5, LOOSE, draws=20).patients == 6
    assert drift(FINDINGS).patients == 3


def test_a_report_reads_back_as_it_was_written() -> None:
    report = drift((0.1, 0.55, 0.6, 0.4, 0.45, 0.9))
    assert from_dict(DriftReport, to_dict(report), "drift") == report


def test_the_card_carries_figures_and_no_name() -> None:
    text = to_json(for_card(drift((0.1, 0.55, 0.6, 0.4, 0.45, 0.9))))
    assert ".png" not in text
    assert '"P' not in text
    assert len(text) < 2000


def test_the_card_tells_what_kinds_flipped() -> None:
    card = for_card(drift((0.1, 0.55, 0.6, 0.4, 0.45, 0.9)))
    assert (card["label_flips"], card["missed_findings"], card["new_alarms"]) == (2, 1, 1)
    assert card["label_flip_share"] == pytest.approx(2 / 6)
    assert (card["sensitivity_before"], card["sensitivity_after"]) == pytest.approx((2 / 3, 1 / 3))


@pytest.mark.parametrize("label", [True, False])
def test_images_of_one_class_are_refused(label: bool) -> None:
    one = table((0.1, 0.9), (label, label))
    with pytest.raises(MammoError, match="drift: the images hold one class only; an AUC needs both"):
        measure_drift(one, one, 0.5, LOOSE)


def test_tables_of_other_images_are_refused() -> None:
    with pytest.raises(MammoError, match="the two tables are not of the same images: 2 against 6 rows"):
        measure_drift(table(FINDINGS), table((0.1, 0.9), (False, True)), 0.5, LOOSE)

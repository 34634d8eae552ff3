from collections.abc import Sequence

import numpy as np
import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.drift import NAMED_FLIPS, Budget, DriftReport, measure_drift
from tflite_mammo.scores import ScoreRow, Scores

STRICT, LOOSE = Budget(0.0, 0.0), Budget(1.0, 1.0)
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
    return measure_drift(table(FINDINGS), table(after), 0.5, budget)


def test_identical_scores_are_within_the_strictest_budget() -> None:
    report = drift(FINDINGS)
    assert report.within
    assert report.beyond == ()
    assert (report.auc_difference, report.label_flips, report.score_difference_max) == (0.0, 0, 0.0)
    assert str(report).endswith("; within the budget")


def test_labels_that_flip_are_counted_and_named() -> None:
    report = drift((0.1, 0.55, 0.6, 0.4, 0.45, 0.9), LOOSE)
    assert (report.label_flips, report.flipped) == (2, ("1.png", "4.png"))
    assert report.label_flip_share == pytest.approx(2 / 6)


def test_a_score_that_reaches_the_threshold_flips() -> None:
    assert drift((0.1, 0.5, 0.6, 0.4, 0.7, 0.9), LOOSE).flipped == ("1.png",)


def test_scores_that_move_on_their_side_of_the_threshold_flip_nothing() -> None:
    report = drift((0.2, 0.3, 0.6, 0.4, 0.7, 0.8))
    assert (report.label_flips, report.within) == (0, True)
    assert report.score_difference_max == pytest.approx(0.1)
    assert report.score_difference_mean == pytest.approx(0.2 / 6)


def test_only_the_first_flips_are_named() -> None:
    count = NAMED_FLIPS + 5
    labels = [i % 2 == 0 for i in range(count)]
    report = measure_drift(table([0.1] * count, labels), table([0.9] * count, labels), 0.5, LOOSE)
    assert report.label_flips == count
    assert report.flipped == tuple(f"{i}.png" for i in range(NAMED_FLIPS))


def test_an_auc_beyond_the_budget_is_named() -> None:
    # 8 of 9 pairs are in order before, all 9 after.
    report = drift((0.1, 0.3, 0.35, 0.4, 0.7, 0.9), Budget(0.1, 1.0))
    assert report.beyond == ("AUC moved by +0.11111, allowed 0.1",)
    assert not report.within
    assert "BEYOND the budget: AUC moved by +0.1111" in str(report)


def test_a_lower_auc_is_beyond_the_budget_as_a_higher_one_is() -> None:
    report = drift((0.1, 0.45, 0.6, 0.4, 0.7, 0.9), Budget(0.1, 1.0))
    assert report.beyond == ("AUC moved by -0.11111, allowed 0.1",)


def test_flips_beyond_the_budget_are_named() -> None:
    report = drift((0.1, 0.3, 0.6, 0.55, 0.7, 0.9), Budget(1.0, 0.1))
    assert report.beyond == ("16.7% of labels flipped, allowed 10.0%",)


def test_everything_beyond_the_budget_is_named_at_once() -> None:
    assert len(drift((0.9, 0.3, 0.6, 0.4, 0.7, 0.1)).beyond) == 2


def test_just_the_budget_is_within_it() -> None:
    assert drift((0.1, 0.3, 0.6, 0.55, 0.7, 0.9), Budget(0.0, 1 / 6)).within


def test_the_order_of_the_rows_makes_no_difference() -> None:
    before, after = table(FINDINGS), table((0.2, 0.55, 0.6, 0.3, 0.45, 0.9))
    turned = Scores(after.classes, after.rows[::-1], after.values[::-1])
    assert measure_drift(before, turned, 0.5, STRICT) == measure_drift(before, after, 0.5, STRICT)


def test_a_report_counts_images_and_patients() -> None:
    report = drift(FINDINGS)
    assert (report.images, report.patients, report.threshold, report.budget) == (6, 3, 0.5, STRICT)


@pytest.mark.parametrize("label", [True, False])
def test_images_of_one_class_are_refused(label: bool) -> None:
    one = table((0.1, 0.9), (label, label))
    with pytest.raises(MammoError, match="drift: the images hold one class only; an AUC needs both"):
        measure_drift(one, one, 0.5, LOOSE)


def test_tables_of_other_images_are_refused() -> None:
    with pytest.raises(MammoError, match="the two tables are not of the same images: 2 against 6 rows"):
        measure_drift(table(FINDINGS), table((0.1, 0.9), (False, True)), 0.5, LOOSE)


@pytest.mark.parametrize("values", [(-0.1, 0.5), (0.5, 1.1)])
def test_a_budget_is_a_share(values: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="auc_difference and label_flips must lie between 0 and 1"):
        Budget(*values)

"""Which interval is quoted for which figure, and that the same patients are drawn for every table."""

from typing import Any

import numpy as np
import pytest

from tflite_mammo.evaluation.bootstrap import interval_95
from tflite_mammo.evaluation.delong import areas, interval_of_area
from tflite_mammo.evaluation.figure import (
    BIASED,
    NO_FIGURE,
    Figure,
    draw,
    figures_in_closed_form,
    figures_of,
    is_few,
    judge,
)  # fmt: skip
from tflite_mammo.evaluation.metrics import FIGURES, SHARES, Judged
from tflite_mammo.evaluation.proportions import interval_of_share


def test_a_figure_is_printed_with_its_interval() -> None:
    assert str(Figure(0.81234, 0.7, 0.9)) == "0.812 (0.700 to 0.900)"
    assert str(Figure(0.5)) == "0.500"
    assert str(NO_FIGURE) == "not computable"


def test_fewer_than_twenty_of_either_class_are_few() -> None:
    assert is_few(np.arange(60) < 19)
    assert is_few(np.arange(60) >= 19)
    assert not is_few(np.arange(40) < 20)


def test_a_score_on_the_threshold_is_called(tables: Any) -> None:
    judged = judge(tables.of([0.5, 0.4999, 0.75], [True, False, True]), 0.5)
    assert judged.called.tolist() == [True, False, True]
    assert judged.positive.tolist() == [True, False, True]


def test_patients_of_another_table_keep_their_numbers(tables: Any) -> None:
    scores = tables.of([0.1, 0.2, 0.3], [True, False, True])
    assert judge(scores, 0.5, {"P0": 4, "P1": 0, "P2": 2}).owner.tolist() == [4, 0, 2]


def test_of_three_classes_the_last_is_the_finding(tables: Any) -> None:
    scores = tables.logits(np.array([[3.0, 0.0, 0.0], [0.0, 0.0, 3.0], [0.0, 1.0, 0.5]]), [1, 2, 2])
    judged = judge(scores, 0.3)
    assert judged.called.tolist() == [False, True, True]
    assert judged.positive.tolist() == [False, True, True]


def test_every_table_is_drawn_the_same_patients(tables: Any) -> None:
    women = judge(tables.women(12), 0.5)
    twin = judge(tables.women(12), 0.5)
    other = judge(tables.women(12, seed=8), 0.5)
    drawn = draw({"one": women, "two": twin, "three": other}, 48, 30)
    again = draw({"two": twin}, 48, 30)
    for name in FIGURES:
        assert drawn["one"][name].shape == (30,)
        np.testing.assert_array_equal(drawn["one"][name], drawn["two"][name])
        np.testing.assert_allclose(drawn["one"][name], again["two"][name], atol=1e-6)
    assert (drawn["one"]["auc"] != drawn["three"]["auc"]).any()


def test_a_table_without_the_last_patients_is_drawn_with_the_others(tables: Any) -> None:
    scores = tables.women(6)
    some = scores.where(np.array([row.patient < "P4" for row in scores.rows]))
    number = {f"P{i}": i for i in range(6)}
    drawn = draw({"all": judge(scores, 0.5, number), "some": judge(some, 0.5, number)}, 24, 10)
    assert drawn["some"]["accuracy"].shape == (10,)


def test_an_area_gets_delongs_interval_and_keeps_the_draws_beside(tables: Any) -> None:
    scores = tables.women(30)
    judged = judge(scores, 0.5)
    figure = figures_of(judged, draw({"": judged}, 120, 200)[""])["auc"]
    variance = areas(judged.scores[None, :], judged.positive, judged.owner).covariance[0, 0]
    cases = len({row.patient for row in scores.rows if row.label == "malignant"})
    assert figure.by == "DeLong"
    assert (figure.low, figure.high) == interval_of_area(figure.value or 0, variance, cases, 30)
    assert figure.drawn == pytest.approx((figure.low, figure.high), abs=0.05)


@pytest.mark.parametrize("name", SHARES)
def test_a_share_gets_wilsons_interval_and_keeps_the_draws_beside(name: str, tables: Any) -> None:
    judged = judge(tables.women(30), 0.5)
    figure = figures_of(judged, draw({"": judged}, 120, 200)[""])[name]
    part, whole = (judged.of_patients[side] for side in SHARES[name])
    assert figure.by == "Wilson"
    assert figure.value == pytest.approx(part.sum() / whole.sum())
    assert (figure.low, figure.high) == interval_of_share(part, whole)
    assert figure.drawn == pytest.approx((figure.low, figure.high), abs=0.08)


def test_other_figures_get_the_middle_of_their_draws(tables: Any) -> None:
    judged = judge(tables.women(30), 0.5)
    drawn = draw({"": judged}, 120, 200)[""]
    figures = figures_of(judged, drawn)
    assert tuple(figures) == FIGURES
    for name in set(FIGURES) - set(SHARES) - {"auc", *BIASED}:
        assert figures[name].by == "bootstrap"
        ends = interval_95(drawn[name], judged.fewest)
        assert (figures[name].low, figures[name].high) == pytest.approx(ends)
        assert figures[name].drawn is None


def test_the_draws_of_a_calibration_error_lie_above_it_and_are_moved_back() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random(400)
    judged = Judged(scores, rng.random(400) < scores, scores > 0.5, np.arange(400))
    drawn = draw({"": judged}, 400, 100)[""]
    figure = figures_of(judged, drawn)["calibration_error"]
    errors = drawn["calibration_error"]
    assert np.mean(errors > figure.value) > 0.9
    assert (figure.low, figure.high) == pytest.approx(
        interval_95(np.maximum(errors - errors.mean() + figure.value, 0), judged.fewest)
    )
    assert 0 <= figure.low < figure.value < figure.high


def test_without_a_draw_only_areas_and_shares_have_intervals(tables: Any) -> None:
    figures = figures_in_closed_form(judge(tables.women(30), 0.5), ("auc", "sensitivity", "mcc"))
    assert [figure.by for figure in figures.values()] == ["DeLong", "Wilson", "bootstrap"]
    assert [figure.low is None for figure in figures.values()] == [False, False, True]
    assert all(figure.drawn is None for figure in figures.values())


def test_a_figure_that_cannot_be_computed_is_none(tables: Any) -> None:
    judged = judge(tables.of([0.1, 0.9], [False, False]), 0.5)
    figures = figures_of(judged, draw({"": judged}, 2, 20)[""])
    assert figures["auc"] == figures["sensitivity"] == NO_FIGURE
    assert figures["specificity"].value == 0.5


def test_an_area_of_1_has_an_interval_by_how_many_patients_there_are(tables: Any) -> None:
    few, many = (
        figures_in_closed_form(judge(tables.of(labels, labels, per_patient=2), 0.5), ["auc"])["auc"]
        for labels in ([True, True, False, False] * 2, [True, True, False, False] * 20)
    )
    assert (few.value, few.high, many.high) == (1, 1, 1)
    assert (few.low, few.high) == interval_of_area(1.0, 0.0, 4 // 2, 4 // 2)
    assert (many.low or 0) > (few.low or 1)

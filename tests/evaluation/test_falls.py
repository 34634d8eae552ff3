"""What is lost on other data, with intervals put together from both."""

import math
from dataclasses import replace
from typing import Any

import pytest

from tflite_mammo.evaluation.evaluate import Evaluation, evaluate, with_externals
from tflite_mammo.evaluation.falls import falls
from tflite_mammo.evaluation.figure import NO_FIGURE, Figure


@pytest.fixture(scope="module")
def women(tables: Any) -> Evaluation:
    return evaluate(tables.women(40), tables.half, draws=50)


def test_a_fall_has_the_interval_of_both_put_together(women: Evaluation, tables: Any) -> None:
    other = evaluate(tables.women(25, seed=3), tables.half, draws=50)
    found = with_externals(women, [("B", "another clinic", other)]).externals[0]
    assert (found.name, found.source, found.evaluation) == ("B", "another clinic", other)
    assert list(found.falls) == ["image", "side", "patient"]
    one, two, fall = women.figures["auc"], other.figures["auc"], found.falls["image"]["auc"]
    assert fall.value == pytest.approx((one.value or 0) - (two.value or 0))
    down = math.hypot((one.value or 0) - (one.low or 0), (two.high or 0) - (two.value or 0))
    up = math.hypot((one.high or 0) - (one.value or 0), (two.value or 0) - (two.low or 0))
    assert (fall.low, fall.high) == pytest.approx(((fall.value or 0) - down, (fall.value or 0) + up))
    assert fall.by == "both intervals"


def test_the_fall_of_two_shares_is_newcombes(tables: Any) -> None:
    # Newcombe 1998, method 10, of 56/70 against 48/80: .2 (.0524 to .3339).
    one, two = (tables.of([0.9] * k + [0.1] * (n - k), [True] * n) for k, n in ((56, 70), (48, 80)))
    fall = falls(*(evaluate(table, tables.half, draws=50) for table in (one, two)))["image"]["sensitivity"]
    assert (fall.value, fall.low, fall.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_a_fall_of_what_cannot_be_computed_is_none(women: Evaluation, tables: Any) -> None:
    single = evaluate(tables.of([0.1, 0.9], [False, False]), tables.half, draws=50)
    found = falls(women, single)
    assert list(found) == ["image"]
    assert found["image"]["auc"] == NO_FIGURE
    without = replace(women, levels=(replace(women.levels[0], figures={"auc": Figure(0.8)}),))
    assert falls(without, without)["image"] == {"auc": Figure(0.0)}

"""Figures of each kind of image, and which columns tell kinds apart."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.evaluate import evaluate
from tflite_mammo.evaluation.subgroups import Subgroup, subgroups
from tflite_mammo.scores import Scores


def told(scores: Scores, name: str, cells: Sequence[str]) -> Scores:
    rows = tuple(replace(row, more={name: cell}) for row, cell in zip(scores.rows, cells, strict=True))
    return Scores(scores.classes, rows, scores.values)


def kinds(found: Sequence[Subgroup]) -> list[tuple[str, str, int]]:
    return [(one.column, one.value, one.images) for one in found]


def test_sides_and_views_and_other_columns_of_several_kinds_are_taken(tables: Any) -> None:
    scores = told(tables.women(10), "density", ["a", "b", "c", "b"] * 10)
    assert kinds(subgroups(scores, 0.5)) == [
        ("density", "a", 10), ("density", "b", 20), ("density", "c", 10),
        ("side", "left", 20), ("side", "right", 20), ("view", "CC", 20), ("view", "MLO", 20),
    ]  # fmt: skip


def test_a_column_of_one_kind_tells_nothing_unless_it_is_asked_for(tables: Any) -> None:
    scores = told(tables.of([0.1, 0.9], [False, True]), "device", ["x", "x"])
    assert subgroups(scores, 0.5) == ()
    assert kinds(subgroups(scores, 0.5, ["device"])) == [("device", "x", 2)]


def test_what_is_not_told_comes_last(tables: Any) -> None:
    scores = told(tables.women(2), "density", ["", "x", "z", ""] * 2)
    found = subgroups(scores, 0.5, ["density"])
    assert kinds(found) == [("density", "x", 2), ("density", "z", 2), ("density", "not told", 4)]


def test_names_of_too_many_kinds_are_left_out_unless_they_are_asked_for(tables: Any) -> None:
    many = [f"name{i % 13}" for i in range(40)]
    scores = told(tables.women(10), "doctor", many)
    assert {one.column for one in subgroups(scores, 0.5)} == {"side", "view"}
    assert len(subgroups(scores, 0.5, ["doctor"])) == 13
    just = told(tables.women(10), "doctor", [f"name{i % 12}" for i in range(40)])
    assert sum(one.column == "doctor" for one in subgroups(just, 0.5)) == 12


def test_numbers_of_many_values_are_cut_into_thirds(tables: Any) -> None:
    scores = told(tables.women(10), "age", [str(40 + i) for i in range(39)] + [""])
    assert kinds(subgroups(scores, 0.5, ["age"])) == [
        ("age", "lowest third (40 to 52)", 13),
        ("age", "middle third (53 to 65)", 13),
        ("age", "highest third (66 to 78)", 13),
        ("age", "not told", 1),
    ]


def test_few_numbers_are_kinds_of_their_own(tables: Any) -> None:
    scores = told(tables.women(10), "birads", [str(i % 4) for i in range(40)])
    assert [one.value for one in subgroups(scores, 0.5, ["birads"])] == ["0", "1", "2", "3"]


def test_numbers_that_are_mostly_the_same_leave_a_third_empty(tables: Any) -> None:
    cells = ["50"] * 27 + [str(60 + i) for i in range(13)]
    found = kinds(subgroups(told(tables.women(10), "age", cells), 0.5, ["age"]))
    assert found == [("age", "lowest third (50 to 50)", 27), ("age", "highest third (60 to 72)", 13)]


def test_endless_numbers_count_as_not_told(tables: Any) -> None:
    scores = told(tables.women(10), "age", ["inf", "-inf", "nan", *(str(i) for i in range(37))])
    assert kinds(subgroups(scores, 0.5, ["age"]))[-1] == ("age", "not told", 3)


def test_columns_are_asked_for_by_name_once_and_in_order(tables: Any) -> None:
    found = subgroups(tables.women(4), 0.5, ["view", "side", "view"])
    assert [one.column for one in found] == ["view", "view", "side", "side"]
    assert subgroups(tables.women(4), 0.5, ()) == ()


def test_an_unknown_column_is_refused_with_those_that_there_are(tables: Any) -> None:
    scores = told(tables.women(2), "age", ["50"] * 8)
    with pytest.raises(MammoError, match="no column is called 'race'; there are: age, side, view"):
        subgroups(scores, 0.5, ["side", "race"])


def test_figures_of_a_group_are_those_of_its_images_alone(tables: Any) -> None:
    scores = tables.women(30)
    group = subgroups(scores, 0.4, ["view"])[1]
    alone = scores.where(np.array([row.view == "MLO" for row in scores.rows]))
    expected = evaluate(alone, replace(tables.half, value=0.4), draws=10)
    assert (group.images, group.patients, group.positives) == (60, 30, expected.positives)
    assert group.few == expected.levels[0].few
    assert tuple(group.figures) == ("auc", "sensitivity", "specificity")
    for name, figure in group.figures.items():
        assert figure == replace(expected.figures[name], drawn=None)


def test_few_images_of_a_class_are_flagged(tables: Any) -> None:
    labels = [i % 2 == 0 for i in range(80)]
    scores = told(tables.of(np.linspace(0, 1, 80), labels), "site", ["a"] * 40 + ["b"] * 38 + ["c"] * 2)
    assert [one.few for one in subgroups(scores, 0.5, ["site"])] == [False, True, True]


def test_a_group_of_one_class_has_no_area(tables: Any) -> None:
    scores = told(tables.of([0.1, 0.9, 0.8], [False, True, True]), "site", ["a", "b", "b"])
    a, b = subgroups(scores, 0.5, ["site"])
    assert (a.figures["auc"].value, a.figures["sensitivity"].value, a.figures["specificity"].value) == (None, None, 1)
    assert (b.figures["sensitivity"].value, b.positives) == (1, 2)

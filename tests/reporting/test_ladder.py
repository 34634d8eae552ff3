"""What a search for more precision is told as."""

from dataclasses import replace

from tflite_mammo.conversion.ladder import Ladder
from tflite_mammo.reporting.ladder import ladder_words, rung_rows


def test_what_was_chosen_is_told_with_what_it_costs(ladder: Ladder) -> None:
    assert ladder_words(ladder) == (
        "weights rounded, 3 % in float (2 layers), number 3 of 3 tried: expected to be within the budget; "
        "1.25 x the ms, 1.05 x the size of the first"
    )


def test_where_nothing_was_good_enough_that_is_said(ladder: Ladder) -> None:
    words = ladder_words(replace(ladder, chosen=1, good_enough=False))
    assert "number 2 of 3 tried: NONE is expected to be within the budget; 0.97 x" in words


def test_the_preset_as_it_is_costs_nothing_more(ladder: Ladder) -> None:
    words = ladder_words(Ladder(ladder.rungs[:1], 0, good_enough=True))
    assert words == "as the preset says, number 1 of 1 tried: expected to be within the budget"


def test_one_layer_is_one(ladder: Ladder) -> None:
    last = replace(ladder.rungs[2], in_float=("stem",))
    assert "in float (1 layer), number" in ladder_words(replace(ladder, rungs=(*ladder.rungs[:2], last)))


def test_every_rung_is_a_row_that_repeats_no_words(ladder: Ladder) -> None:
    rows = rung_rows(ladder, 0.01)
    assert [row.name for row in rows] == ["1. as the preset says", "2. weights rounded", "3. as 2, 3 % in float"]
    assert [row.chosen for row in rows] == [False, False, True]
    last = rows[2]
    assert (last.flips, last.expected, last.score_error) == ("0.0 %", "0.6 %", "0.0061")
    assert (last.megabytes, last.ms, last.times, last.in_float) == ("4.20", "5.00", "1.25 x", ("stem", "<i>block1</i>"))


def test_flips_that_are_expected_decide(ladder: Ladder) -> None:
    assert [row.within for row in rung_rows(ladder, 0.01)] == [False, False, True]
    assert [row.within for row in rung_rows(ladder, 0.012)] == [False, True, True]

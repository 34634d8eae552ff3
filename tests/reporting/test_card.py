"""What `inspect` says of a model file."""

from dataclasses import replace

import pytest

from tflite_mammo.conversion.ladder import Ladder
from tflite_mammo.errors import MammoError
from tflite_mammo.golden import GoldenCheck, check_golden
from tflite_mammo.reporting.card import card_lines, file_lines, golden_words
from tflite_mammo.schema import to_dict


def audit_line(converted, **audit: object) -> str:
    record = {"leaks": 0, "two_labels": 0, "duplicates": 0, "shortcuts": {}, "accepted": False, **audit}
    lines = card_lines(replace(converted["int8"].bundle.card, audit=record))
    return next(line.removeprefix("  audit").strip() for line in lines if line.startswith("  audit"))


@pytest.mark.parametrize(
    ("audit", "words"),
    [
        ({}, "no leak"),
        ({"duplicates": 3}, "no leak"),
        ({"leaks": 3, "accepted": True}, "3 pairs of images in different parts, accepted"),
        ({"two_labels": 2}, "no leak; 2 pairs bear two labels"),
        ({"shortcuts": {"file size": 0.812}}, "no leak; shortcuts: file size (AUC 0.81)"),
    ],
)
def test_the_card_says_what_the_audit_of_its_data_found(audit: dict[str, object], words: str, converted) -> None:
    assert audit_line(converted, **audit) == words


def test_a_card_of_before_the_audit_says_nothing_of_it(converted) -> None:
    lines = card_lines(replace(converted["int8"].bundle.card, audit={}))
    assert not [line for line in lines if "audit" in line]


def test_the_card_says_how_its_precision_was_found(converted, ladder: Ladder) -> None:
    lines = card_lines(replace(converted["int8"].bundle.card, ladder=to_dict(ladder)))
    place = next(place for place, line in enumerate(lines) if line.startswith("  precision"))
    assert lines[place].startswith(
        "  precision       weights rounded, 3 % in float (2 layers), number 3 of 3 tried: expected to be"
    )
    assert lines[place + 1].endswith("1.25 x the ms, 1.05 x the size of the first")


def test_a_card_without_a_search_says_nothing_of_precision(converted) -> None:
    assert not [line for line in card_lines(converted["int8"].bundle.card) if "precision" in line]


def test_a_card_that_holds_something_else_than_expected_is_refused(converted) -> None:
    with pytest.raises(MammoError, match="its card is of another version"):
        card_lines(replace(converted["int8"].bundle.card, drift={"flips": 3}))
    with pytest.raises(MammoError, match="evaluation: unknown key 'auk'"):
        card_lines(replace(converted["int8"].bundle.card, evaluation={"auk": 0.9}))
    with pytest.raises(MammoError, match="ladder: the key 'rungs' is missing"):
        card_lines(replace(converted["int8"].bundle.card, ladder={"chosen": 0, "good_enough": True}))


def test_every_line_fits_a_hundred_columns(converted) -> None:
    bundle = converted["int8"].bundle
    lines = card_lines(replace(bundle.card, source="one hospital after the other, " * 9)) + file_lines(bundle, None, {})
    assert max(map(len, lines)) <= 100
    assert all(line.startswith("  ") for line in lines)


def test_what_the_file_holds_is_told_with_its_size(converted) -> None:
    bundle = replace(converted["int8"].bundle, flatbuffer_size=3_990_000, sizes={"labels.txt": 17, "card.json": 19_848})
    (line,) = [line for line in file_lines(bundle, None, {}) if "inside" in line]
    assert line.endswith("weights 3.99 MB, labels.txt 17 bytes, card.json 19.8 kB")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "no runtime here to ask"),
        ({"runtime": "litert 2.3.0", "difference": 0.1}, "litert 2.3.0 here answers alike (0.1000 apart, 0.1 allowed)"),
        ({"runtime": "litert 2.3.0", "difference": 0.2}, "answers OTHERWISE (0.2000 apart, 0.1 allowed)"),
        ({"fault": "it will not load"}, "cannot be asked here: it will not load"),
    ],
)
def test_golden_samples_are_told_with_what_this_machine_makes_of_them(more: dict[str, object], words: str) -> None:
    told = golden_words(GoldenCheck(5, 0.09, 0.885, 0.1, **more))  # type: ignore[arg-type]
    assert told.startswith("5, scores 0.090 to 0.885; ")
    assert told.endswith(words)


def test_samples_that_a_machine_without_eyes_would_pass_are_told_to_be_worth_little() -> None:
    asked = GoldenCheck(5, 0.4, 0.61, 0.1, runtime="litert 2.3.0", difference=0.0)
    assert golden_words(asked).endswith("answers alike (0.0000 apart, 0.1 allowed)")
    alike = replace(asked, highest=0.6)
    assert golden_words(alike).endswith(
        "answers alike (0.0000 apart, 0.1 allowed); scores so close together tell little"
    )
    assert golden_words(replace(alike, difference=0.2)).endswith("OTHERWISE (0.2000 apart, 0.1 allowed)")


def test_a_file_without_golden_samples_says_so(converted) -> None:
    assert check_golden(replace(converted["int8"].bundle, golden=b"")) is None
    assert golden_words(None) == "none"

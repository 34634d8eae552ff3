"""What `inspect` says of a model's card."""

from dataclasses import replace

import pytest

from tflite_mammo.reporting.text import card_lines


def audit_line(converted, **audit: object) -> str:
    record = {"leaks": 0, "two_labels": 0, "duplicates": 0, "shortcuts": {}, "accepted": False, **audit}
    lines = card_lines(replace(converted["int8"].bundle.card, audit=record))
    return next(line.removeprefix("  audit: ") for line in lines if line.startswith("  audit: "))


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

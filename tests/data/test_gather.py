"""What an adapter hands over, to a manifest: each image once, each patient spelt one way, the rest told."""

import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from tflite_mammo.data.gather import gather
from tflite_mammo.data.manifest import Example, Problem

ROOT = Path("collection")
THREE = ("normal", "benign", "malignant")


def examples(*labels: str) -> tuple[Example, ...]:
    return tuple(Example(f"{i}.png", label, f"P{i}") for i, label in enumerate(labels))


def lesions(*labels: str) -> list[Example]:
    return [Example("a.png", label, "P0", lesion=str(i)) for i, label in enumerate(labels, start=1)]


def test_gather_keeps_good_examples_and_orders_their_classes() -> None:
    found = gather(ROOT, examples("malignant", "normal", "benign"), source="here")
    assert (found.classes, found.problems, found.source) == (THREE, (), "here")
    assert found.examples == examples("malignant", "normal", "benign")


def test_gather_passes_on_what_an_adapter_found() -> None:
    broken = Problem("x.png", "row", "no patient")
    assert gather(ROOT, examples(*THREE), [broken], source="test").problems == (broken,)


def test_a_label_outside_the_vocabulary_is_a_problem() -> None:
    found = gather(ROOT, examples("benign", "malignant", "BI-RADS 3"), classes=THREE, source="test")
    assert found.problems == (Problem("2.png", "row", f"label 'BI-RADS 3' is none of {', '.join(THREE)}"),)
    assert found.classes == ("benign", "malignant")


def test_a_name_that_is_not_utf_8_is_a_problem_that_can_be_printed() -> None:
    odd = Example("caf\udce9.png", "benign", "P9")
    found = gather(ROOT, [*examples("benign", "malignant"), odd], source="test")
    assert found.problems == (Problem("caf?.png", "row", "its file name is not UTF-8; rename it"),)
    assert len(found.examples) == 2


def test_a_row_that_stands_twice_is_used_once() -> None:
    known = examples("benign", "malignant")
    found = gather(ROOT, [*known, replace(known[0], view="CC")], source="test")
    assert found.examples == known
    assert found.problems == (Problem("0.png", "duplicate", "stands 2 times; the first is used"),)


@pytest.mark.parametrize(
    ("change", "what"),
    [({"label": "malignant"}, "labels benign, malignant"), ({"patient": "P7"}, "patients P0, P7")],
)
def test_of_rows_that_contradict_each_other_none_is_used(change: dict[str, str], what: str) -> None:
    known = examples("benign", "malignant", "benign")
    found = gather(ROOT, [*known, replace(known[0], **change)], source="test")  # type: ignore[arg-type]
    assert found.examples == known[1:]
    reason = f"stands 2 times with the {what}; none of them is used"
    assert found.problems == (Problem("0.png", "duplicate", reason),)


def test_two_lesions_of_one_file_are_no_duplicates() -> None:
    found = gather(ROOT, lesions("benign", "malignant"), source="test")
    assert (len(found.examples), found.problems) == (2, ())


def test_a_woman_with_two_labels_is_told_and_used() -> None:
    benign, malignant, other = examples("benign", "malignant", "benign")
    found = gather(ROOT, [benign, replace(malignant, patient="P0"), other], source="test")
    assert len(found.examples) == 3
    assert [(problem.file, problem.kind) for problem in found.problems] == [
        ("0.png", "two labels"), ("1.png", "two labels"),
    ]  # fmt: skip
    assert found.problems[0].reason == "'benign', and patient P0 has other images of another label; it is used"


def test_two_breasts_may_bear_two_labels() -> None:
    benign, malignant = examples("benign", "malignant")
    both = [replace(benign, side="left"), replace(malignant, patient="P0", side="right")]
    assert gather(ROOT, both, source="test").problems == ()
    of_one = [replace(example, side="left") for example in both]
    assert "other images of the left breast" in gather(ROOT, of_one, source="test").problems[0].reason


@pytest.mark.parametrize("spelt", ["p0", " P0", "P0 ", "P0\t"])
def test_two_spellings_of_a_patient_are_one_patient(spelt: str) -> None:
    known = (*examples("benign", "malignant"), Example("9.png", "benign", spelt))
    found = gather(ROOT, known, source="test")
    assert [example.patient for example in found.examples] == ["P0", "P1", "P0"]


def test_a_spelling_in_another_case_is_told() -> None:
    known = (*examples("benign", "malignant"), Example("9.png", "benign", "p0"))
    reason = "patient 'p0' is taken for 'P0', which is spelt otherwise"
    assert gather(ROOT, known, source="test").problems == (Problem("9.png", "patient", reason),)


def test_blanks_and_composed_letters_alone_are_not_told() -> None:
    composed, apart = (unicodedata.normalize(form, "Mme  Müller") for form in ("NFC", "NFD"))
    benign, malignant = examples("benign", "malignant")
    known = (replace(benign, patient=apart), malignant, replace(benign, file="9.png", patient=f" {composed}"))
    found = gather(ROOT, known, source="test")
    assert {example.patient for example in found.examples} == {"Mme Müller", "P1"}
    assert found.problems == ()


def test_spellings_of_a_patient_in_one_file_are_no_contradiction() -> None:
    known = examples("benign", "malignant")
    found = gather(ROOT, [*known, replace(known[0], patient="p0")], source="test")
    assert len(found.examples) == 2
    assert [problem.kind for problem in found.problems] == ["patient", "duplicate"]


@pytest.mark.parametrize("change", [{"file": "a\nb.png"}, {"file": "a\x1b.png"}, {"patient": "P\x00"}])
def test_a_control_character_in_a_name_is_a_problem(change: dict[str, str]) -> None:
    known = examples("benign", "malignant", "benign")
    odd = replace(known[2], **change)  # type: ignore[arg-type]
    found = gather(ROOT, [*known[:2], odd], source="test")
    assert found.examples == known[:2]
    reason = "a control character in its file name or patient; rename it"
    assert found.problems == (Problem(odd.file, "row", reason),)


@pytest.mark.parametrize("patient", ["", "  "])
def test_a_patient_of_blanks_is_none(patient: str) -> None:
    known = examples("benign", "malignant", "benign")
    found = gather(ROOT, [*known[:2], replace(known[2], patient=patient)], source="test")
    assert [problem.reason.split(";")[0] for problem in found.problems] == ["no patient"]


def test_a_name_that_is_not_utf_8_can_be_written_down_whoever_tells_of_it() -> None:
    assert Problem("caf\udce9.png", "unreadable", "broken").file == "caf?.png"
    assert Problem("café.png", "unreadable", "broken").file == "café.png"


def test_rows_of_one_patient_never_lie_in_two_groups() -> None:
    known = (*examples("benign", "malignant"), Example("9.png", "benign", "P0", group="G"))
    assert {example.patient: example.unit for example in gather(ROOT, known, source="test").examples} == {
        "P0": "G", "P1": "P1",
    }  # fmt: skip


def test_rows_without_a_patient_are_no_group() -> None:
    known = [replace(example, group="G") for example in examples("benign", "malignant")]
    found = gather(ROOT, [*known, Example("9.png", "benign", "", group="G")], source="test")
    assert {example.unit for example in found.examples} == {"G"}

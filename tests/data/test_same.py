from dataclasses import replace
from pathlib import Path

import pytest

from tflite_mammo.data.manifest import Example, Manifest, Problem
from tflite_mammo.data.same import grouped, read_pairs, taken_together
from tflite_mammo.errors import MammoError


def manifest(*labels: str) -> Manifest:
    examples = tuple(Example(f"{i}.png", label, f"P{i}") for i, label in enumerate(labels))
    return Manifest(Path("collection"), ("benign", "malignant"), examples, "test")


def together(whole: Manifest, pairs: list[tuple[str, str]]) -> Manifest:
    return taken_together(whole, pairs)[0]


def units(found: Manifest) -> dict[str, str]:
    return {example.file: example.unit for example in found.examples}


def test_patients_that_share_an_image_become_one() -> None:
    found = together(manifest("benign", "malignant", "benign"), [("2.png", "0.png")])
    assert units(found) == {"0.png": "P0", "1.png": "P1", "2.png": "P0"}
    assert found.problems == ()


def test_a_chain_of_pairs_is_one_patient_in_any_order() -> None:
    chain = [("0.png", "1.png"), ("3.png", "2.png"), ("2.png", "1.png")]
    whole = manifest("benign", "benign", "benign", "benign", "malignant")
    for pairs in (chain, chain[::-1]):
        assert set(list(units(together(whole, pairs)).values())[:4]) == {"P0"}


def test_the_other_images_of_a_merged_patient_go_along() -> None:
    more = Example("9.png", "benign", "P2")
    whole = manifest("benign", "malignant", "benign")
    whole = Manifest(whole.root, whole.classes, (*whole.examples, more), "test")
    assert units(together(whole, [("0.png", "2.png")]))["9.png"] == "P0"


def test_one_image_with_two_labels_is_left_out_on_both_sides() -> None:
    found = together(manifest("benign", "malignant", "benign", "malignant"), [("0.png", "1.png")])
    assert list(units(found)) == ["2.png", "3.png"]
    assert found.problems == (
        Problem("0.png", "duplicate", "'benign', and 1.png shows the same with another label; not used"),
        Problem("1.png", "duplicate", "'malignant', and 0.png shows the same with another label; not used"),
    )


def test_pairs_of_images_that_are_not_there_say_nothing() -> None:
    whole = manifest("benign", "malignant")
    assert taken_together(whole, [("0.png", "gone.png")]) == (whole, 0)


def test_patients_keep_their_names_and_only_those_that_share_an_image_are_a_group() -> None:
    found, held = taken_together(manifest("benign", "malignant", "benign"), [("2.png", "0.png"), ("1.png", "gone")])
    assert held == 1
    assert [(example.patient, example.group) for example in found.examples] == [("P0", "P0"), ("P1", ""), ("P2", "P0")]


def test_two_images_of_one_patient_make_no_group() -> None:
    whole = manifest("benign", "malignant")
    again = Manifest(whole.root, whole.classes, (*whole.examples, Example("9.png", "benign", "P0")), "test")
    assert taken_together(again, [("0.png", "9.png")]) == (again, 1)


def test_lesion_crops_of_an_audit_name_their_images() -> None:
    found, held = taken_together(manifest("benign", "malignant", "benign"), [("0.png#1", "2.png#3")])
    assert held == 1
    assert units(found) == {"0.png": "P0", "1.png": "P1", "2.png": "P0"}


def test_a_lesion_is_known_by_its_own_name_first() -> None:
    lesions = tuple(Example("a.png", "benign", "P0", lesion=str(n)) for n in (1, 2))
    others = (Example("b.png", "malignant", "P1"), Example("c.png", "benign", "P2"))
    whole = Manifest(Path("collection"), ("benign", "malignant"), (*lesions, *others), "test")
    found = together(whole, [("a.png#2", "c.png")])
    assert [example.unit for example in found.examples] == ["P0", "P0", "P1", "P0"]


def test_pairs_are_read_from_the_audits_table(tmp_path: Path) -> None:
    (tmp_path / "duplicates.csv").write_text("kind,file,other\nsame bytes,a.png,b.png\n")
    assert read_pairs(tmp_path / "duplicates.csv") == [("a.png", "b.png")]


def test_a_pair_of_two_datasets_is_not_taken_for_one_of_this_collection(tmp_path: Path) -> None:
    rows = ("a.png,b.png,data,data", "a.png,c.png,data,external")
    (tmp_path / "t.csv").write_text("\n".join(("file,other,data,other_data", *rows)) + "\n")
    assert read_pairs(tmp_path / "t.csv") == [("a.png", "b.png")]


@pytest.mark.parametrize(("columns", "missing"), [("file,twin", "other"), ("other,twin", "file")])
def test_another_table_is_refused(columns: str, missing: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"{columns}\na,b\n")
    with pytest.raises(MammoError, match=rf"column '{missing}' is missing; expected duplicates.csv of"):
        read_pairs(tmp_path / "t.csv")


def test_pairs_add_to_groups_that_are_known_already() -> None:
    whole = manifest("benign", "malignant", "benign", "benign")
    known = tuple(replace(e, group="P0") if e.patient in ("P0", "P2") else e for e in whole.examples)
    found = together(replace(whole, examples=known), [("2.png", "3.png")])
    assert units(found) == {"0.png": "P0", "1.png": "P1", "2.png": "P0", "3.png": "P0"}


def test_a_patient_of_two_groups_or_of_none_in_some_rows_is_in_one() -> None:
    groups = ("A", "", "B", "")
    rows = [Example(f"{i}.png", "benign", "P1", group=group) for i, group in enumerate(groups)]
    others = [Example("b.png", "benign", "P2", group="B"), Example("c.png", "benign", "P3")]
    assert [example.unit for example in grouped([*rows, *others])] == ["A"] * 5 + ["P3"]

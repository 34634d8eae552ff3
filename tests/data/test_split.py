from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tflite_mammo.data.manifest import PARTS, Example, Manifest
from tflite_mammo.data.split import Split, fold_by_patient, official_folds, official_split, split_by_patient
from tflite_mammo.errors import MammoError

SHARES = (0.7, 0.15, 0.15)


def manifest(*examples: Example) -> Manifest:
    return Manifest(Path("collection"), ("benign", "malignant"), examples, "test")


def patients(benign: int, malignant: int, part: str = "", prefix: str = "") -> list[Example]:
    """Two images of each patient; a malignant patient has a benign image as well."""
    labels = ["benign"] * benign + ["malignant"] * malignant
    return [
        Example(f"{prefix}{number}_{view}.png", label if view else "benign", f"{prefix}{number}", part=part)
        for number, label in enumerate(labels)
        for view in (0, 1)
    ]


def malignant_in(examples: Sequence[Example], names: frozenset[str]) -> int:
    return len({e.patient for e in examples if e.patient in names and e.label == "malignant"})


def test_a_split_that_shares_a_patient_cannot_be_made() -> None:
    with pytest.raises(MammoError, match="patient P2 would be in train and in test; a patient's images must all lie"):
        Split(frozenset({"P1", "P2"}), frozenset({"P3"}), frozenset({"P2"}))


def test_several_shared_patients_are_counted() -> None:
    with pytest.raises(MammoError, match="patient P1 and 2 more would be in train and in validation"):
        Split(frozenset({"P1", "P2", "P3"}), frozenset({"P3", "P2", "P1"}), frozenset())


def test_validation_and_test_may_not_share_a_patient_either() -> None:
    with pytest.raises(MammoError, match="patient P1 would be in validation and in test"):
        Split(frozenset(), frozenset({"P1"}), frozenset({"P1"}))


def test_a_split_knows_the_part_of_a_patient() -> None:
    split = Split(frozenset({"a"}), frozenset({"b"}), frozenset({"c"}))
    assert [split.part_of(patient) for patient in "abc"] == list(PARTS)


@pytest.mark.parametrize("seed", range(30))
def test_every_patient_lies_in_exactly_one_part(seed: int) -> None:
    examples = patients(31, 23)
    split = split_by_patient(manifest(*examples), SHARES, seed)
    assert sorted([*split.train, *split.validation, *split.test]) == sorted({e.patient for e in examples})


@pytest.mark.parametrize("shares", [(0.7, 0.15, 0.15), (0.5, 0.25, 0.25), (0.8, 0.2, 0.0)])
def test_shares_are_those_of_the_patients(shares: tuple[float, float, float]) -> None:
    split = split_by_patient(manifest(*patients(60, 40)), shares, 0)
    assert [len(getattr(split, name)) for name in PARTS] == [round(100 * share) for share in shares]


@pytest.mark.parametrize("seed", range(5))
def test_every_part_holds_its_share_of_malignant_patients(seed: int) -> None:
    examples = patients(60, 40)
    split = split_by_patient(manifest(*examples), SHARES, seed)
    assert [malignant_in(examples, getattr(split, name)) for name in PARTS] == [28, 6, 6]


def test_the_same_seed_gives_the_same_split_and_another_seed_another() -> None:
    whole = manifest(*patients(20, 20))
    assert split_by_patient(whole, SHARES, 3) == split_by_patient(whole, SHARES, 3)
    assert split_by_patient(whole, SHARES, 3) != split_by_patient(whole, SHARES, 4)


def test_the_order_of_the_examples_makes_no_difference() -> None:
    examples = patients(20, 20)
    turned = manifest(*reversed(examples))
    assert split_by_patient(turned, SHARES, 3) == split_by_patient(manifest(*examples), SHARES, 3)


def test_too_few_patients_of_a_class_are_an_error() -> None:
    with pytest.raises(MammoError, match="the test part would hold no 'malignant' image; there are too few"):
        split_by_patient(manifest(*patients(30, 2)), SHARES, 0)


def test_a_part_without_a_share_needs_no_class() -> None:
    assert split_by_patient(manifest(*patients(10, 10)), (0.5, 0.5, 0.0), 0).test == frozenset()


@pytest.mark.parametrize("shares", [(0.7, 0.2, 0.2), (1.2, -0.1, -0.1), (0.5, 0.2, 0.2)])
def test_shares_that_are_no_shares_are_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(MammoError, match=r"split .*/.*/.*; expected three shares that add up to 100"):
        split_by_patient(manifest(*patients(10, 10)), shares, 0)


def test_the_owners_split_is_kept() -> None:
    examples = [
        *patients(2, 2, "train", "a"), *patients(1, 1, "validation", "b"), *patients(1, 1, "test", "c"),
    ]  # fmt: skip
    split = official_split(manifest(*examples), 0)
    assert split == Split(frozenset({"a0", "a1", "a2", "a3"}), frozenset({"b0", "b1"}), frozenset({"c0", "c1"}))


def test_without_an_official_validation_part_a_sixth_of_the_training_patients_become_it() -> None:
    examples = [*patients(36, 24, "train", "a"), *patients(5, 5, "test", "c")]
    split = official_split(manifest(*examples), 0)
    assert [len(getattr(split, name)) for name in PARTS] == [50, 10, 10]
    assert all(patient.startswith("a") for patient in split.validation)
    assert malignant_in(examples, split.validation) == 4


@pytest.mark.parametrize(("part", "missing"), [("train", "test"), ("test", "train"), ("", "train")])
def test_an_official_split_needs_both_training_and_test(part: str, missing: str) -> None:
    with pytest.raises(MammoError, match=f"its own split has no {missing} part; use --split 70/15/15 instead"):
        official_split(manifest(*patients(10, 10, part)), 0)


@pytest.mark.parametrize("between", [(), patients(2, 2, "validation", "v")])
def test_an_official_split_that_shares_a_patient_is_refused(between: list[Example]) -> None:
    again = [replace(example, file=f"test-{example.file}") for example in patients(12, 12, "test")]
    shared = [*patients(12, 12, "train"), *again, *between]
    with pytest.raises(MammoError, match="patient 0 and 23 more would be in train and in test"):
        official_split(manifest(*shared), 0)


def test_an_official_split_must_place_every_patient() -> None:
    known = patients(3, 3, "train", "t") + patients(3, 3, "validation", "v") + patients(3, 3, "test", "e")
    with pytest.raises(MammoError, match="names no part for 2 patients, such as x0"):
        official_split(manifest(*known, *patients(1, 1, "", "x")), seed=0)


def test_an_official_part_without_one_of_the_classes_is_refused() -> None:
    known = patients(3, 3, "train", "t") + patients(3, 3, "validation", "v") + patients(3, 0, "test", "e")
    with pytest.raises(MammoError, match="the test part would hold no 'malignant' image"):
        official_split(manifest(*known), seed=0)


def test_a_collection_that_is_all_test_is_for_judging_alone() -> None:
    split = split_by_patient(manifest(*patients(3, 2)), (0.0, 0.0, 1.0), 0)
    assert [len(getattr(split, name)) for name in PARTS] == [0, 0, 5]


@pytest.mark.parametrize(("count", "seed"), [(3, 0), (5, 0), (5, 1), (10, 2)])
def test_every_patient_is_tested_in_one_fold_and_validates_in_the_one_before(count: int, seed: int) -> None:
    examples = patients(31, 22)
    folds = fold_by_patient(manifest(*examples), count, seed)
    everybody = {example.patient for example in examples}
    assert Counter(patient for fold in folds for patient in fold.test) == dict.fromkeys(everybody, 1)
    assert [fold.validation for fold in folds] == [fold.test for fold in (*folds[1:], folds[0])]
    assert all(fold.train | fold.validation | fold.test == everybody for fold in folds)


def test_folds_differ_by_one_patient_at_most_and_so_do_their_malignant_ones() -> None:
    examples = patients(31, 23)
    tested = [fold.test for fold in fold_by_patient(manifest(*examples), 5, 0)]
    assert sorted(map(len, tested)) == [10, 11, 11, 11, 11]
    assert sorted(malignant_in(examples, names) for names in tested) == [4, 4, 5, 5, 5]


def test_the_same_seed_gives_the_same_folds_and_another_seed_others() -> None:
    whole = manifest(*patients(20, 20))
    assert fold_by_patient(whole, 4, 3) == fold_by_patient(manifest(*reversed(patients(20, 20))), 4, 3)
    assert fold_by_patient(whole, 4, 3) != fold_by_patient(whole, 4, 4)


def test_the_owners_test_part_is_the_test_part_of_every_fold() -> None:
    examples = [*patients(10, 10, "train", "a"), *patients(3, 3, "test", "c")]
    folds = fold_by_patient(manifest(*examples), 2, 0)
    assert {fold.test for fold in folds} == {frozenset(f"c{number}" for number in range(6))}
    assert folds[0].validation | folds[1].validation == {f"a{number}" for number in range(20)}
    assert folds[0].train == folds[1].validation


@pytest.mark.parametrize(("part", "count", "least"), [("", 2, 3), ("", 1, 3), ("test", 1, 2)])
def test_too_few_folds_leave_nothing_to_train_on(part: str, count: int, least: int) -> None:
    examples = [*patients(10, 10, "", "a"), *patients(3, 3, part, "c")]
    with pytest.raises(MammoError, match=f"{count} folds; expected {least} or more, so that each has a part to train"):
        fold_by_patient(manifest(*examples), count, 0)


def test_a_fold_without_one_of_the_classes_is_named() -> None:
    with pytest.raises(
        MammoError, match=r"the (train|validation|test) part of fold \d would hold no 'malignant' image"
    ):
        fold_by_patient(manifest(*patients(20, 2)), 4, 0)


def with_folds(examples: list[Example], *folds: str) -> list[Example]:
    return [replace(example, folds=folds) for example in examples]


def test_the_owners_folds_are_kept() -> None:
    groups = {"a": ("train", "test"), "b": ("validation", "train"), "c": ("test", "validation")}
    examples = [e for prefix, folds in groups.items() for e in with_folds(patients(1, 1, "", prefix), *folds)]
    one, two, three = (frozenset({f"{prefix}0", f"{prefix}1"}) for prefix in groups)
    assert official_folds(manifest(*examples), 0) == (Split(one, two, three), Split(two, three, one))


def test_the_owners_folds_get_a_validation_part_where_they_have_none() -> None:
    groups = {"a": ("train", "test"), "b": ("test", "train")}
    examples = [e for prefix, folds in groups.items() for e in with_folds(patients(12, 12, "", prefix), *folds)]
    folds = official_folds(manifest(*examples), 0)
    assert [(len(fold.train), len(fold.validation), len(fold.test)) for fold in folds] == [(20, 4, 24)] * 2
    assert folds[0].validation <= folds[1].test


def test_a_fold_of_the_owners_that_shares_a_patient_is_refused() -> None:
    known = with_folds(patients(12, 12, "", "a"), "train") + with_folds(patients(12, 12, "", "b"), "test")
    leaking = replace(known[0], file="again.png", folds=("test",))
    with pytest.raises(MammoError, match="patient a0 would be in train and in test"):
        official_folds(manifest(*known, leaking), 0)

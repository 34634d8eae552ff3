"""Where each image is put before any is read, and what is checked after."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.manifest import Example, Manifest, Problem
from tflite_mammo.data.prepare import PreparePlan, placed, prepare
from tflite_mammo.errors import MammoError
from tflite_mammo.preprocess import PreprocessSpec

DRAWN = PreparePlan("csv", PreprocessSpec(height=16, width=12), (0.5, 0.25, 0.25))
OFFICIAL = replace(DRAWN, split="official")
PARTS = ("train", "train", "validation", "test")
NO_PART = "its own split names no part for it"


def manifest(*more: Example, root: Path = Path("collection"), turned: bool = False) -> Manifest:
    """16 patients, two of each class in every part of their owners; with `turned` in two folds."""
    examples = []
    for number in range(16):
        part, next_part = (PARTS[(number // 2 + turn) % 4] for turn in (0, 1))
        placing = {"folds": (part, next_part)} if turned else {"part": part}
        label = "malignant" if number % 2 else "benign"
        examples.append(Example(f"{number:02d}.png", label, f"P{number:02d}", **placing))  # type: ignore[arg-type]
    return Manifest(root, ("benign", "malignant"), (*examples, *more), "test")


@pytest.fixture
def drawn(tmp_path: Path) -> Callable[..., Manifest]:
    """A manifest whose images are there."""

    def draw(*more: Example, turned: bool = False) -> Manifest:
        found = manifest(*more, root=tmp_path / "collection", turned=turned)
        found.root.mkdir()
        for number, example in enumerate(found.examples):
            image = np.full((24, 18), 40 + 8 * number, np.uint8)
            Image.fromarray(image).save(found.root / example.file)
        return found

    return draw


def test_a_drawn_split_gives_each_image_its_part() -> None:
    found = placed(manifest(), DRAWN)
    assert [sum(e.part == part for e in found.examples) for part in ("train", "validation", "test")] == [8, 4, 4]
    assert {example.folds for example in found.examples} == {()}


def test_folds_give_each_image_its_part_in_each() -> None:
    found = placed(manifest(), replace(DRAWN, folds=4))
    assert {(example.part, len(example.folds)) for example in found.examples} == {("", 4)}
    assert [sum(e.folds[number] == "test" for e in found.examples) for number in range(4)] == [4, 4, 4, 4]


@pytest.mark.parametrize("plan", [DRAWN, replace(DRAWN, folds=3)])
@pytest.mark.parametrize("seed", range(5))
def test_a_group_is_never_parted(plan: PreparePlan, seed: int) -> None:
    whole = manifest()
    examples = tuple(replace(e, group=f"G{number // 4}") for number, e in enumerate(whole.examples))
    many = tuple(
        replace(e, file=f"{k}{e.file}", patient=f"{k}{e.patient}", group=k + e.group) for k in "abc" for e in examples
    )
    found = placed(replace(whole, examples=many), replace(plan, seed=seed)).examples
    assert len({(example.group, example.part, example.folds) for example in found}) == 12


def test_an_image_without_a_part_is_left_out_of_the_owners_split_and_told() -> None:
    found = placed(manifest(Example("x.png", "benign", "P00")), OFFICIAL)
    assert [example.file for example in found.examples] == [f"{number:02d}.png" for number in range(16)]
    assert found.problems == (Problem("x.png", "left out", NO_PART),)


def test_an_image_without_a_part_is_used_where_the_split_is_drawn() -> None:
    found = placed(manifest(Example("x.png", "benign", "P00")), DRAWN)
    assert (len(found.examples), found.problems) == (17, ())


def test_an_image_of_an_empty_fold_is_not_in_that_fold() -> None:
    found = placed(manifest(Example("x.png", "benign", "P00", folds=("", "train")), turned=True), OFFICIAL)
    assert found.examples[-1].folds == ("", "train")
    assert found.problems == ()


def test_a_patient_whom_no_fold_names_is_out_of_all() -> None:
    found = placed(manifest(Example("x.png", "benign", "X", folds=("", "")), turned=True), OFFICIAL)
    assert "X" not in {example.patient for example in found.examples}
    assert found.problems == (Problem("x.png", "left out", NO_PART),)


def test_what_is_wrong_with_a_fold_of_the_owners_names_it() -> None:
    leaking = Example("x.png", "benign", "P00", folds=("train", "test"))
    with pytest.raises(MammoError, match="fold 2 of its owners: patient P00 would be in train and in test"):
        placed(manifest(leaking, turned=True), OFFICIAL)


@pytest.mark.parametrize(("turned", "what"), [(False, "no test part of its own"), (True, "folds of its own")])
def test_folds_around_the_owners_test_part_need_one(turned: bool, what: str) -> None:
    whole = manifest(turned=turned)
    without = tuple(replace(e, part="train" if e.part else "") for e in whole.examples)
    with pytest.raises(MammoError, match=f"collection has {what}; leave --folds or --split official away"):
        placed(replace(whole, examples=without), replace(OFFICIAL, folds=3))


def test_what_is_left_out_is_in_the_folder_too(drawn, tmp_path: Path) -> None:
    data = prepare(drawn(Example("x.png", "benign", "P00")), tmp_path / "out", OFFICIAL, workers=1)
    assert (data.info.images, data.info.problems) == (16, {"left out": 1})
    assert "x.png,left out," in (tmp_path / "out/problems.csv").read_text(encoding="utf-8")


def test_a_class_that_one_fold_lost_is_named_with_the_fold_and_the_first_problem(drawn, tmp_path: Path) -> None:
    whole = drawn(turned=True)
    lost = [e.file for e in whole.examples if e.label == "malignant" and e.folds[1] == "validation"]
    for file in lost:
        (whole.root / file).write_text("no image")
    message = (
        rf"no 'malignant' image of the (test|validation) part of fold \d could be read; the first problem: {lost[0]}"
    )
    with pytest.raises(MammoError, match=message):
        prepare(whole, tmp_path / "out", OFFICIAL, workers=1)
    assert not (tmp_path / "out").exists()


def test_a_class_that_a_part_never_had_is_named_though_every_file_was_read(drawn, tmp_path: Path) -> None:
    # Her malignant image counts for her part of the split, but is in no part itself.
    whole = drawn()
    examples = tuple(
        replace(e, patient=f"P{number - 1:02d}", part="") if e.part == "test" and e.label == "malignant" else e
        for number, e in enumerate(whole.examples)
    )
    with pytest.raises(MammoError, match=r"no 'malignant' image of the test part could be read$"):
        prepare(replace(whole, examples=examples), tmp_path / "out", OFFICIAL, workers=1)


def test_groups_are_a_column_of_the_manifest_and_the_split_goes_by_them(drawn, tmp_path: Path) -> None:
    whole = drawn()
    examples = tuple(replace(e, group="P00") if e.patient in ("P00", "P02") else e for e in whole.examples)
    data = prepare(replace(whole, examples=examples), tmp_path / "out", DRAWN, workers=1)
    again = Dataset(data.folder)
    assert [(e.patient, e.group) for e in again.examples if e.group] == [("P00", "P00"), ("P02", "P00")]
    assert len(again.split.train | again.split.validation | again.split.test) == 15
    assert (
        (data.folder / "manifest.csv").read_text(encoding="utf-8").startswith("row,file,lesion,label,patient,same_as,")
    )


def test_a_dataset_that_cannot_be_opened_is_not_put_in_place(drawn, tmp_path: Path, monkeypatch) -> None:
    def damaged(path: Path, examples: list[Example]) -> None:
        path.write_text("file,label\n", encoding="utf-8")

    monkeypatch.setattr("tflite_mammo.data.prepare.write_manifest", damaged)
    with pytest.raises(MammoError, match="column 'patient' is missing"):
        prepare(drawn(), tmp_path / "out", DRAWN, workers=1)
    assert not (tmp_path / "out").exists()


def test_a_hidden_folder_that_holds_somebodys_file_is_refused_and_the_file_kept(drawn, tmp_path: Path) -> None:
    (tmp_path / ".out.partial").mkdir()
    (tmp_path / ".out.partial" / "thesis.txt").write_text("mine")
    with pytest.raises(MammoError, match=r"holds thesis.txt, which prepare did not write; take it away"):
        prepare(drawn(), tmp_path / "out", DRAWN, workers=1)
    assert (tmp_path / ".out.partial" / "thesis.txt").read_text() == "mine"


def test_a_collection_may_be_named_from_where_one_is(drawn, tmp_path: Path, monkeypatch) -> None:
    whole = drawn()
    roots: list[Path] = []

    def read(function, items, *_: object, **__: object):
        roots.append(function.keywords["root"])
        return map(function, items)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tflite_mammo.data.prepare.map_ordered", read)
    data = prepare(replace(whole, root=Path("collection")), Path("out"), DRAWN, workers=1)
    assert (data.info.images, roots) == (16, [whole.root.resolve()])


@pytest.mark.parametrize("content", ["width\n1\n", "width,height,file_bytes,brightness,border\n1,2,3,4,5\n", ""])
def test_cues_that_were_changed_are_refused(content: str, drawn, tmp_path: Path) -> None:
    data = prepare(drawn(), tmp_path / "out", DRAWN, workers=1)
    (data.folder / "cues.csv").write_text(content, encoding="utf-8")
    with pytest.raises(MammoError, match=r"cues.csv was changed after it was prepared; prepare the images again"):
        _ = Dataset(data.folder).cues


def test_a_cue_that_is_no_number_is_refused(drawn, tmp_path: Path) -> None:
    data = prepare(drawn(), tmp_path / "out", DRAWN, workers=1)
    cues = data.folder / "cues.csv"
    cues.write_text(cues.read_text(encoding="utf-8").replace("18", "wide", 1), encoding="utf-8")
    with pytest.raises(MammoError, match=r"cues.csv was changed after it was prepared"):
        _ = Dataset(data.folder).cues

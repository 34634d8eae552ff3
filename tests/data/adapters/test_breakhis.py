from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.manifest import Example, Manifest
from tflite_mammo.errors import MammoError

TREE = "BreaKHis_v1/histology_slides/breast"
IMAGES = (
    "SOB_B_A-14-22549AB-40-001",
    "SOB_B_A-14-22549CD-200-001",
    "SOB_B_TA-14-3411F-400-012",
    "SOB_M_DC-14-13412-100-001",
    "SOB_M_LC-14-13412-100-001",
    "SOB_M_PC-15-190EF-100-003",
)


def write_slides(root: Path, *names: str) -> Path:
    """The authors' tree, with empty files: only their names are read."""
    for name in names:
        kind, year, slide, magnification, _ = name.split("-")
        folder = root / TREE / ("benign" if "_B_" in name else "malignant") / "SOB" / f"{kind}_{year}-{slide}"
        (folder / f"{magnification}X").mkdir(parents=True, exist_ok=True)
        (folder / f"{magnification}X" / f"{name}.png").touch()
    return root


def write_fold(root: Path, number: int, *parts: str, names: tuple[str, ...] = IMAGES) -> None:
    root.mkdir(exist_ok=True)
    lines = [f"{name}.png|{name.split('-')[3]}|{number}|{part}" for name, part in zip(names, parts, strict=True)]
    (root / f"dsfold{number}.txt").write_text("\n".join(lines) + "\n")


def read(root: Path) -> Manifest:
    return read_collection(root, "breakhis", AdapterOptions())


def parts_in(found: Manifest, fold: int) -> dict[str, str]:
    return {Path(e.file).stem: e.folds[fold - 1] for e in found.examples}


def test_an_image_is_known_by_its_name(tmp_path: Path) -> None:
    found = read(write_slides(tmp_path, *IMAGES))
    assert (found.classes, found.problems) == (("benign", "malignant"), ())
    assert found.examples[0] == Example(
        f"{TREE}/benign/SOB/SOB_B_A_14-22549AB/40X/SOB_B_A-14-22549AB-40-001.png",
        "benign",
        "14-22549",
        more={"tumour": "adenosis", "magnification": "40", "slide": "A-14-22549AB"},
    )
    assert Counter(e.label for e in found.examples) == {"benign": 3, "malignant": 3}


def test_the_slides_of_a_case_are_one_patient_whatever_the_tumour(tmp_path: Path) -> None:
    found = read(write_slides(tmp_path, *IMAGES))
    assert Counter(e.patient for e in found.examples) == {"14-22549": 2, "14-3411": 1, "14-13412": 2, "15-190": 1}
    assert {e.more["slide"] for e in found.examples if e.patient == "14-13412"} == {"DC-14-13412", "LC-14-13412"}


def test_images_may_lie_in_one_flat_folder(tmp_path: Path) -> None:
    for name in IMAGES:
        (tmp_path / f"{name}.png").touch()
    assert [e.file for e in read(tmp_path).examples] == sorted(f"{name}.png" for name in IMAGES)


def test_an_image_named_otherwise_is_a_problem(tmp_path: Path) -> None:
    write_slides(tmp_path, *IMAGES)
    for name in ("overview.png", "SOB_B_XX-14-1-40-001.png", "SOB_M_DC-14-1-50-001.png"):
        (tmp_path / name).touch()
    found = read(tmp_path)
    assert {p.file for p in found.problems} == {
        "overview.png", "SOB_B_XX-14-1-40-001.png", "SOB_M_DC-14-1-50-001.png",
    }  # fmt: skip
    assert {p.reason for p in found.problems} == {"not named as the collection's are, SOB_B_TA-14-4659-40-001.png"}


def test_copies_that_lie_in_folders_of_the_folds_are_told_once(tmp_path: Path) -> None:
    write_slides(tmp_path, *IMAGES)
    for name in IMAGES[:2]:
        (tmp_path / "fold1").mkdir(exist_ok=True)
        (tmp_path / "fold1" / f"{name}.png").touch()
    found = read(tmp_path)
    assert len(found.examples) == 6
    assert [(p.kind, p.reason) for p in found.problems] == [
        ("duplicate", "named as another image is; that one is used")
    ] * 2


def test_the_authors_folds_tell_the_part_in_each(tmp_path: Path) -> None:
    write_slides(tmp_path, *IMAGES)
    for number in range(1, 6):
        benign, malignant = ("test", "train") if number % 2 else ("train", "test")
        write_fold(tmp_path / "folds", number, *[benign] * 2, "train", *[malignant] * 2, "train")
    folds = {Path(e.file).stem: e.folds for e in read(tmp_path).examples}
    assert folds[IMAGES[0]] == folds[IMAGES[1]] == ("test", "train", "test", "train", "test")
    assert folds[IMAGES[3]] == ("train", "test", "train", "test", "train")
    assert folds[IMAGES[2]] == ("train",) * 5


def test_a_case_on_both_sides_of_a_fold_is_only_tested(tmp_path: Path) -> None:
    write_slides(tmp_path, *IMAGES)
    for number in range(1, 6):
        write_fold(tmp_path, number, "train", "train", "test", "train", "test", "train")
    found = read(tmp_path)
    assert parts_in(found, 1)["SOB_M_LC-14-13412-100-001"] == "test"
    assert parts_in(found, 1)["SOB_M_DC-14-13412-100-001"] == ""
    assert (found.problems[0].file, found.problems[0].kind, found.problems[0].reason) == (
        "dsfold1.txt", "left out", "patient 14-13412 is in train and in test; her 1 images of train are left out",
    )  # fmt: skip


def test_without_fold_files_there_are_no_folds(tmp_path: Path) -> None:
    assert {e.folds for e in read(write_slides(tmp_path, *IMAGES)).examples} == {()}


def test_a_fold_that_is_not_here_keeps_its_place_empty(tmp_path: Path) -> None:
    write_slides(tmp_path, *IMAGES)
    write_fold(tmp_path, 2, *["train"] * 3, *["test"] * 3)
    found = read(tmp_path)
    assert found.examples[0].folds == ("", "train", "", "", "")
    assert [p.file for p in found.problems] == [f"dsfold{number}.txt" for number in (1, 3, 4, 5)]
    assert found.problems[0].reason == "not here, though other folds are; the fold is empty"


def test_a_line_of_a_fold_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    write_slides(tmp_path, *IMAGES)
    for number in range(1, 6):
        write_fold(tmp_path, number, *["train"] * 3, *["test"] * 3)
    with (tmp_path / "dsfold3.txt").open("a") as fold:
        fold.write("\nSOB_B_A-14-22549AB-40-001.png|40|3|valid\n")
    assert [(p.file, p.reason) for p in read(tmp_path).problems] == [
        (
            "dsfold3.txt",
            "line 8: 'SOB_B_A-14-22549AB-40-001.png|40|3|valid'; expected name|magnification|fold|train or test",
        )
    ]


def test_images_of_a_fold_that_are_not_here_are_told_once(tmp_path: Path) -> None:
    write_slides(tmp_path, *IMAGES[1:4])
    for number in range(1, 6):
        write_fold(tmp_path, number, *["train"] * 3, *["test"] * 3)
    found = read(tmp_path)
    assert [p.reason for p in found.problems[::3]] == [
        f"stands in dsfold{number}.txt, but is not there" for number in range(1, 6)
    ]


def test_an_image_that_a_fold_does_not_name_is_told(tmp_path: Path) -> None:
    write_slides(tmp_path, *IMAGES)
    for number in range(1, 6):
        names = IMAGES[1:] if number == 2 else IMAGES
        write_fold(tmp_path, number, *(["train"] * 3 + ["test"] * 3)[-len(names) :], names=names)
    found = read(tmp_path)
    assert [(p.file, p.kind, p.reason) for p in found.problems] == [
        (IMAGES[0], "left out", "no line of dsfold2.txt names it; it is not used in that fold")
    ]
    assert found.examples[0].folds == ("train", "", "train", "train", "train")


def test_a_folder_without_such_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.png").touch()
    with pytest.raises(MammoError, match=r"no image is named like SOB_B_TA-14-4659-40-001.png; is this the folder tha"):
        read(tmp_path)


def test_the_sample_of_real_tiles_is_read(sample: Callable[[str], Path]) -> None:
    found = read(sample("breakhis"))
    assert Counter(e.label for e in found.examples) == {"benign": 8, "malignant": 8}
    assert len({e.patient for e in found.examples}) == 12
    assert found.problems == ()

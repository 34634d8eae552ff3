from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.adapters.busi import read
from tflite_mammo.data.manifest import Example
from tflite_mammo.data.phantoms.draw import draw_patient
from tflite_mammo.errors import MammoError

IMAGES = ("benign/benign (1)", "benign/benign (2)", "malignant/malignant (1)", "normal/normal (1)")


def write_scans(root: Path, *names: str) -> Path:
    """Each another drawing, with a mask that is light where its first lesion lies."""
    for number, name in enumerate(names):
        view = next(view for view in draw_patient(number, 7, 96, 0.5) if view.box)
        left, top, right, bottom = view.box or (0, 0, 0, 0)
        mask = np.zeros(view.pixels.shape, np.uint8)
        mask[top:bottom, left:right] = 255
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((view.pixels >> 4).astype(np.uint8)).save(root / f"{name}.png")
        Image.fromarray(mask).save(root / f"{name}_mask.png")
    return root


def test_each_lesion_is_told_by_its_mask(tmp_path: Path) -> None:
    found = read(write_scans(tmp_path, *IMAGES), AdapterOptions())
    assert (found.classes, found.problems) == (("normal", "benign", "malignant"), ())
    assert found.examples[1] == Example(
        "benign/benign (2).png", "benign", "benign/benign (2).png", lesion="1", mask="benign/benign (2)_mask.png"
    )
    assert Counter(e.label for e in found.examples) == {"benign": 2, "malignant": 1, "normal": 1}


def test_a_normal_image_has_no_lesion_though_a_mask_lies_beside_it(tmp_path: Path) -> None:
    found = read(write_scans(tmp_path, *IMAGES), AdapterOptions())
    (normal,) = [e for e in found.examples if e.label == "normal"]
    assert (normal.file, normal.lesion, normal.mask) == ("normal/normal (1).png", "", "")


def test_several_masks_are_several_lesions_in_their_order(tmp_path: Path) -> None:
    write_scans(tmp_path, *IMAGES)
    for number in (10, 2, 1):
        (tmp_path / f"benign/benign (1)_mask_{number}.png").touch()
    lesions = [e for e in read(tmp_path, AdapterOptions()).examples if e.file == "benign/benign (1).png"]
    assert [(e.lesion, e.mask.removeprefix("benign/benign (1)_")) for e in lesions] == [
        ("1", "mask.png"), ("2", "mask_1.png"), ("3", "mask_2.png"), ("4", "mask_10.png"),
    ]  # fmt: skip
    whole = read_collection(tmp_path, "busi", AdapterOptions())
    assert whole.examples[0].name == "benign/benign (1).png"
    assert len(whole.examples) == 4
    assert len(read_collection(tmp_path, "busi", AdapterOptions(), lesions=True).examples) == 6


def test_images_without_masks_are_used_whole(tmp_path: Path) -> None:
    write_scans(tmp_path, *IMAGES)
    for mask in tmp_path.rglob("*_mask.png"):
        mask.unlink()
    assert {(e.lesion, e.mask) for e in read(tmp_path, AdapterOptions()).examples} == {("", "")}


def test_the_folder_above_is_read_as_well(tmp_path: Path) -> None:
    write_scans(tmp_path / "Dataset_BUSI_with_GT", *IMAGES)
    example = read(tmp_path, AdapterOptions()).examples[0]
    assert example.file == "Dataset_BUSI_with_GT/benign/benign (1).png"
    assert (example.label, example.mask) == ("benign", "Dataset_BUSI_with_GT/benign/benign (1)_mask.png")


def test_a_mask_without_its_image_is_a_problem(tmp_path: Path) -> None:
    write_scans(tmp_path, *IMAGES)
    (tmp_path / "benign/benign (1).png").unlink()
    assert [(p.file, p.reason) for p in read(tmp_path, AdapterOptions()).problems] == [
        ("benign/benign (1)_mask.png", "a mask, and its image 'benign (1)' is not beside it")
    ]


def test_the_same_file_twice_is_one_patient(tmp_path: Path) -> None:
    write_scans(tmp_path, *IMAGES)
    (tmp_path / "benign/benign (3).png").write_bytes((tmp_path / "benign/benign (2).png").read_bytes())
    found = read(tmp_path, AdapterOptions())
    assert [e.patient for e in found.examples[:3]] == ["benign/benign (1).png", *["benign/benign (2).png"] * 2]
    assert found.problems == ()


def test_the_same_file_in_two_classes_is_used_in_neither(tmp_path: Path) -> None:
    write_scans(tmp_path, *IMAGES)
    (tmp_path / "malignant/malignant (2).png").write_bytes((tmp_path / "benign/benign (2).png").read_bytes())
    found = read(tmp_path, AdapterOptions())
    assert not {"benign/benign (2).png", "malignant/malignant (2).png"} & {e.file for e in found.examples}
    assert [(p.file, p.kind, p.reason) for p in found.problems] == [
        (file, "duplicate", f"the same file as {other}, of another class; none is used")
        for file, other in (
            ("benign/benign (2).png", "malignant/malignant (2).png"),
            ("malignant/malignant (2).png", "benign/benign (2).png"),
        )
    ]


def test_a_copy_in_another_format_is_no_other_patient(tmp_path: Path) -> None:
    write_scans(tmp_path, *IMAGES)
    with Image.open(tmp_path / "benign/benign (1).png") as image:
        image.save(tmp_path / "benign/benign (1).jpg")
    found = read(tmp_path, AdapterOptions())
    assert found.examples[0].mask == "benign/benign (1)_mask.png"
    assert [(p.file, p.kind) for p in found.problems] == [("benign/benign (1).png", "duplicate")]
    assert len(found.examples) == 4


def test_a_file_that_may_not_be_read_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_scans(tmp_path, *IMAGES)
    plain = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "benign (1).png":
            raise PermissionError(13, "Permission denied")
        return plain(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    (problem,) = read(tmp_path, AdapterOptions()).problems
    assert (problem.file, problem.kind, problem.reason) == ("benign/benign (1).png", "unreadable", "Permission denied")


@pytest.mark.parametrize("label", ["benign", "malignant"])
def test_a_missing_class_folder_is_named(label: str, tmp_path: Path) -> None:
    write_scans(tmp_path, *(name for name in IMAGES if not name.startswith(label)))
    with pytest.raises(MammoError, match=f"the folder {label}/ is missing; is this the folder that holds the collect"):
        read(tmp_path, AdapterOptions())


def test_a_set_without_normal_images_has_two_classes(tmp_path: Path) -> None:
    assert read(write_scans(tmp_path, *IMAGES[:3]), AdapterOptions()).classes == ("benign", "malignant")


def test_the_real_images_hold_one_scan_in_both_classes(sample: Callable[[str], Path]) -> None:
    found = read(sample("busi"), AdapterOptions())
    assert Counter(e.label for e in found.examples) == {"benign": 436, "malignant": 209, "normal": 133}
    assert len({e.patient for e in found.examples}) == 778
    assert {p.file for p in found.problems} == {"benign/benign (433).png", "malignant/malignant (145).png"}

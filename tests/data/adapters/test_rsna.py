from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.manifest import Example, Manifest
from tflite_mammo.data.phantoms.dicom import write_dicom
from tflite_mammo.data.phantoms.draw import draw_patient
from tflite_mammo.errors import MammoError
from tflite_mammo.imaging import read_pixels

COLUMNS = (
    "site_id,patient_id,image_id,laterality,view,age,cancer,biopsy,invasive,BIRADS,implant,density,machine_id,"
    "difficult_negative_case"
)
ROWS = (
    "2,10006,462822612,L,CC,61.0,0,0,0,,0,,29,False",
    "2,10006,1459541791,L,MLO,61.0,0,0,0,,0,,29,False",
    "1,10130,388811999,R,MLO,71.0,1,1,1,0.0,0,B,49,True",
)
FILES = ("10006/462822612.dcm", "10006/1459541791.dcm", "10130/388811999.dcm")


def read(root: Path, *rows: str, files: tuple[str, ...] = FILES, columns: str = COLUMNS) -> Manifest:
    (root / "train.csv").write_text("\n".join([columns, *rows]) + "\n")
    for name in files:
        (root / "train_images" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "train_images" / name).touch()
    return read_collection(root, "rsna", AdapterOptions())


def test_each_row_tells_an_image(tmp_path: Path) -> None:
    found = read(tmp_path, *ROWS)
    assert (found.classes, found.problems) == (("no cancer", "cancer"), ())
    assert found.examples[2] == Example(
        "train_images/10130/388811999.dcm", "cancer", "10130", "right", "MLO",
        more={
            "site_id": "1", "machine_id": "49", "age": "71.0", "density": "B", "implant": "0", "BIRADS": "0.0",
            "biopsy": "1", "invasive": "1", "difficult_negative_case": "True",
        },
    )  # fmt: skip
    assert [(e.label, e.side, e.view) for e in found.examples[:2]] == [
        ("no cancer", "left", "CC"), ("no cancer", "left", "MLO"),
    ]  # fmt: skip


@pytest.mark.parametrize("pattern", ["{}/{}.png", "{}_{}.png", "512/{}_{}.jpg"])
def test_the_usual_copies_in_other_formats_are_found(pattern: str, tmp_path: Path) -> None:
    files = tuple(pattern.format(*name.removesuffix(".dcm").split("/")) for name in FILES)
    assert [e.file for e in read(tmp_path, *ROWS, files=files).examples] == [f"train_images/{file}" for file in files]


def test_the_file_is_the_one_that_the_row_means(tmp_path: Path) -> None:
    read(tmp_path, *ROWS)
    view = draw_patient(1, 1, 96, 0.5)[0]
    write_dicom(tmp_path / "train_images" / FILES[2], view)
    (cancer,) = [e for e in read_collection(tmp_path, "rsna", AdapterOptions()).examples if e.label == "cancer"]
    assert read_pixels(tmp_path / cancer.file).shape == (96, view.pixels.shape[1])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,10130,1,R,MLO,71.0,,1,1,,0,B,49,True", r"cancer ''; expected 0, 1"),
        ("1,10130,1,R,MLO,71.0,2,1,1,,0,B,49,True", r"cancer '2'; expected 0, 1"),
        ("1,10130,1,B,MLO,71.0,1,1,1,,0,B,49,True", r"laterality 'B'; expected L, R, LEFT, RIGHT"),
        ("1,,1,R,MLO,71.0,1,1,1,,0,B,49,True", r"no patient_id; expected one in every row"),
        (
            "1,10130,1,R,MLO,71.0,1,1,1,,0,B,49,True,x",
            r"more cells than the 14 columns; is a comma in one of them not quoted?",
        ),
    ],
)
def test_a_row_that_cannot_be_used_is_a_problem(row: str, reason: str, tmp_path: Path) -> None:
    found = read(tmp_path, *ROWS, row)
    assert len(found.examples) == 3
    (problem,) = found.problems
    assert f"{problem.file}: {problem.reason}".removeprefix("train.csv, line 5: ").endswith(reason)


def test_images_that_are_not_here_are_told(tmp_path: Path) -> None:
    found = read(tmp_path, *ROWS, "1,10130,7,L,CC,71,1,1,1,,0,B,49,True", "1,9,8,L,CC,71,1,1,1,,0,B,49,True")
    assert [(p.file, p.reason) for p in found.problems] == [
        (name, "stands in train.csv, but is not there") for name in ("10130_7", "9_8")
    ]


def test_images_that_the_table_does_not_name_are_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, *ROWS, files=(*FILES, "../test_images/10008/736471439.dcm"))
    assert [(p.file, p.kind, p.reason) for p in found.problems] == [
        ("test_images/10008/736471439.dcm", "left out", "no row of train.csv names it")
    ]


def test_of_an_image_and_its_copy_the_first_is_used(tmp_path: Path) -> None:
    found = read(tmp_path, *ROWS, files=(*FILES, "10006/462822612.png"))
    assert [(p.file, p.kind) for p in found.problems] == [("train_images/10006/462822612.png", "duplicate")]
    assert len(found.examples) == 3


def test_a_bad_rows_image_is_told_once(tmp_path: Path) -> None:
    found = read(tmp_path, *ROWS[:1], ROWS[1].replace("False", "False,x"), ROWS[2])
    reason = "train.csv, line 3: more cells than the 14 columns; is a comma in one of them not quoted?"
    assert [(p.file, p.reason) for p in found.problems] == [("train_images/10006/1459541791.dcm", reason)]


def test_a_table_without_a_needed_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"train.csv: column 'cancer' is missing; found patient_id, image_id, lateral"):
        read(tmp_path, "1,2,L,CC", columns="patient_id,image_id,laterality,view")


def test_a_folder_without_the_table_is_told_its_name(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"train.csv is missing; is this the folder that holds the collection\?"):
        read_collection(tmp_path, "rsna", AdapterOptions())


def test_the_sample_in_class_folders_is_read_by_the_folder_adapter(sample: Callable[[str], Path]) -> None:
    found = read_collection(sample("rsna-subset"), "folder", AdapterOptions(patient=r"/(\d+)_"))
    assert Counter(e.label for e in found.examples) == {"benign": 521, "malignant": 509}
    assert len({e.patient for e in found.examples}) == 309

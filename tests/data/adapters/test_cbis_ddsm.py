import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.manifest import Example, Manifest
from tflite_mammo.data.phantoms.dicom import write_dicom
from tflite_mammo.data.phantoms.draw import PhantomView, draw_patient
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.errors import MammoError
from tflite_mammo.preprocess import PreprocessSpec

VIEW = draw_patient(1, 6, 96, 0.5)[0]
TABLES = ("mass_train", "mass_test", "calc_train", "calc_test")
MASK_SERIES = "study/1.000000-ROI mask images-1"
CROP_SERIES = "study/1.000000-cropped images-1"


def write_image(path: Path, view: PhantomView = VIEW, series: str = "full mammogram images") -> None:
    """As the collection's own headers are: without side and view."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_dicom(path, replace(view, patient=path.parents[2].name))
    header = pydicom.dcmread(path)
    del header.ImageLaterality, header.ViewPosition
    header.SeriesDescription = series
    header.save_as(path)


def cropped(view: PhantomView = VIEW) -> PhantomView:
    return replace(view, pixels=np.ascontiguousarray(view.pixels[:20, :30]))


def add(
    root: Path, table: str, patient: str, pathology: str, *, lesion: int = 1, side: str = "LEFT", files: bool = True
) -> list[str]:
    """A lesion's row, its mammogram, and its mask and crop in one series: the crop first."""
    kind, part = table.split("_")
    folder = f"{kind.capitalize()}-{'Training' if part == 'train' else 'Test'}_{patient}_{side}_CC"
    if files:
        write_image(root / "CBIS-DDSM" / folder / "study/series/1-1.dcm")
        for number, view in enumerate((cropped(), VIEW), start=1):
            path = root / "CBIS-DDSM" / f"{folder}_{lesion}" / MASK_SERIES / f"1-{number}.dcm"
            write_image(path, view, "ROI mask images")
    return [
        patient, "3", side, "CC", str(lesion), "shape", "4", pathology, "2",
        f"{folder}/1.3.6.1/1.3.6.2/000000.dcm",
        f"{folder}_{lesion}/1.3.6.3/1.3.6.4/000001.dcm\n",
        f"{folder}_{lesion}/1.3.6.3/1.3.6.4/000000.dcm",
    ]  # fmt: skip


def write_tables(root: Path, **rows: list[list[str]]) -> Path:
    for name in TABLES:
        kind, part = name.split("_")
        density = "breast_density" if kind == "mass" else "breast density"
        columns = [
            "patient_id", density, "left or right breast", "image view", "abnormality id",
            "mass shape" if kind == "mass" else "calc type", "assessment", "pathology", "subtlety", "image file path",
            "cropped image file path", "ROI mask file path",
        ]  # fmt: skip
        with (root / f"{kind}_case_description_{part}_set.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([columns, *rows.get(name, [])])
    return root


def small(root: Path) -> dict[str, Any]:
    return {
        "mass_train": [add(root, "mass_train", "P_00001", "MALIGNANT")],
        "calc_train": [add(root, "calc_train", "P_00002", "BENIGN_WITHOUT_CALLBACK", side="RIGHT")],
        "mass_test": [add(root, "mass_test", "P_00003", "BENIGN")],
    }


def read(root: Path, lesions: bool = False) -> Manifest:
    return read_collection(root, "cbis-ddsm", AdapterOptions(), lesions=lesions)


def problems_of(found: Manifest) -> list[tuple[str, str, str]]:
    return [(problem.file, problem.kind, problem.reason) for problem in found.problems]


def test_a_lesion_knows_its_mammogram_its_mask_and_what_the_table_says(tmp_path: Path) -> None:
    found = read(write_tables(tmp_path, **small(tmp_path)), lesions=True)
    assert not found.problems
    folder = "CBIS-DDSM/Mass-Training_P_00001_LEFT_CC"
    assert found.examples[0] == Example(
        f"{folder}/study/series/1-1.dcm", "malignant", "P_00001", "left", "CC", "mass-1",
        mask=f"{folder}_1/{MASK_SERIES}/1-2.dcm",
        part="train",
        more={
            "kind": "mass", "density": "3", "birads": "4", "pathology": "MALIGNANT", "subtlety": "2",
            "official_part": "train", "mass shape": "shape",
        },
    )  # fmt: skip


def test_benign_without_callback_is_benign_and_the_owners_split_is_kept(tmp_path: Path) -> None:
    found = read(write_tables(tmp_path, **small(tmp_path)))
    assert found.classes == ("benign", "malignant")
    assert [(e.patient, e.side, e.label, e.part, e.more["density"]) for e in found.examples] == [
        ("P_00001", "left", "malignant", "train", "3"),
        ("P_00003", "left", "benign", "test", "3"),
        ("P_00002", "right", "benign", "train", "3"),
    ]


@pytest.mark.parametrize(("mask", "crop"), [("1-1.dcm", "1-2.dcm"), ("1-2.dcm", "1-1.dcm")])
@pytest.mark.parametrize("series", ["ROI mask images", "cropped images", ""])
def test_in_one_series_the_larger_file_is_the_mask(mask: str, crop: str, series: str, tmp_path: Path) -> None:
    write_tables(tmp_path, **small(tmp_path))
    folder = tmp_path / "CBIS-DDSM/Mass-Training_P_00001_LEFT_CC_1"
    write_image(folder / MASK_SERIES / mask, VIEW, series)
    write_image(folder / MASK_SERIES / crop, cropped(), series)
    assert read(tmp_path, lesions=True).examples[0].mask.endswith(f"_1/{MASK_SERIES}/{mask}")


def test_mask_and_crop_may_lie_in_two_series(tmp_path: Path) -> None:
    write_tables(tmp_path, **small(tmp_path))
    folder = tmp_path / "CBIS-DDSM/Mass-Training_P_00001_LEFT_CC_1"
    (folder / MASK_SERIES / "1-1.dcm").rename(folder / MASK_SERIES / "aside")
    (folder / MASK_SERIES / "1-2.dcm").rename(folder / MASK_SERIES / "1-1.dcm")
    write_image(folder / CROP_SERIES / "1-1.dcm", cropped(), "cropped images")
    assert read(tmp_path, lesions=True).examples[0].mask.endswith(f"_1/{MASK_SERIES}/1-1.dcm")


def test_a_crop_alone_is_no_mask(tmp_path: Path) -> None:
    write_tables(tmp_path, **small(tmp_path))
    folder = tmp_path / "CBIS-DDSM/Mass-Training_P_00001_LEFT_CC_1" / MASK_SERIES
    (folder / "1-2.dcm").unlink()
    write_image(folder / "1-1.dcm", cropped(), "cropped images")
    found = read(tmp_path)
    reason = "no mask lies in it; its image counts without this outline"
    assert problems_of(found) == [("Mass-Training_P_00001_LEFT_CC_1", "left out", reason)]
    assert (len(found.examples), found.examples[0].mask) == (3, "")


def test_a_broken_mask_leaves_the_image(tmp_path: Path) -> None:
    write_tables(tmp_path, **small(tmp_path))
    (tmp_path / "CBIS-DDSM/Mass-Training_P_00001_LEFT_CC_1" / MASK_SERIES / "1-2.dcm").write_bytes(b"cut short")
    found = read(tmp_path)
    ((file, kind, reason),) = problems_of(found)
    assert (file, kind) == ("Mass-Training_P_00001_LEFT_CC_1", "left out")
    assert "unreadable DICOM" in reason
    assert len(found.examples) == 3


def test_a_mass_and_a_calcification_of_one_mammogram_are_lesions_of_one_image(tmp_path: Path) -> None:
    rows = small(tmp_path)
    rows["calc_train"].append(add(tmp_path, "calc_train", "P_00003", "MALIGNANT"))
    rows["mass_test"].append(add(tmp_path, "mass_test", "P_00003", "BENIGN", lesion=2))
    write_tables(tmp_path, **rows)
    file = "CBIS-DDSM/Mass-Test_P_00003_LEFT_CC/study/series/1-1.dcm"
    names = [e.name for e in read(tmp_path, lesions=True).examples if e.patient == "P_00003"]
    assert names == [f"{file}#mass-1", f"{file}#mass-2", f"{file}#calc-1"]
    whole = [e for e in read(tmp_path).examples if e.patient == "P_00003"]
    assert [(e.file, e.label) for e in whole] == [(file, "malignant")]


def test_scans_of_two_sizes_stay_two_images(tmp_path: Path) -> None:
    rows = small(tmp_path)
    rows["calc_test"] = [add(tmp_path, "calc_test", "P_00003", "BENIGN")]
    other = tmp_path / "CBIS-DDSM/Calc-Test_P_00003_LEFT_CC/study/series/1-1.dcm"
    write_image(other, replace(VIEW, pixels=np.ascontiguousarray(VIEW.pixels[:-2])))
    files = [e.file for e in read(write_tables(tmp_path, **rows)).examples if e.patient == "P_00003"]
    assert [name.split("/")[1] for name in files] == ["Mass-Test_P_00003_LEFT_CC", "Calc-Test_P_00003_LEFT_CC"]


def test_a_woman_of_either_test_set_is_test_as_a_whole(tmp_path: Path) -> None:
    rows = small(tmp_path)
    rows["calc_train"].append(add(tmp_path, "calc_train", "P_00003", "BENIGN", side="RIGHT"))
    found = read(write_tables(tmp_path, **rows))
    parts = [(e.part, e.more["official_part"]) for e in found.examples if e.patient == "P_00003"]
    assert parts == [("test", "test"), ("test", "train")]


@pytest.mark.parametrize("missing", [f"{name.replace('_', '_case_description_')}_set.csv" for name in TABLES])
def test_a_missing_table_is_named(missing: str, tmp_path: Path) -> None:
    (write_tables(tmp_path) / missing).unlink()
    with pytest.raises(MammoError, match=f"{missing} is missing; is this the folder that holds the collection"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        (7, "UNPROVEN", "pathology 'UNPROVEN'; expected MALIGNANT, BENIGN, BENIGN_WITHOUT_CALLBACK"),
        (2, "BOTH", "left or right breast 'BOTH'; expected L, R, LEFT, RIGHT"),
        (0, "", "no patient_id; expected one in every row"),
        (4, "", "no abnormality id; expected one in every row"),
        (9, "../x/y", "image file path '../x/y'; expected Mass-Training_P_00001_LEFT_CC/ or the like first"),
        (11, "", "ROI mask file path ''; expected Mass-Training_P_00001_LEFT_CC/ or the like first"),
    ],
)
def test_a_bad_row_is_a_problem(column: int, value: str, reason: str, tmp_path: Path) -> None:
    rows = small(tmp_path)
    bad = add(tmp_path, "mass_train", "P_00009", "BENIGN", files=False)
    bad[column] = value
    found = read(write_tables(tmp_path, **{**rows, "mass_train": [*rows["mass_train"], bad]}))
    ((file, kind, told),) = problems_of(found)
    where = "mass_case_description_train_set.csv, line 5"  # a quoted path holds the end of a line
    assert file == ("Mass-Training_P_00009_LEFT_CC" if column != 9 else where)
    assert (kind, told.removeprefix(f"{where}: ")) == ("row", f"{reason}; its image is left out")
    assert len(found.examples) == 3


def test_an_image_with_a_lesion_of_unknown_pathology_is_left_out(tmp_path: Path) -> None:
    rows = small(tmp_path)
    rows["mass_train"].append(add(tmp_path, "mass_train", "P_00009", "BENIGN"))
    rows["calc_train"].append(add(tmp_path, "calc_train", "P_00009", "UNPROVEN"))
    found = read(write_tables(tmp_path, **rows))
    assert "P_00009" not in {example.patient for example in found.examples}
    told = [(file, reason[-21:]) for file, _, reason in problems_of(found)]
    assert told[0] == ("Calc-Training_P_00009_LEFT_CC", "its image is left out")


def test_a_folder_that_no_row_names_is_a_problem(tmp_path: Path) -> None:
    write_tables(tmp_path, **small(tmp_path))
    add(tmp_path, "calc_test", "P_00009", "BENIGN")
    reason = "no row of the tables that can be used names it"
    folder = "Calc-Test_P_00009_LEFT_CC"
    assert problems_of(read(tmp_path)) == [(folder, "row", reason), (f"{folder}_1", "row", reason)]


def test_a_mask_of_another_size_is_a_problem_of_its_lesion(tmp_path: Path) -> None:
    rows: dict[str, list[list[str]]] = {name: [] for name in TABLES}
    for number in range(32):
        name = TABLES[number % 4]
        rows[name].append(add(tmp_path, name, f"P_{number:05}", ("BENIGN", "MALIGNANT")[number // 4 % 2]))
    folder = tmp_path / "CBIS-DDSM/Mass-Training_P_00000_LEFT_CC_1" / MASK_SERIES
    (folder / "1-2.dcm").unlink()
    plan = PreparePlan("cbis-ddsm", PreprocessSpec(height=16, width=16, crop="roi"), "official")
    data = prepare(read(write_tables(tmp_path, **rows), lesions=True), tmp_path / "data", plan, workers=1)
    assert (data.info.images, data.info.problems) == (31, {"unreadable": 1})
    assert "its mask is 30x20, the image " in (tmp_path / "data/problems.csv").read_text()


def test_a_mammogram_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    rows = small(tmp_path)
    rows["mass_train"] += [add(tmp_path, "mass_train", "P_00009", "BENIGN", lesion=n, files=False) for n in (1, 2)]
    reason = "stands in the tables, but no .dcm file lies in it"
    assert problems_of(read(write_tables(tmp_path, **rows))) == [("Mass-Training_P_00009_LEFT_CC", "row", reason)]


def test_all_that_a_partial_copy_lacks_is_told(tmp_path: Path) -> None:
    rows = small(tmp_path)
    rows["calc_test"] = [add(tmp_path, "calc_test", f"P_001{n}", "BENIGN", files=False) for n in range(10, 25)]
    told = problems_of(read(write_tables(tmp_path, **rows)))
    assert [file for file, _, _ in told] == [f"Calc-Test_P_001{n}_LEFT_CC" for n in range(10, 25)]


def test_the_collection_can_be_prepared_with_its_own_split(tmp_path: Path) -> None:
    rows: dict[str, list[list[str]]] = {name: [] for name in TABLES}
    for number in range(32):
        name = TABLES[number % 4]
        rows[name].append(add(tmp_path, name, f"P_{number:05}", ("BENIGN", "MALIGNANT")[number // 4 % 2]))
    plan = PreparePlan("cbis-ddsm", PreprocessSpec(height=16, width=16), "official")
    data = prepare(read(write_tables(tmp_path, **rows)), tmp_path / "data", plan, workers=1)
    assert data.info.images == 32
    assert data.info.counts["test"] == {"benign": 8, "malignant": 8}

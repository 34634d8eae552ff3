import csv
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.manifest import Example, Manifest
from tflite_mammo.data.phantoms.dicom import write_dicom
from tflite_mammo.data.phantoms.draw import draw_patient
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.errors import MammoError
from tflite_mammo.preprocess import PreprocessSpec

SHARED = (
    "study_id", "series_id", "image_id", "laterality", "view_position", "height", "width", "breast_birads",
    "breast_density",
)  # fmt: skip
FOUND = ("finding_categories", "finding_birads", "xmin", "ymin", "xmax", "ymax")
NONE = ("['No Finding']", "", "", "", "", "")
BENIGN = ("['Mass']", "BI-RADS 3", "1", "2", "30", "40")


def image_id(study: str, side: str, view: str) -> str:
    return f"{study}{side}{view}".lower()


def write_study(root: Path, study: str, left: int, right: int, split: str = "training") -> list[list[str]]:
    """Four views, and their rows of the breast-level table."""
    (root / "images" / study).mkdir(parents=True)
    rows = []
    for view in draw_patient(len(rows), 4, 96, 0.5):
        side = view.side[0].upper()
        name = image_id(study, side, view.view)
        write_dicom(root / f"images/{study}/{name}.dicom", replace(view, patient=""))
        height, width = view.pixels.shape
        birads = f"BI-RADS {left if side == 'L' else right}"
        rows.append([study, "s0", name, side, view.view, str(height), str(width), birads, "DENSITY C", split])
    return rows


def write_tables(root: Path, rows: list[list[str]], findings: dict[str, list[tuple[str, ...]]]) -> Path:
    """`findings` gives those of an image by its id; every other image has the row that says there is none."""
    found = [[*row[:-1], *cells, row[-1]] for row in rows for cells in findings.get(row[2], [NONE])]
    for name, columns, lines in (("breast-level", [], rows), ("finding", FOUND, found)):
        with (root / f"{name}_annotations.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([[*SHARED, *columns, "split"], *lines])
    return root


def read(root: Path, lesions: bool = False) -> Manifest:
    return read_collection(root, "vindr-mammo", AdapterOptions(), lesions=lesions)


def problems_of(found: Manifest) -> list[tuple[str, str, str]]:
    return [(problem.file, problem.kind, problem.reason) for problem in found.problems]


@pytest.fixture
def rows(tmp_path: Path) -> list[list[str]]:
    return [*write_study(tmp_path, "a1", 5, 1), *write_study(tmp_path, "b2", 3, 2, "test")]


def test_assessments_are_the_labels_and_the_owners_split_is_kept(tmp_path: Path, rows: list[list[str]]) -> None:
    found = read(write_tables(tmp_path, rows, {}))
    assert (found.classes, found.problems) == (("normal", "benign", "malignant"), ())
    assert [(e.patient, e.side, e.view, e.label, e.part) for e in found.examples] == [
        ("a1", "left", "CC", "malignant", "train"), ("a1", "left", "MLO", "malignant", "train"),
        ("a1", "right", "CC", "normal", "train"), ("a1", "right", "MLO", "normal", "train"),
        ("b2", "left", "CC", "benign", "test"), ("b2", "left", "MLO", "benign", "test"),
        ("b2", "right", "CC", "benign", "test"), ("b2", "right", "MLO", "benign", "test"),
    ]  # fmt: skip
    assert "BI-RADS" in found.source


def test_each_finding_is_a_lesion_with_its_own_label_kind_and_box(tmp_path: Path, rows: list[list[str]]) -> None:
    findings = [
        ("['Mass']", "BI-RADS 5", "10.4", "20.6", "30.5", "41.9"),
        ("['Skin Thickening', 'Nipple Retraction']", "", "1", "2", "3", "4"),
        ("[\"Mass\"]", "BI-RADS 3", "5", "6", "7", "8"),
    ]  # fmt: skip
    found = read(write_tables(tmp_path, rows, {"a1lcc": findings}), lesions=True)
    more = {"birads": "5", "density": "C", "kind": "Mass", "finding_birads": "5"}
    first = Example(
        "images/a1/a1lcc.dicom", "malignant", "a1", "left", "CC", "1", (10, 21, 30, 42), part="train", more=more
    )
    assert found.examples[0] == first
    assert [(e.lesion, e.label, e.more["kind"]) for e in found.examples] == [
        ("1", "malignant", "Mass"), ("2", "malignant", "Skin Thickening, Nipple Retraction"), ("3", "benign", "Mass"),
    ]  # fmt: skip


def test_several_findings_collapse_to_the_gravest(tmp_path: Path, rows: list[list[str]]) -> None:
    findings = [("['Mass']", f"BI-RADS {n}", "1", "2", "30", "40") for n in (3, 4, 3)]
    found = read(write_tables(tmp_path, rows, {"a1lcc": findings}))
    assert len(found.examples) == 8
    assert (found.examples[0].label, found.examples[0].more["finding_birads"]) == ("malignant", "4")


def test_an_image_keeps_its_breasts_label_where_its_own_findings_are_milder(
    tmp_path: Path, rows: list[list[str]]
) -> None:
    write_tables(tmp_path, rows, {"a1lcc": [BENIGN], "a1lmlo": [("['Mass']", "BI-RADS 5", "1", "2", "30", "40")]})
    whole = read(tmp_path).examples[0]
    assert (whole.file, whole.label, whole.box) == ("images/a1/a1lcc.dicom", "malignant", None)
    assert [e.label for e in read(tmp_path, lesions=True).examples] == ["benign", "malignant"]


def test_a_box_is_cut_at_the_images_edges(tmp_path: Path, rows: list[list[str]]) -> None:
    write_tables(tmp_path, rows, {"a1lcc": [("['Mass']", "BI-RADS 4", "-6.3", "-1", "9999", "40")], "b2lcc": [BENIGN]})
    width = int(rows[0][6])
    assert read(tmp_path, lesions=True).examples[0].box == (0, 0, width, 40)


@pytest.mark.parametrize(
    "box",
    [
        ("1", "2", "3", ""),
        ("1", "2", "x", "4"),
        ("1", "nan", "3", "4"),
        ("9", "2", "3", "4"),
        ("500", "2", "600", "4"),
    ],
)
def test_a_box_that_is_none_is_a_problem(box: tuple[str, ...], tmp_path: Path, rows: list[list[str]]) -> None:
    found = read(write_tables(tmp_path, rows, {"a1lcc": [("['Mass']", "BI-RADS 4", *box)]}))
    ((file, kind, reason),) = problems_of(found)
    assert (file, kind) == ("finding_annotations.csv, line 2", "row")
    assert reason.startswith(f"box {list(box)}; expected ")
    assert len(found.examples) == 8


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        (
            7,
            "BI-RADS 0",
            "breast_birads 'BI-RADS 0'; expected BI-RADS 1, BI-RADS 2, BI-RADS 3, BI-RADS 4, BI-RADS 5, BI-RADS 6",
        ),
        (3, "B", "laterality 'B'; expected L, R, LEFT, RIGHT"),
        (9, "holdout", "split 'holdout'; expected TRAINING, TEST"),
        (0, "../a1", "study_id '../a1'; expected letters and digits"),
    ],
)
def test_a_bad_row_is_a_problem(column: int, value: str, reason: str, tmp_path: Path, rows: list[list[str]]) -> None:
    write_tables(tmp_path, rows, {})
    bad = [*rows[0][:column], value, *rows[0][column + 1 :]]
    with (tmp_path / "breast-level_annotations.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[*SHARED, "split"], bad, *rows[1:]])
    found = read(tmp_path)
    where, image = "breast-level_annotations.csv, line 2", "images/a1/a1lcc.dicom"
    unlisted = (image, "row", "has no row in breast-level_annotations.csv")
    named = [(image, "row", f"{where}: {reason}")]
    assert problems_of(found) == ([(where, "row", reason), unlisted] if column == 0 else named)
    assert len(found.examples) == 7


def test_an_image_that_is_not_there_is_a_problem(tmp_path: Path, rows: list[list[str]]) -> None:
    write_tables(tmp_path, rows, {})
    (tmp_path / "images/a1/a1lcc.dicom").unlink()
    told = problems_of(read(tmp_path))
    assert told == [("images/a1/a1lcc.dicom", "absent", "stands in breast-level_annotations.csv, but is not there")]


def test_all_that_a_partial_copy_lacks_is_told(tmp_path: Path, rows: list[list[str]]) -> None:
    absent = [["c3", "s0", f"i{n}", *rows[0][3:]] for n in range(12)]
    told = problems_of(read(write_tables(tmp_path, rows + absent, {})))
    assert [(file, kind) for file, kind, _ in told] == [(f"images/c3/i{n}.dicom", "absent") for n in range(12)]


def test_a_png_beside_stands_for_the_dicom(tmp_path: Path, rows: list[list[str]]) -> None:
    write_tables(tmp_path, rows, {})
    (tmp_path / "images/a1/a1lcc.dicom").unlink()
    Image.new("L", (20, 30)).save(tmp_path / "images/a1/a1lcc.png")
    assert read(tmp_path).examples[0].file == "images/a1/a1lcc.png"


def test_of_an_image_and_its_copy_the_dicom_is_used(tmp_path: Path, rows: list[list[str]]) -> None:
    write_tables(tmp_path, rows, {})
    Image.new("L", (20, 30)).save(tmp_path / "images/a1/a1lcc.png")
    found = read(tmp_path)
    assert found.examples[0].file == "images/a1/a1lcc.dicom"
    assert [(file, kind) for file, kind, _ in problems_of(found)] == [("images/a1/a1lcc.png", "duplicate")]


def test_a_finding_of_an_image_that_the_other_table_lacks_is_told(tmp_path: Path, rows: list[list[str]]) -> None:
    write_tables(tmp_path, rows, {"a1lcc": [BENIGN]})
    with (tmp_path / "breast-level_annotations.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[*SHARED, "split"], *rows[1:]])
    told = [(name, reason) for name, _, reason in problems_of(read(tmp_path))]
    assert told == [
        ("images/a1/a1lcc.dicom", "has no row in breast-level_annotations.csv"),
        ("images/a1/a1lcc", "has a finding in finding_annotations.csv and no row in breast-level_annotations.csv that "
         "can be used"),
    ]  # fmt: skip


@pytest.mark.parametrize("missing", ["breast-level_annotations.csv", "finding_annotations.csv"])
def test_a_missing_table_is_named(missing: str, tmp_path: Path, rows: list[list[str]]) -> None:
    (write_tables(tmp_path, rows, {}) / missing).unlink()
    with pytest.raises(MammoError, match=f"{missing} is missing; is this the folder that holds the collection"):
        read(tmp_path)


def test_tables_without_images_say_so(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match="the folder images/ is missing; is this the folder that holds"):
        read(write_tables(tmp_path, [], {}))


def test_the_collection_can_be_prepared_with_its_own_split(tmp_path: Path) -> None:
    rows = []
    for number in range(18):
        birads = (1, 2, 4)[number % 3]
        rows += write_study(tmp_path, f"s{number}", birads, birads, "test" if number > 14 else "training")
    plan = PreparePlan("vindr-mammo", PreprocessSpec(height=16, width=16), "official")
    data = prepare(read(write_tables(tmp_path, rows, {})), tmp_path / "data", plan, workers=1)
    assert data.info.counts["test"] == {"normal": 4, "benign": 4, "malignant": 4}
    assert data.info.images == 72

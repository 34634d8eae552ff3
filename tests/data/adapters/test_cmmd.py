import csv
import sys
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.manifest import Example, Manifest
from tflite_mammo.data.phantoms.dicom import write_dicom
from tflite_mammo.data.phantoms.draw import draw_patient
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.errors import MammoError
from tflite_mammo.preprocess import PreprocessSpec

COLUMNS = ("ID1", "LeftRight", "Age", "number", "abnormality", "classification", "subtype")
ROWS = [
    ("D1-0001", "R", 44, 2, "calcification", "Benign", None),
    ("D2-0002", "L", 61.0, 2, "both", "Malignant", "Luminal A"),
    ("D2-0002", "R", 61.0, 2, "mass", "Benign", None),
]


def patient_folder(patient: str) -> str:
    return f"CMMD/{patient}/07-18-2010-NA-NA-79377/1.000000-NA-70244"


def write_images(root: Path, patient: str, sides: str) -> None:
    """CC and MLO of each side, with the view told by a code as in the collection."""
    folder = root / patient_folder(patient)
    folder.mkdir(parents=True)
    views = [view for view in draw_patient(int(patient[-4:]), 3, 96, 0.5) if view.side[0].upper() in sides]
    for number, view in enumerate(views, start=1):
        path = folder / f"1-{number}.dcm"
        write_dicom(path, replace(view, patient=patient))
        header = pydicom.dcmread(path)
        del header.ViewPosition
        code = Dataset()
        code.CodeMeaning = {"CC": "cranio-caudal", "MLO": "medio-lateral oblique"}[view.view]
        header.ViewCodeSequence = [code]
        header.save_as(path)


def write_csv(root: Path, rows: list[tuple[object, ...]], delimiter: str = ",") -> Path:
    with (root / "CMMD_clinicaldata_revision.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows([COLUMNS, *rows])
    return root


def write_xlsx(root: Path, rows: list[tuple[object, ...]]) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="the extra `dicom` is not installed")
    book = openpyxl.Workbook()
    for row in [COLUMNS, *rows, ()]:
        book.active.append(row)
    book.save(root / "CMMD_clinicaldata_revision.xlsx")


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    write_images(tmp_path, "D1-0001", "R")
    write_images(tmp_path, "D2-0002", "LR")
    return write_csv(tmp_path, ROWS)


def read(root: Path) -> Manifest:
    return read_collection(root, "cmmd", AdapterOptions())


def problems_of(found: Manifest) -> list[tuple[str, str, str]]:
    return [(problem.file, problem.kind, problem.reason) for problem in found.problems]


def test_each_breast_has_its_own_label_and_each_image_its_view(collection: Path) -> None:
    found = read(collection)
    assert found.classes == ("benign", "malignant")
    assert not found.problems
    assert [(e.patient, e.side, e.view, e.label) for e in found.examples] == [
        ("D1-0001", "right", "CC", "benign"), ("D1-0001", "right", "MLO", "benign"),
        ("D2-0002", "left", "CC", "malignant"), ("D2-0002", "left", "MLO", "malignant"),
        ("D2-0002", "right", "CC", "benign"), ("D2-0002", "right", "MLO", "benign"),
    ]  # fmt: skip
    assert (found.source.split()[0], found.licence) == ("CMMD", "CC BY 4.0")


def test_what_the_spreadsheet_says_besides_is_kept(collection: Path) -> None:
    more = {"abnormality": "calcification", "subtype": "", "age": "44", "number": "2"}
    more |= {"device": "", "intent": "FOR PRESENTATION", "spacing_mm": ""}
    file = f"{patient_folder('D1-0001')}/1-1.dcm"
    assert read(collection).examples[0] == Example(file, "benign", "D1-0001", "right", "CC", more=more)


def test_how_an_image_was_made_is_kept(collection: Path) -> None:
    path = collection / patient_folder("D1-0001") / "1-1.dcm"
    header = pydicom.dcmread(path)
    header.ManufacturerModelName, header.ImagerPixelSpacing = "Senographe DS", [0.094, 0.094]
    header.PresentationIntentType = "FOR PROCESSING"
    header.save_as(path)
    more = read(collection).examples[0].more
    assert "Senographe DS" in more["device"]
    assert (more["intent"], more["spacing_mm"]) == ("FOR PROCESSING", "0.094")


def test_a_spreadsheet_is_read_as_the_csv_saved_from_it(collection: Path) -> None:
    from_csv = read(collection).examples
    (collection / "CMMD_clinicaldata_revision.csv").unlink()
    write_xlsx(collection, ROWS)
    assert [replace(e, more={**e.more, "age": e.more["age"].removesuffix(".0")}) for e in from_csv] == list(
        read(collection).examples
    )


def test_without_a_spreadsheet_the_file_looked_for_is_named(tmp_path: Path) -> None:
    names = "CMMD_clinicaldata_revision.xlsx or CMMD_clinicaldata_revision.csv is missing"
    with pytest.raises(MammoError, match=names):
        read(tmp_path)


def test_without_pydicom_the_install_command_is_named(collection: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(
        MammoError, match=r"pydicom is not installed; install it with: pip install 'tflite-mammo\[dicom"
    ):
        read(collection)


def test_a_spreadsheet_without_images_says_where_they_should_be(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"no .dcm file in it; expected CMMD/D1-0001/ and so on"):
        read(write_csv(tmp_path, ROWS))


def test_a_missing_column_is_named(collection: Path) -> None:
    (collection / "CMMD_clinicaldata_revision.csv").write_text("ID1,Side\nD1-0001,R\n")
    with pytest.raises(MammoError, match="column 'LeftRight' is missing; found ID1, Side"):
        read(collection)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("D1-0001", "R", 44, 2, "mass", "Unclear", None), "classification 'Unclear'; expected BENIGN, MALIGNANT"),
        (("D1-0001", "both", 44, 2, "mass", "Benign", None), "LeftRight 'both'; expected L, R, LEFT, RIGHT"),
        ((None, "R", 44, 2, "mass", "Benign", None), "no ID1; expected one in every row"),
        (("D1-0001", "R", 44, 2, "mass", "Benign", None, "x"), "more cells than the 7 columns; is a comma in one"),
    ],
)
def test_a_bad_row_is_a_problem_and_so_are_its_images(row: tuple[object, ...], reason: str, collection: Path) -> None:
    found = read(write_csv(collection, [row, *ROWS[1:]]))
    (first, _, told), *others = problems_of(found)
    assert first == "CMMD_clinicaldata_revision.csv, line 2"
    assert told.startswith(reason)
    not_listed = "its patient has no row in CMMD_clinicaldata_revision.csv that can be used"
    assert others == [(f"{patient_folder('D1-0001')}/1-{n}.dcm", "row", not_listed) for n in (1, 2)]
    assert {e.patient for e in found.examples} == {"D2-0002"}


def test_a_breast_with_both_labels_is_not_used(collection: Path) -> None:
    twice = ("D1-0001", "R", 44, 2, "mass", "Malignant", None)
    told = problems_of(read(write_csv(collection, [*ROWS, twice])))
    assert [kind for _, kind, _ in told] == ["duplicate", "duplicate"]
    assert told[0][2] == "stands 2 times with the labels benign, malignant; none of them is used"


def test_an_image_whose_header_names_no_side_is_a_problem(collection: Path) -> None:
    path = collection / patient_folder("D1-0001") / "1-1.dcm"
    header = pydicom.dcmread(path)
    del header.ImageLaterality
    header.save_as(path)
    told = problems_of(read(collection))
    assert told == [
        (path.relative_to(collection).as_posix(), "row", "its header names no side; expected L or R as the laterality")
    ]


def test_of_a_woman_whose_other_breast_is_listed_the_unlisted_one_is_left_out(collection: Path) -> None:
    found = read(write_csv(collection, ROWS[:2]))
    reason = "of this patient, CMMD_clinicaldata_revision.csv tells only the other breast"
    assert problems_of(found) == [
        (f"{patient_folder('D2-0002')}/1-{number}.dcm", "left out", reason) for number in (3, 4)
    ]
    assert {(e.patient, e.side) for e in found.examples} == {("D1-0001", "right"), ("D2-0002", "left")}


def test_a_file_that_is_no_dicom_is_a_problem(collection: Path) -> None:
    path = collection / patient_folder("D1-0001") / "1-2.dcm"
    path.write_bytes(b"cut short")
    ((file, kind, reason),) = problems_of(read(collection))
    assert (file, kind) == (path.relative_to(collection).as_posix(), "unreadable")
    assert "unreadable DICOM" in reason


def test_a_breast_that_no_image_shows_is_told(collection: Path) -> None:
    found = read(write_csv(collection, [*ROWS, ("D1-0009", "L", 50, 2, "mass", "Benign", None)]))
    reason = "stands in CMMD_clinicaldata_revision.csv, but no image shows it"
    assert problems_of(found) == [("D1-0009, left breast", "row", reason)]


def test_all_that_a_partial_copy_lacks_is_told(collection: Path) -> None:
    absent = [(f"D1-{n:04}", "L", 50, 2, "mass", "Benign", None) for n in range(100, 120)]
    told = problems_of(read(write_csv(collection, [*ROWS, *absent])))
    assert [name for name, _, _ in told] == [f"D1-{n:04}, left breast" for n in range(100, 120)]


def test_the_collection_can_be_prepared(tmp_path: Path) -> None:
    patients = [f"D1-{n:04}" for n in range(1, 9)]
    for patient in patients:
        write_images(tmp_path, patient, "L")
    rows = [(p, "L", 50, 2, "mass", ("Benign", "Malignant")[n % 2], None) for n, p in enumerate(patients)]
    plan = PreparePlan("cmmd", PreprocessSpec(height=16, width=16), (0.5, 0.25, 0.25))
    data = prepare(read(write_csv(tmp_path, rows)), tmp_path / "data", plan, workers=1)
    assert data.images.shape == (16, 16, 16, 1)
    assert data.info.counts["test"] == {"benign": 2, "malignant": 2}

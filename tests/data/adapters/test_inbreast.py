import plistlib
from dataclasses import replace
from pathlib import Path

import pytest

from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.manifest import Example, Manifest
from tflite_mammo.data.phantoms.dicom import write_dicom
from tflite_mammo.data.phantoms.draw import draw_patient
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.errors import MammoError
from tflite_mammo.preprocess import PreprocessSpec

COLUMNS = "Patient ID;Patient age;Laterality;View;Acquisition date;File Name;ACR;Bi-Rads"
TRIANGLE = ("(10.5, 20.2)", "(30.7, 25.0)", "(12.0, 44.9)")


def write_case(root: Path, first: int, patient: str, left: str, right: str) -> list[str]:
    """Four views, and their lines of the table."""
    (root / "AllDICOMs").mkdir(exist_ok=True)
    lines = []
    for number, view in enumerate(draw_patient(first, 5, 96, 0.5), start=first):
        side = view.side[0].upper()
        named = {"CC": "CC", "MLO": "ML"}[view.view]
        write_dicom(root / f"AllDICOMs/{number}_{patient}_MG_{side}_{named}_ANON.dcm", replace(view, patient=""))
        lines.append(f"removed;removed;{side};{view.view};201001;{number};2;{left if side == 'L' else right}")
    return lines


def write_table(root: Path, *lines: str) -> Path:
    (root / "INbreast.csv").write_text("\n".join([COLUMNS, *lines]) + "\n", encoding="utf-8")
    return root


def outline(root: Path, number: int, *rois: tuple[str, tuple[str, ...]]) -> None:
    (root / "AllXML").mkdir(exist_ok=True)
    found = [{"Name": name, "NumberOfPoints": len(points), "Point_px": list(points)} for name, points in rois]
    images = [{"ImageIndex": 0, "NumberOfROIs": len(found), "ROIs": found}]
    (root / f"AllXML/{number}.xml").write_bytes(plistlib.dumps({"Images": images}))


def read(root: Path, lesions: bool = False) -> Manifest:
    return read_collection(root, "inbreast", AdapterOptions(), lesions=lesions)


def problems_of(found: Manifest) -> list[tuple[str, str, str]]:
    return [(problem.file, problem.kind, problem.reason) for problem in found.problems]


@pytest.fixture
def lines(tmp_path: Path) -> list[str]:
    return [*write_case(tmp_path, 100, "6c613a14b80a8591", "4a", "1"), *write_case(tmp_path, 200, "036aff49", "3", "6")]


def test_assessments_are_the_labels_and_the_names_hash_is_the_patient(tmp_path: Path, lines: list[str]) -> None:
    found = read(write_table(tmp_path, *lines))
    assert (found.classes, found.problems) == (("normal", "benign", "malignant"), ())
    assert [(e.patient, e.side, e.view, e.label) for e in found.examples][::2] == [
        ("6c613a14b80a8591", "left", "CC", "malignant"), ("6c613a14b80a8591", "right", "CC", "normal"),
        ("036aff49", "left", "CC", "benign"), ("036aff49", "right", "CC", "malignant"),
    ]  # fmt: skip
    second = "AllDICOMs/101_6c613a14b80a8591_MG_L_ML_ANON.dcm"
    assert (found.examples[1].file, found.examples[1].view) == (second, "MLO")
    assert "BI-RADS" in found.source


@pytest.mark.parametrize(
    ("birads", "label"), [("2", "benign"), ("4b", "malignant"), ("4c", "malignant"), ("5", "malignant")]
)
def test_every_assessment_has_a_label(birads: str, label: str, tmp_path: Path, lines: list[str]) -> None:
    found = read(write_table(tmp_path, lines[0].replace("4a", birads), *lines[1:]))
    assert (found.examples[0].label, found.examples[0].more["birads"]) == (label, birads)


def test_outlines_are_lesions_with_the_images_label(tmp_path: Path, lines: list[str]) -> None:
    outline(tmp_path, 100, ("Mass", TRIANGLE), ("Espiculated Region ", ("(-3, 5)", "(8, 5)", "(8, 9)")))
    outline(tmp_path, 200, ("Cluster", TRIANGLE))
    found = read(write_table(tmp_path, *lines), lesions=True)
    more = {"birads": "4a", "density": "2", "date": "201001", "kind": "mass"}
    file = "AllDICOMs/100_6c613a14b80a8591_MG_L_CC_ANON.dcm"
    first = Example(file, "malignant", "6c613a14b80a8591", "left", "CC", lesion="1", box=(10, 20, 31, 45), more=more)
    assert found.examples[0] == first
    assert [(e.name, e.box, e.more["kind"]) for e in found.examples[1:]] == [
        (f"{file}#2", (0, 5, 9, 10), "spiculated region"),
        ("AllDICOMs/200_036aff49_MG_L_CC_ANON.dcm#1", (10, 20, 31, 45), "cluster"),
    ]


@pytest.mark.parametrize(
    "roi",
    [
        ("Calcification", TRIANGLE), ("Unnamed", TRIANGLE), ("Point 3", TRIANGLE), ("", TRIANGLE),
        ("Pectoral Muscle", TRIANGLE), ("Mass", TRIANGLE[:1]), ("Cluster", ()),
    ],
)  # fmt: skip
def test_single_calcifications_points_and_muscle_are_no_lesions(
    roi: tuple[str, tuple[str, ...]], tmp_path: Path, lines: list[str]
) -> None:
    outline(tmp_path, 100, roi)
    write_table(tmp_path, *lines)
    assert len(read(tmp_path).examples) == 8
    with pytest.raises(MammoError, match="no lesion is outlined in it"):
        read(tmp_path, lesions=True)


def test_several_lesions_collapse_to_their_image(tmp_path: Path, lines: list[str]) -> None:
    outline(tmp_path, 100, ("Mass", TRIANGLE), ("Cluster", TRIANGLE), ("Distortion", TRIANGLE))
    found = read(write_table(tmp_path, *lines))
    assert len(found.examples) == 8
    assert (found.examples[0].lesion, found.examples[0].box) == ("", (10, 20, 31, 45))


@pytest.mark.parametrize("content", [b"", b"<plist>", plistlib.dumps({"Images": [{}]}), plistlib.dumps([])])
def test_outlines_that_cannot_be_read_leave_the_image(content: bytes, tmp_path: Path, lines: list[str]) -> None:
    outline(tmp_path, 100)
    (tmp_path / "AllXML/100.xml").write_bytes(content)
    found = read(write_table(tmp_path, *lines))
    ((file, kind, reason),) = problems_of(found)
    assert (file, kind) == ("AllXML/100.xml", "left out")
    assert reason.startswith("outlines that cannot be read (")
    assert len(found.examples) == 8


def test_points_that_are_no_numbers_leave_the_image(tmp_path: Path, lines: list[str]) -> None:
    outline(tmp_path, 100, ("Mass", ("(1, 2)", "(a, b)", "(3, 4)")))
    ((_, _, reason),) = problems_of(read(write_table(tmp_path, *lines)))
    assert "could not convert string to float: 'a'" in reason


def test_a_spreadsheet_is_read_as_the_csv(tmp_path: Path, lines: list[str]) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="the extra `dicom` is not installed")
    from_csv = read(write_table(tmp_path, *lines))
    (tmp_path / "INbreast.csv").unlink()
    book = openpyxl.Workbook()
    for line in [COLUMNS, *lines]:
        book.active.append([float(cell) if cell.isdigit() else cell for cell in line.split(";")])
    book.save(tmp_path / "INbreast.xlsx")
    assert read(tmp_path) == from_csv


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("removed;removed;L;CC;201001;100;2;", "Bi-Rads ''; expected 1, 2, 3, 4, 4A, 4B, 4C, 5, 6"),
        ("removed;removed;B;CC;201001;100;2;1", "Laterality 'B'; expected L, R, LEFT, RIGHT"),
        ("removed;removed;L;CC;201001;a/b;2;1", "File Name 'a/b'; expected a number such as 20586908"),
    ],
)
def test_a_bad_row_is_a_problem_and_so_is_its_image(line: str, reason: str, tmp_path: Path, lines: list[str]) -> None:
    found = read(write_table(tmp_path, line, *lines[1:]))
    unlisted = ("AllDICOMs/100_6c613a14b80a8591_MG_L_CC_ANON.dcm", "row")
    assert problems_of(found) == [
        ("INbreast.csv, line 2", "row", reason),
        (*unlisted, "has no row in INbreast.csv that can be used"),
    ]
    assert len(found.examples) == 7


def test_notes_below_the_table_are_no_rows(tmp_path: Path, lines: list[str]) -> None:
    found = read(write_table(tmp_path, *lines, "* removed for privacy;;;;;;;"))
    assert (len(found.examples), found.problems) == (8, ())


def test_an_image_that_is_not_there_is_a_problem(tmp_path: Path, lines: list[str]) -> None:
    found = read(write_table(tmp_path, *lines, "removed;removed;L;CC;201001;999;2;1"))
    assert problems_of(found) == [("AllDICOMs/999_*.dcm", "absent", "stands in INbreast.csv, but is not there")]


def test_a_name_without_a_patient_is_a_problem(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "AllDICOMs/100_6c613a14b80a8591_MG_L_CC_ANON.dcm"
    path.rename(path.with_name("100_L_CC.dcm"))
    ((file, kind, reason),) = problems_of(read(write_table(tmp_path, *lines)))
    assert (file, kind) == ("AllDICOMs/100_L_CC.dcm", "row")
    assert reason.startswith("its name tells no patient; expected 20586908_6c613a14b80a8591_MG_R_CC_ANON.dcm")


def test_of_an_image_and_its_copy_the_first_is_used(tmp_path: Path, lines: list[str]) -> None:
    name = "100_6c613a14b80a8591_MG_L_CC_ANON.dcm"
    (tmp_path / "AllDICOMs/again").mkdir()
    (tmp_path / f"AllDICOMs/again/{name}").write_bytes((tmp_path / f"AllDICOMs/{name}").read_bytes())
    found = read(write_table(tmp_path, *lines))
    assert len(found.examples) == 8
    assert [kind for _, kind, _ in problems_of(found)] == ["duplicate"]


@pytest.mark.parametrize(
    ("written", "kind"), [("Assymetry", "asymmetry"), ("Calcifications", "cluster"), ("Distortion", "distortion")]
)
def test_a_kind_that_is_spelt_in_two_ways_has_one_name(
    written: str, kind: str, tmp_path: Path, lines: list[str]
) -> None:
    outline(tmp_path, 100, (written, TRIANGLE))
    outline(tmp_path, 200, ("Mass", TRIANGLE))
    assert read(write_table(tmp_path, *lines), lesions=True).examples[0].more["kind"] == kind


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"INbreast.csv or INbreast.xlsx is missing; is this the folder"):
        read(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match="the folder AllDICOMs/ is missing; is this the folder that holds"):
        read(write_table(tmp_path))


def test_the_collection_can_be_prepared(tmp_path: Path) -> None:
    lines = []
    for number in range(12):
        birads = ("1", "2", "4c")[number % 3]
        lines += write_case(tmp_path, 100 + 10 * number, f"{number:016x}", birads, birads)
    outline(tmp_path, 100, ("Mass", TRIANGLE), ("Cluster", TRIANGLE))
    plan = PreparePlan("inbreast", PreprocessSpec(height=16, width=16), (0.5, 0.25, 0.25))
    data = prepare(read(write_table(tmp_path, *lines)), tmp_path / "data", plan, workers=1)
    assert data.info.images == 48
    assert data.info.counts["test"] == {"normal": 4, "benign": 4, "malignant": 4}

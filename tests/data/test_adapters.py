import re
from pathlib import Path

import pytest

from tflite_mammo.data.adapters import AdapterOptions, adapters, read_collection
from tflite_mammo.data.manifest import Example, Manifest
from tflite_mammo.errors import MammoError


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def read_folder(root: Path, patient: str = r"/(P\d+)") -> Manifest:
    return read_collection(root, "folder", AdapterOptions(patient=patient))


def read_table(root: Path, *lines: str) -> Manifest:
    (root / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_collection(root, "csv", AdapterOptions())


def read_row(root: Path, columns: str, row: str) -> Example:
    return read_table(root, f"file,label,patient,{columns}", f"a.png,malignant,P1,{row}", "b.png,benign,P2").examples[0]


def test_an_unknown_adapter_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    known = ".*".join(f"{name} \\({re.escape(adapter.layout)}\\)" for name, adapter in adapters().items())
    with pytest.raises(MammoError, match=f"no adapter is called 'dcm'; there are: {known}"):
        read_collection(tmp_path, "dcm", AdapterOptions())


@pytest.mark.parametrize("name", ["folder", "csv", "phantoms"])
def test_a_collection_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(MammoError, match="nowhere: no such folder"):
        read_collection(tmp_path / "nowhere", name, AdapterOptions())


def test_a_folder_per_class_gives_labels_and_patients(tmp_path: Path) -> None:
    touch(tmp_path, "malignant/P1_a.png", "benign/deep/P2_a.jpg", "benign/P2_b.jpg", "benign/notes.txt")
    found = read_folder(tmp_path)
    assert found.classes == ("benign", "malignant")
    assert found.examples == (
        Example("benign/P2_b.jpg", "benign", "P2"),
        Example("benign/deep/P2_a.jpg", "benign", "P2"),
        Example("malignant/P1_a.png", "malignant", "P1"),
    )
    assert (found.source, found.licence, found.synthetic) == (tmp_path.name, "not stated", False)


def test_train_valid_and_test_above_the_classes_are_the_owners_split(tmp_path: Path) -> None:
    names = [f"{part}/{label}/P{part[:2]}1.png" for part in ("Train", "valid", "test") for label in ("0", "1")]
    found = read_folder(touch(tmp_path, *names), r"/(P\w+)")
    assert found.classes == ("0", "1")
    assert [(e.file, e.part) for e in found.examples][::2] == [
        ("Train/0/PTr1.png", "train"), ("test/0/Pte1.png", "test"), ("valid/0/Pva1.png", "validation"),
    ]  # fmt: skip


def test_a_class_folder_that_one_part_lacks_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "train/benign/P1.png", "train/malignant/P2.png", "test/benign/P3.png")
    with pytest.raises(MammoError, match="the class folder 'test/malignant' is missing; other parts have it"):
        read_folder(tmp_path)


@pytest.mark.parametrize(("names", "found"), [(["a.png"], "none"), (["benign/a.png", ".git/b.png"], "benign")])
def test_fewer_than_two_class_folders_are_refused(names: list[str], found: str, tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=f"class folders found: {found}; expected two or more"):
        read_folder(touch(tmp_path, *names))


def test_an_empty_class_folder_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "benign/P1.png", "malignant/notes.txt")
    with pytest.raises(MammoError, match="no image of class 'malignant'; found 1 benign"):
        read_folder(tmp_path)


def test_patients_are_never_guessed_from_folders(tmp_path: Path) -> None:
    touch(tmp_path, "benign/P1.png", "malignant/P2.png")
    with pytest.raises(MammoError, match="folders do not tell which patient an image shows; pass --patient 'REGEX'"):
        read_folder(tmp_path, "")


def test_each_file_may_be_said_to_be_a_patient(tmp_path: Path) -> None:
    touch(tmp_path, "benign/P1.png", "malignant/P1.png")
    assert [e.patient for e in read_folder(tmp_path, "file").examples] == ["benign/P1.png", "malignant/P1.png"]


@pytest.mark.parametrize("pattern", [r"/(X\d+)", r"P\d+", r"/(X?)P"])
def test_a_pattern_that_finds_no_patient_is_refused_with_the_file(pattern: str, tmp_path: Path) -> None:
    touch(tmp_path, "benign/P1.png", "malignant/P2.png")
    with pytest.raises(MammoError, match=r"finds no patient in 'benign/P1.png'; it needs one group that matches"):
        read_folder(tmp_path, pattern)


def test_a_pattern_that_is_none_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "benign/P1.png", "malignant/P2.png")
    with pytest.raises(MammoError, match=r"--patient '\(P' is no regular expression: missing \)"):
        read_folder(tmp_path, "(P")


@pytest.mark.parametrize("column", ["file", "path"])
def test_a_table_names_files_labels_and_patients(column: str, tmp_path: Path) -> None:
    found = read_table(tmp_path, f"patient,{column},label", "P1,x/a.png,malignant", "P2,b.png,benign")
    assert found.classes == ("benign", "malignant")
    assert found.examples == (Example("x/a.png", "malignant", "P1"), Example("b.png", "benign", "P2"))


def test_a_table_may_tell_side_view_part_and_box_and_keeps_the_rest(tmp_path: Path) -> None:
    columns = "side,view,split,left,top,right,bottom,density,row"
    assert read_row(tmp_path, columns, "left,MLO,Valid,1,2,30,40.4,dense,17") == Example(
        "a.png", "malignant", "P1", "left", "MLO", (1, 2, 30, 40), "validation", {"density": "dense"}
    )


def test_a_table_written_by_a_spreadsheet_is_read(tmp_path: Path) -> None:
    table = "\ufefffile,label,patient\r\na.png,0,P1\r\nb.png,1,P2\r\n"
    (tmp_path / "labels.csv").write_bytes(table.encode())
    assert [e.file for e in read_collection(tmp_path, "csv", AdapterOptions()).examples] == ["a.png", "b.png"]


@pytest.mark.parametrize("missing", ["file", "label", "patient"])
def test_a_missing_column_is_named_with_those_found(missing: str, tmp_path: Path) -> None:
    found = [name for name in ("file", "label", "patient") if name != missing]
    with pytest.raises(MammoError, match=f"labels.csv: column '{missing}' is missing; found {', '.join(found)}"):
        read_table(tmp_path, ",".join(found), "a,b")


def test_an_empty_table_is_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").touch()
    with pytest.raises(MammoError, match="column 'file' is missing; found an empty file"):
        read_collection(tmp_path, "csv", AdapterOptions())


@pytest.mark.parametrize(("row", "missing"), [("a.png,,P1", "label"), ("a.png,benign", "patient"), (",b,P1", "file")])
def test_an_empty_cell_is_named_with_its_line(row: str, missing: str, tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=f"labels.csv, line 3: no {missing}; fill it in or take the line out"):
        read_table(tmp_path, "file,label,patient", "z.png,malignant,P0", row)


@pytest.mark.parametrize("box", ["1,2,3,", ",,,4", "1,2,three,4", "1,2,nan,4", "1,2,inf,4", "9,9,2,3"])
def test_a_box_that_is_no_box_is_refused_with_its_line(box: str, tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"labels.csv, line 2: box \[.*\]; expected (four numbers|left before right)"):
        read_row(tmp_path, "left,top,right,bottom", box)


def test_a_split_of_another_name_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"labels.csv, line 2: split 'holdout'; expected train, validation or test"):
        read_row(tmp_path, "split", "holdout")


@pytest.mark.parametrize(("tables", "found"), [((), "none"), (("a.csv", "b.csv"), "a.csv, b.csv")])
def test_there_must_be_exactly_one_table(tables: tuple[str, ...], found: str, tmp_path: Path) -> None:
    touch(tmp_path, *tables)
    with pytest.raises(MammoError, match=f".csv files found: {found}; expected exactly one with the columns file, lab"):
        read_collection(tmp_path, "csv", AdapterOptions())


def test_phantoms_say_that_they_are_synthetic(phantom_folder: Path) -> None:
    found = read_collection(phantom_folder, "phantoms", AdapterOptions())
    assert found.synthetic
    assert found.source == "synthetic phantoms, seed 5, 24 patients"
    assert "no person was imaged" in found.licence
    assert found.classes == ("normal", "benign", "malignant")


def test_phantoms_know_each_lesions_box_kind_and_density(phantom_folder: Path) -> None:
    for example in read_collection(phantom_folder, "phantoms", AdapterOptions()).examples:
        assert (example.box is None) == (example.label == "normal") == (example.more["kind"] == "")
        assert 0 <= float(example.more["density"]) <= 1


@pytest.mark.parametrize("present", [(), ("manifest.csv",), ("phantoms.json",)])
def test_a_folder_that_phantoms_did_not_write_is_refused(present: tuple[str, ...], tmp_path: Path) -> None:
    missing = "manifest.csv" if "phantoms.json" in present else "phantoms.json"
    with pytest.raises(MammoError, match=f"{missing} is missing; expected a folder that `tflite-mammo phantoms` wrote"):
        read_collection(touch(tmp_path, *present), "phantoms", AdapterOptions())


def test_a_phantoms_json_of_something_else_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "manifest.csv")
    (tmp_path / "phantoms.json").write_text('{"patient": 3}')
    with pytest.raises(MammoError, match=r"phantoms.json: unknown key 'patient'; did you mean 'patients'\?"):
        read_collection(tmp_path, "phantoms", AdapterOptions())


def test_blanks_around_a_patients_number_make_no_other_patient(tmp_path: Path) -> None:
    found = read_table(tmp_path, "file,label,patient", "a.png,benign,P1", "b.png,malignant ,P1 ")
    assert [(example.patient, example.label) for example in found.examples] == [("P1", "benign"), ("P1", "malignant")]


@pytest.mark.parametrize("file", ["../a.png", "/data/a.png", "x/../../a.png"])
def test_a_file_outside_the_collection_is_refused(file: str, tmp_path: Path) -> None:
    with pytest.raises(MammoError, match="lies outside the collection"):
        read_table(tmp_path, "file,label,patient", f"{file},benign,P1")

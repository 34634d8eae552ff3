import re
from pathlib import Path

import pytest

from tflite_mammo.data.adapters import AdapterOptions, adapters, read_collection
from tflite_mammo.data.manifest import Example, Manifest, Problem
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


GOOD = ("y.png,benign,P8", "z.png,malignant,P9")
"""Two rows with which any table is a collection."""


def read_row(root: Path, columns: str, row: str) -> Example:
    return read_table(root, f"file,label,patient,{columns}", f"a.png,malignant,P1,{row}", *GOOD).examples[0]


def told(root: Path, columns: str, *rows: str) -> tuple[Problem, ...]:
    """The problems of a table that has two good rows besides `rows`, which come first."""
    found = read_table(root, f"file,label,patient{columns}", *rows, *GOOD)
    assert [example.file for example in found.examples[-2:]] == ["y.png", "z.png"]
    return found.problems


def test_an_unknown_adapter_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=f"no adapter is called 'dcm'; there are: {', '.join(adapters())}$"):
        read_collection(tmp_path, "dcm", AdapterOptions())


def test_every_adapter_says_in_one_line_what_it_expects() -> None:
    for adapter in adapters().values():
        assert adapter.layout.strip()
        assert "\n" not in adapter.layout


@pytest.mark.parametrize("name", ["csv", "phantoms"])
def test_only_class_folders_are_told_how_to_find_a_patient(name: str, tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=f"--patient is for class folders; the adapter {name} knows the patients"):
        read_collection(tmp_path, name, AdapterOptions(patient="file"))


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
    with pytest.raises(MammoError, match="no image in the class folder 'malignant'; expected PNG, JPEG"):
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
    columns = "side,view,split,left,top,right,bottom,density,row,"
    assert read_row(tmp_path, columns, "left,MLO,Valid,1,2,30,40.4,dense,17,unnamed") == Example(
        "a.png", "malignant", "P1", "left", "MLO", "", (1, 2, 30, 40), "", "validation", more={"density": "dense"}
    )


def test_a_table_may_tell_a_part_for_every_fold(tmp_path: Path) -> None:
    example = read_row(tmp_path, "fold_2,fold_1,fold_10", "test,Train,valid")
    assert example.folds == ("train", "test", "validation")
    assert example.more == {}


def test_a_table_may_outline_lesions_by_masks(tmp_path: Path) -> None:
    rows = ["a.png,benign,P1,1,masks/1.png", "a.png,malignant,P1,2,./masks/2.png", "b.png,benign,P2,,"]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label,patient,lesion,mask", *rows]))
    found = read_collection(tmp_path, "csv", AdapterOptions(), lesions=True)
    assert [(example.name, example.mask) for example in found.examples] == [
        ("a.png#1", "masks/1.png"), ("a.png#2", "masks/2.png"),
    ]  # fmt: skip
    assert [(problem.file, problem.kind) for problem in found.problems] == [("b.png", "left out")]


def test_several_lesions_of_a_file_are_one_image_with_the_gravest_label(tmp_path: Path) -> None:
    rows = ["a.png,benign,P1,1", "a.png,malignant,P1,2", "b.png,benign,P2,1"]
    found = read_table(tmp_path, "file,label,patient,lesion", *rows)
    assert [(example.name, example.label) for example in found.examples] == [
        ("a.png", "malignant"), ("b.png", "benign"),
    ]  # fmt: skip
    assert found.problems == ()


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
def test_a_row_with_an_empty_cell_is_a_problem_and_the_rest_goes_on(row: str, missing: str, tmp_path: Path) -> None:
    (problem,) = told(tmp_path, "", row)
    assert problem.kind == "row"
    assert problem.file == ("labels.csv, line 2" if missing == "file" else "a.png")
    assert problem.reason.endswith(f"no {missing}; fill it in or take the line out")
    assert f"{problem.file} {problem.reason}".count("labels.csv, line 2") == 1


def test_a_row_with_more_cells_than_columns_is_a_problem(tmp_path: Path) -> None:
    reason = "labels.csv, line 2: more cells than the 3 columns; is a comma in one of them not quoted?"
    assert told(tmp_path, "", "a.png,benign,P1,dense") == (Problem("a.png", "row", reason),)


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"labels.csv: two columns are called 'label'; rename or remove one"):
        read_table(tmp_path, "file,label,patient,label", "a.png,benign,P1,malignant")


def test_columns_without_a_name_are_no_columns_of_one_name(tmp_path: Path) -> None:
    assert told(tmp_path, ",,", "a.png,benign,P1,,") == ()


@pytest.mark.parametrize("box", ["1,2,3,", ",,,4", "1,2,three,4", "1,2,nan,4", "1,2,inf,4", "9,9,2,3"])
def test_a_box_that_is_no_box_is_a_problem_with_its_line(box: str, tmp_path: Path) -> None:
    (problem,) = told(tmp_path, ",left,top,right,bottom", f"a.png,benign,P1,{box}")
    assert (problem.file, problem.kind) == ("a.png", "row")
    assert re.match(r"labels.csv, line 2: box \[.*\]; expected (four numbers|left before right)", problem.reason)


@pytest.mark.parametrize("column", ["split", "fold_1"])
def test_a_split_of_another_name_is_a_problem_with_its_line(column: str, tmp_path: Path) -> None:
    reason = "labels.csv, line 2: split 'holdout'; expected train, validation or test"
    assert told(tmp_path, f",{column}", "a.png,benign,P1,holdout") == (Problem("a.png", "row", reason),)


def test_a_table_of_bad_rows_alone_is_refused_with_the_first(tmp_path: Path) -> None:
    with pytest.raises(
        MammoError, match=r"no image that can be used; expected two classes.*; the first problem: a\.png: .*no label"
    ):
        read_table(tmp_path, "file,label,patient", "a.png,,P1", "b.png,,P2")


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
def test_a_folder_that_phantoms_did_not_write_is_refused(
    present: tuple[str, ...], phantom_folder: Path, tmp_path: Path
) -> None:
    missing = "manifest.csv" if "phantoms.json" in present else "phantoms.json"
    for name in present:
        (tmp_path / name).write_bytes((phantom_folder / name).read_bytes())
    with pytest.raises(MammoError, match=f"{missing} is missing; is this the folder that holds the collection"):
        read_collection(tmp_path, "phantoms", AdapterOptions())


def test_a_phantoms_json_of_something_else_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "manifest.csv")
    (tmp_path / "phantoms.json").write_text('{"patient": 3}')
    with pytest.raises(MammoError, match=r"phantoms.json: unknown key 'patient'; did you mean 'patients'\?"):
        read_collection(tmp_path, "phantoms", AdapterOptions())


def test_blanks_around_a_patients_number_make_no_other_patient(tmp_path: Path) -> None:
    found = read_table(tmp_path, "file,label,patient", "a.png,benign,P1", "b.png,malignant ,P1 ")
    assert [(example.patient, example.label) for example in found.examples] == [("P1", "benign"), ("P1", "malignant")]


def test_a_damaged_table_of_this_program_is_refused(phantom_folder: Path, tmp_path: Path) -> None:
    table = (phantom_folder / "manifest.csv").read_text()
    (tmp_path / "manifest.csv").write_text(table.replace(",P00003,", ",,", 1))
    (tmp_path / "phantoms.json").write_bytes((phantom_folder / "phantoms.json").read_bytes())
    with pytest.raises(MammoError, match=r"manifest.csv: images/P00003_.*, line \d+: no patient"):
        read_collection(tmp_path, "phantoms", AdapterOptions())


@pytest.mark.parametrize("file", ["../a.png", "/data/a.png", "x/../../a.png"])
def test_a_file_outside_the_collection_is_a_problem(file: str, tmp_path: Path) -> None:
    (problem,) = told(tmp_path, "", f"{file},benign,P1")
    assert (problem.file, problem.kind) == (file, "row")
    assert "lies outside the collection" in problem.reason


@pytest.mark.parametrize("file", ["a\0b.png", '"two\nlines.png"', "\x1b[31mred.png"])
def test_a_file_name_with_a_control_character_is_a_problem(file: str, tmp_path: Path) -> None:
    (problem,) = told(tmp_path, "", f"{file},benign,P1")
    assert problem.kind == "row"
    assert problem.reason.endswith("holds a control character; rename it")


def test_a_mask_outside_the_collection_is_a_problem(tmp_path: Path) -> None:
    (problem,) = told(tmp_path, ",mask", "a.png,benign,P1,../m.png")
    assert "'../m.png' lies outside the collection" in problem.reason


def test_one_file_written_in_two_ways_is_one_file(tmp_path: Path) -> None:
    (problem,) = told(tmp_path, "", "x/a.png,benign,P1", "./x//a.png,benign,P1")
    assert problem == Problem("x/a.png", "duplicate", "stands 2 times; the first is used")


def test_pictures_outside_class_folders_or_of_other_formats_are_told(tmp_path: Path) -> None:
    touch(tmp_path, "benign/P1.png", "malignant/P2.png", "P3.png", "benign/P4.webp", "malignant/notes.txt")
    reason = "in no class folder, or of no format that is read"
    assert read_folder(tmp_path).problems == (
        Problem("P3.png", "left out", reason), Problem("benign/P4.webp", "left out", reason),
    )  # fmt: skip


def test_a_collection_in_class_folders_alone_has_nothing_to_tell(tmp_path: Path) -> None:
    assert read_folder(touch(tmp_path, "benign/P1.png", "malignant/deep/P2.dcm")).problems == ()


def test_images_that_no_row_names_are_told(tmp_path: Path) -> None:
    touch(tmp_path, "y.png", "z.png", "x/a.png", "m.png", "bad.png")
    rows = ("y.png,benign,P8,m.png", "z.png,malignant,P9,", "bad.png,,P1,")
    found = read_table(tmp_path, "file,label,patient,mask", *rows)
    assert [(problem.file, problem.kind) for problem in found.problems] == [("bad.png", "row"), ("x/a.png", "left out")]
    assert found.problems[1].reason == "no row of labels.csv names it"


def test_a_table_may_tell_which_patients_belong_together(tmp_path: Path) -> None:
    example = read_row(tmp_path, "same_as", "P0")
    assert (example.patient, example.group, example.unit) == ("P1", "P0", "P0")

from pathlib import Path

import pytest

from tflite_mammo.data.adapters.inventory import absent, each_of, expect_file, expect_folder, one_each
from tflite_mammo.data.manifest import Problem
from tflite_mammo.errors import MammoError


def test_the_first_of_the_names_that_is_there_is_taken(tmp_path: Path) -> None:
    (tmp_path / "b.csv").touch()
    assert expect_file(tmp_path, "a.csv", "b.csv") == tmp_path / "b.csv"
    with pytest.raises(MammoError, match=r"c.csv or d.csv is missing; is this the folder that holds the collection\?"):
        expect_file(tmp_path, "c.csv", "d.csv")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "images").touch()
    with pytest.raises(
        MammoError, match=r"the folder images/ is missing; is this the folder that holds the collection"
    ):
        expect_folder(tmp_path, "images")


def test_each_name_gives_one_file_and_copies_are_told(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.dcm", "b.dcm", "x/a.png")]
    files, copies = one_each(tmp_path, paths, lambda path: path.stem)
    assert files == {"a": "a.dcm", "b": "b.dcm"}
    assert copies == [Problem("x/a.png", "duplicate", "named as another image is; that one is used")]


def test_a_fault_of_several_files_is_told_of_each() -> None:
    assert each_of([], "is odd") == []
    assert each_of(["a", "b"], "is odd", "left out") == [Problem(name, "left out", "is odd") for name in "ab"]
    assert [problem.file for problem in each_of("abcdefghijk", "is odd")] == list("abcdefghijk")


def test_what_is_absent_is_told_with_its_table() -> None:
    assert absent(["a.dcm"], "t.csv") == [Problem("a.dcm", "absent", "stands in t.csv, but is not there")]

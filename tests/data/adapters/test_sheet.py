import sys
from pathlib import Path

import pytest

from tflite_mammo.data.adapters.sheet import SIDES, Row, one_of, read_each
from tflite_mammo.data.manifest import Problem
from tflite_mammo.errors import MammoError


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_xlsx(path: Path, *rows: tuple[object, ...]) -> Path:
    openpyxl = pytest.importorskip("openpyxl", reason="the extra `dicom` is not installed")
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def rows_of(table: Path, *needed: str) -> list[Row]:
    made, problems = read_each(table, needed, dict)
    assert not problems
    return made


@pytest.mark.parametrize("separator", [",", ";"])
def test_commas_and_semicolons_give_the_same_rows(separator: str, tmp_path: Path) -> None:
    table = write(tmp_path / "a.csv", *(line.replace(",", separator) for line in ("id,side", "1, L ", "2,", ",")))
    assert rows_of(table, "id") == [{"id": "1", "side": "L"}, {"id": "2", "side": ""}]


def test_a_spreadsheet_gives_the_rows_of_a_csv(tmp_path: Path) -> None:
    table = write_xlsx(tmp_path / "a.xlsx", ("id ", "side", "share"), (1.0, " L", 0.5), (), (2, None))
    assert rows_of(table, "id") == [{"id": "1", "side": "L", "share": "0.5"}, {"id": "2", "side": "", "share": ""}]


@pytest.mark.parametrize(("lines", "found"), [(("id,side", "1,L"), "id, side"), ((), "an empty file")])
def test_a_missing_column_is_named_with_those_found(lines: tuple[str, ...], found: str, tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("\n".join(lines))
    with pytest.raises(MammoError, match=f"a.csv: column 'label' is missing; found {found}"):
        rows_of(table, "label")


def test_an_empty_spreadsheet_is_said_to_be_empty(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"a.xlsx: column 'id' is missing; found an empty file"):
        rows_of(write_xlsx(tmp_path / "a.xlsx"), "id")


def test_a_row_that_nothing_can_be_made_of_is_a_problem_with_its_line(tmp_path: Path) -> None:
    table = write(tmp_path / "a.csv", "side", "L", "both", "R")
    made, problems = read_each(table, ("side",), lambda row: one_of(row, "side", {"L": "left", "R": "right"}))
    assert made == ["left", "right"]
    assert problems == [Problem("a.csv, line 3", "row", "side 'both'; expected L, R")]


def test_a_row_with_too_many_cells_is_a_problem(tmp_path: Path) -> None:
    made, problems = read_each(write(tmp_path / "a.csv", "id,side", "1,L,x", "2,R"), ("id",), dict)
    assert made == [{"id": "2", "side": "R"}]
    assert problems[0].reason == "more cells than the 2 columns; is a comma in one of them not quoted?"


def test_empty_cells_beyond_the_columns_are_none(tmp_path: Path) -> None:
    assert rows_of(write(tmp_path / "a.csv", "id,side", "1,L, ,"), "id") == [{"id": "1", "side": "L"}]


def test_with_semicolons_the_semicolon_is_the_one_not_quoted(tmp_path: Path) -> None:
    _, (problem,) = read_each(write(tmp_path / "a.csv", "id;side", "1;L;x"), ("id",), dict)
    assert problem.reason == "more cells than the 2 columns; is a semicolon in one of them not quoted?"


def test_columns_lose_the_blanks_round_their_names_and_may_be_renamed(tmp_path: Path) -> None:
    table = write(tmp_path / "a.csv", " path , side", "a.png,L")
    made, _ = read_each(table, ("file", "side"), dict, renamed={"path": "file"})
    assert made == [{"file": "a.png", "side": "L"}]


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"a.csv: two columns are called 'side'; rename or remove one"):
        rows_of(write(tmp_path / "a.csv", "id,side,side", "1,L,R"), "id")


def test_a_problem_is_its_files_where_the_row_names_one(tmp_path: Path) -> None:
    table = write(tmp_path / "a.csv", "file,side", "a.png,both", ",both")
    _, problems = read_each(table, ("side",), lambda row: one_of(row, "side", SIDES), named=lambda row: row["file"])
    reason = "side 'both'; expected L, R, LEFT, RIGHT"
    assert problems == [Problem("a.png", "row", f"a.csv, line 2: {reason}"), Problem("a.csv, line 3", "row", reason)]


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"a.csv: no such file"):
        rows_of(tmp_path / "a.csv", "id")


def test_a_broken_spreadsheet_is_named(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl", reason="the extra `dicom` is not installed")
    with pytest.raises(MammoError, match=r"a.xlsx: not a spreadsheet that can be read \("):
        rows_of(write(tmp_path / "a.xlsx", "no zip file"), "id")


def test_without_openpyxl_the_install_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(
        MammoError, match=r"openpyxl is not installed; install it with: pip install 'tflite-mammo\[dico"
    ):
        rows_of(write(tmp_path / "a.xlsx", ""), "id")

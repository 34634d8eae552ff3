"""The tables that owners publish beside their images: .csv with commas or semicolons, or .xlsx.

In: a table and what to make of a row. Out: what was made, and a problem for each row that nothing could be made of.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from tflite_mammo.data.manifest import Problem
from tflite_mammo.errors import MammoError, first_line, missing_extra
from tflite_mammo.files import read_table

Row = dict[str, str]
Made = TypeVar("Made")

SIDES = {"L": "left", "R": "right", "LEFT": "left", "RIGHT": "right"}
BIRADS = {
    "1": "normal",
    "2": "benign", "3": "benign",
    "4": "malignant", "4A": "malignant", "4B": "malignant", "4C": "malignant", "5": "malignant", "6": "malignant",
}  # fmt: skip
"""What an assessment is taken for where no pathology is told: what is biopsied counts as malignant."""


def read_each(
    table: Path,
    needed: Sequence[str],
    make: Callable[[Row], Made],
    *,
    renamed: Mapping[str, str] | None = None,
    named: Callable[[Row], str] = lambda row: "",
) -> tuple[list[Made], list[Problem]]:
    """`make` takes a row's cells without blanks around them, and raises ValueError where the row cannot be used.

    `named` gives the file that a row is about, for the problem's sake; without one the problem is the line's.
    """
    separator = _separator(table)
    columns, lines = _read_xlsx(table) if table.suffix == ".xlsx" else read_table(table, delimiter=separator)
    names = {column: (renamed or {}).get(column.strip(), column.strip()) for column in columns}
    _expect_columns(table, [names[column] for column in columns], needed)
    made, problems = [], []
    for number, row in lines:
        beyond: Sequence[str] = row.pop(None, ())  # type: ignore[call-overload]  # where csv puts what has no column
        cells = {names[column]: (value or "").strip() for column, value in row.items()}
        if not any(cells.values()) and not any(beyond):
            continue  # spreadsheets trail empty rows
        try:
            _expect_no_more(beyond, len(columns), separator)
            made.append(make(cells))
        except ValueError as error:
            where, file = f"{table.name}, line {number}", named(cells)
            problems.append(Problem(file or where, "row", f"{where}: {error}" if file else str(error)))
    return made, problems


def one_of(row: Row, column: str, meanings: Mapping[str, str]) -> str:
    """What a cell means; a cell outside the vocabulary makes the row unusable."""
    meaning = meanings.get(row[column].upper())
    if meaning is None:
        raise ValueError(f"{column} {row[column][:30]!r}; expected {', '.join(meanings)}")
    return meaning


def filled(row: Row, column: str) -> str:
    """What a cell says; an empty one makes the row unusable."""
    if not row[column]:
        raise ValueError(f"no {column}; expected one in every row")
    return row[column]


def _expect_columns(table: Path, columns: list[str], needed: Sequence[str]) -> None:
    missing = [name for name in needed if name not in columns]
    if missing:
        raise MammoError(f"{table}: column '{missing[0]}' is missing; found {', '.join(columns) or 'an empty file'}")
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise MammoError(f"{table}: two columns are called '{twice[0]}'; rename or remove one")


def _expect_no_more(beyond: Sequence[str], width: int, separator: str) -> None:
    if any(cell.strip() for cell in beyond):
        what = {",": "comma", ";": "semicolon"}[separator]
        raise ValueError(f"more cells than the {width} columns; is a {what} in one of them not quoted?")


def _separator(table: Path) -> str:
    """A spreadsheet saved in much of Europe has semicolons."""
    if not table.is_file():
        return ","  # the reading says so
    with table.open("rb") as file:
        head = file.readline()
    return ";" if head.count(b";") > head.count(b",") else ","


def _read_xlsx(path: Path) -> tuple[list[str], list[tuple[int, Row]]]:
    """The first sheet, as `read_table` gives a .csv."""
    try:
        import openpyxl
    except ImportError:
        raise missing_extra("openpyxl", "dicom") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and the like that it does not know, which tell nothing here
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            cells = [[_text(cell) for cell in row] for row in book.worksheets[0].iter_rows(values_only=True)]
            book.close()
    except Exception as error:  # a broken file raises BadZipFile, KeyError, ValueError and more
        raise MammoError(f"{path}: not a spreadsheet that can be read ({first_line(error)})") from error
    columns, *rows = cells or [[]]
    return columns, [(number, dict(zip(columns, row, strict=False))) for number, row in enumerate(rows, start=2)]


def _text(cell: object) -> str:
    """Spreadsheets hold whole numbers as floating-point ones at times."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else str(cell).strip()

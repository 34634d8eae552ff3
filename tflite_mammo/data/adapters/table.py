"""Any collection with one .csv in its folder. Columns file (or path), label and patient are needed.

Understood besides: side, view, split (train, validation, test) or fold_1, fold_2 and so on (the same, per fold), and of
a lesion its name (where a file shows several), its box as left, top, right, bottom or its mask (an image of the same
size). Patients who name the same `same_as` are never parted by a split. Every other column is kept as it is, for
subgroups. The licence is the owners' and is put down as not stated.
"""

import re
import sys
from pathlib import Path, PurePosixPath

from tflite_mammo.data.adapters import AdapterOptions
from tflite_mammo.data.adapters.folder import PART_FOLDERS
from tflite_mammo.data.adapters.inventory import each_of
from tflite_mammo.data.adapters.sheet import Row, read_each
from tflite_mammo.data.gather import gather
from tflite_mammo.data.manifest import Example, Manifest, Problem
from tflite_mammo.errors import MammoError
from tflite_mammo.imaging import Box, image_files

NEEDED = ("file", "label", "patient")
BOX = ("left", "top", "right", "bottom")
KNOWN = frozenset({*NEEDED, *BOX, "same_as", "side", "view", "lesion", "mask", "split", "row"})
FOLD = re.compile(r"fold_\d+")


LAYOUT = "one .csv beside the images: file, label, patient and more"


def read(root: Path, options: AdapterOptions) -> Manifest:
    tables = sorted(root.glob("*.csv"))
    if len(tables) != 1:
        found = ", ".join(table.name for table in tables) or "none"
        raise MammoError(
            f"{root}: .csv files found: {found}; expected exactly one with the columns {', '.join(NEEDED)}"
        )
    examples, problems = read_rows(tables[0])
    named = {file for example in examples for file in (example.file, example.mask)} | {p.file for p in problems}
    here = [path.relative_to(root).as_posix() for path in image_files(root)]
    problems += each_of(
        [file for file in here if file not in named], f"no row of {tables[0].name} names it", "left out"
    )
    return gather(root, examples, problems, source=root.resolve().name)


def read_examples(table: Path) -> tuple[Example, ...]:
    """A table that this program wrote: each row is good, or the table has been damaged."""
    examples, problems = read_rows(table)
    if problems:
        raise MammoError(f"{table}: {problems[0].file}: {problems[0].reason}")
    return tuple(examples)


def read_rows(table: Path) -> tuple[list[Example], list[Problem]]:
    """The rows that can be used, and what is wrong with each of the others."""
    return read_each(table, NEEDED, _example, renamed={"path": "file"}, named=lambda row: row["file"])


def _example(row: Row) -> Example:
    row = {name: sys.intern(value) for name, value in row.items()}
    empty = [name for name in NEEDED if not row[name]]
    if empty:
        raise ValueError(f"no {empty[0]}; fill it in or take the line out")
    part = row.get("split", "")
    folds = tuple(row[name] for name in sorted(filter(FOLD.fullmatch, row), key=lambda name: int(name[5:])))
    for given in (part, *folds):
        if given and given.lower() not in PART_FOLDERS:
            raise ValueError(f"split '{given}'; expected train, validation or test")
    return Example(
        file=_inside(row["file"]),
        label=row["label"],
        patient=row["patient"],
        group=row.get("same_as", ""),
        side=row.get("side", ""),
        view=row.get("view", ""),
        lesion=row.get("lesion", ""),
        box=_box(row),
        mask=_inside(row["mask"]) if row.get("mask") else "",
        part=PART_FOLDERS.get(part.lower(), ""),
        folds=tuple(PART_FOLDERS.get(fold.lower(), "") for fold in folds),
        more={name: value for name, value in row.items() if name not in KNOWN and not FOLD.fullmatch(name) and name},
    )


def _inside(file: str) -> str:
    if any(character < " " for character in file):
        raise ValueError(f"file {file!r} holds a control character; rename it")
    place = PurePosixPath(file)
    if place.is_absolute() or ".." in place.parts:
        raise ValueError(f"file '{place}' lies outside the collection; name it relative to the .csv file's folder")
    return str(place)  # one name per file: without ./ and doubled slashes


def _box(row: Row) -> Box | None:
    values = [row.get(name) or "" for name in BOX]
    if not any(values):
        return None
    try:
        left, top, right, bottom = (round(float(value)) for value in values)
    except (ValueError, OverflowError):
        raise ValueError(f"box {values}; expected four numbers left, top, right, bottom") from None
    if left >= right or top >= bottom:
        raise ValueError(f"box {values}; expected left before right and top before bottom")
    return left, top, right, bottom

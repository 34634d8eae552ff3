"""Any collection with one .csv in its folder. Columns file (or path), label and patient are needed.

Understood besides: side, view, split (train, validation, test), and the lesion's box as left, top, right, bottom.
Every other column is kept as it is, for subgroups.
"""

from pathlib import Path, PurePosixPath

from tflite_mammo.data.adapters import AdapterOptions
from tflite_mammo.data.adapters.folder import PART_FOLDERS
from tflite_mammo.data.manifest import Box, Example, Manifest, order_classes
from tflite_mammo.errors import MammoError
from tflite_mammo.files import read_table

NEEDED = ("file", "label", "patient")
BOX = ("left", "top", "right", "bottom")


def read(root: Path, options: AdapterOptions) -> Manifest:
    tables = sorted(root.glob("*.csv"))
    if len(tables) != 1:
        found = ", ".join(table.name for table in tables) or "none"
        raise MammoError(
            f"{root}: .csv files found: {found}; expected exactly one with the columns {', '.join(NEEDED)}"
        )
    examples = read_examples(tables[0])
    classes = order_classes({example.label for example in examples})
    return Manifest(root, classes, examples, source=root.resolve().name)


def read_examples(table: Path) -> tuple[Example, ...]:
    columns, lines = read_table(table, {"path": "file"})
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        raise MammoError(f"{table}: column '{missing[0]}' is missing; found {', '.join(columns) or 'an empty file'}")
    return tuple(_example(row, f"{table}, line {number}") for number, row in lines)


def _example(row: dict[str, str], where: str) -> Example:
    row = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
    empty = [name for name in NEEDED if not row.get(name)]
    if empty:
        raise MammoError(f"{where}: no {empty[0]}; fill it in or take the line out")
    place = PurePosixPath(row["file"])
    if place.is_absolute() or ".." in place.parts:
        raise MammoError(
            f"{where}: file '{place}' lies outside the collection; name it relative to the .csv file's folder"
        )
    part = row.get("split") or ""
    if part and part.lower() not in PART_FOLDERS:
        raise MammoError(f"{where}: split '{part}'; expected train, validation or test")
    return Example(
        file=str(place),  # one name per file: without ./ and doubled slashes
        label=row["label"],
        patient=row["patient"],
        side=row.get("side") or "",
        view=row.get("view") or "",
        box=_box(row, where),
        part=PART_FOLDERS.get(part.lower(), ""),
        more={k: v for k, v in row.items() if k not in (*NEEDED, *BOX, "side", "view", "split", "row") and k},
    )


def _box(row: dict[str, str], where: str) -> Box | None:
    values = [row.get(name) or "" for name in BOX]
    if not any(values):
        return None
    try:
        left, top, right, bottom = (round(float(value)) for value in values)
    except (ValueError, OverflowError):
        raise MammoError(f"{where}: box {values}; expected four numbers left, top, right, bottom") from None
    if left >= right or top >= bottom:
        raise MammoError(f"{where}: box {values}; expected left before right and top before bottom")
    return left, top, right, bottom

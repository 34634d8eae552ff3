"""boxes.csv of a prepared folder: where each outlined lesion lies on its tensor. In: rows done; out: boxes."""

import csv
from collections.abc import Sequence
from pathlib import Path

from tflite_mammo.data.rows import Done
from tflite_mammo.errors import MammoError
from tflite_mammo.files import read_table
from tflite_mammo.placing import Placed

BOXES = "boxes.csv"
COLUMNS = ("row", "left", "top", "right", "bottom")


def write_boxes(folder: Path, rows: Sequence[Done]) -> None:
    """No file where there is no box."""
    boxes = [(row, *(round(edge, 3) for edge in done.on_tensor)) for row, done in enumerate(rows) if done.on_tensor]
    if boxes:
        with (folder / BOXES).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([COLUMNS, *boxes])


def read_boxes(folder: Path, shape: tuple[int, ...]) -> dict[int, Placed]:
    """By row of an array of this shape; nothing is known where there is no file."""
    if not (folder / BOXES).is_file():
        return {}
    try:
        found = [_read(line, shape) for _, line in read_table(folder / BOXES)[1]]
    except (KeyError, TypeError, ValueError):
        found = []
    if not found or len(dict(found)) < len(found):
        raise MammoError(f"{folder}: {BOXES} was changed after it was prepared; prepare the images again")
    return dict(found)


def _read(line: dict[str, str], shape: tuple[int, ...]) -> tuple[int, Placed]:
    images, height, width, _ = shape
    row = int(line["row"])
    left, top, right, bottom = (float(line[name]) for name in COLUMNS[1:])
    if not (0 <= row < images and 0 <= left <= right <= width and 0 <= top <= bottom <= height):
        raise ValueError(f"{line} lies on no tensor")
    return row, (left, top, right, bottom)

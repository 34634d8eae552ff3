"""The results table: one row an image, on disk as soon as it is known, and never an image twice."""

import csv
import os
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any

from tflite_mammo.errors import MammoError
from tflite_mammo.files import whole_file


@dataclass(frozen=True)
class ResultRow:
    file: str
    verdict: str
    """A class, or `error`."""
    score: str
    """Of the finding; empty where there is none."""
    threshold: str
    reason: str
    """Why there is no score."""
    ms: str
    model: str
    """sha256 of the model file."""


COLUMNS = [field.name for field in fields(ResultRow)]
HEADER = ",".join(COLUMNS)
TEXT: Any = {"encoding": "utf-8", "errors": "surrogateescape"}
"""A file name may hold bytes that are no UTF-8; they come out as they went in."""


class Results:
    """Opened for one model. Rows of an earlier run stay, and `done` names their files; faults are tried again."""

    def __init__(self, path: Path, model_sha256: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = _earlier(path, model_sha256)
        self.done = {row["file"] for row in rows}
        _write_whole(path, rows)
        self._file = path.open("a", newline="", **TEXT)
        self._table = csv.DictWriter(self._file, COLUMNS)

    def __enter__(self) -> "Results":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, row: ResultRow) -> None:
        self._table.writerow({name: getattr(row, name) for name in COLUMNS})
        self._file.flush()
        os.fsync(self._file.fileno())  # a board may lose its power at any moment
        self.done.add(row.file)


def _earlier(path: Path, model_sha256: str) -> list[dict[str, str]]:
    """The whole rows of an earlier run that hold a verdict. A row that a power cut left broken is left out."""
    if not path.exists():
        return []
    with path.open(newline="", **TEXT) as file:
        header = file.readline()
        if not HEADER.startswith(header.rstrip("\r\n")) or (header.endswith("\n") and header.rstrip("\r\n") != HEADER):
            raise MammoError(f"{path} is there already and is no results table of edge_app; choose another --out")
        rows = [row for row in csv.DictReader(file, COLUMNS) if len(row["model"] or "") == len(model_sha256)]
    if any(row["model"] != model_sha256 for row in rows):
        raise MammoError(f"{path} holds results of another model; choose another --out or move it away")
    return [row for row in rows if row["verdict"] != "error"]


def _write_whole(path: Path, rows: list[dict[str, str]]) -> None:
    with whole_file(path) as temporary, temporary.open("w", newline="", **TEXT) as file:
        table = csv.DictWriter(file, COLUMNS, extrasaction="ignore")  # a broken row may have grown columns
        table.writeheader()
        table.writerows(rows)
        file.flush()
        os.fsync(file.fileno())

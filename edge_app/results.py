"""The results table: one row an image, on disk as soon as it is known, and never an image twice."""

import csv
import os
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType

from tflite_mammo.errors import MammoError


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


class Results:
    """Opened for one model. Rows of an earlier, interrupted run stay, and `done` names their files."""

    def __init__(self, path: Path, model_sha256: str) -> None:
        self.done = _earlier(path, model_sha256)
        self._begun = path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", newline="", encoding="utf-8")
        self._table = csv.DictWriter(self._file, COLUMNS)

    def __enter__(self) -> "Results":
        if not self._begun:
            self._table.writeheader()
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


def _earlier(path: Path, model_sha256: str) -> set[str]:
    if not path.exists():
        return set()
    _cut_broken_line(path)
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != COLUMNS:
            raise MammoError(f"{path} is there already and is no results table of edge_app; choose another --out")
        rows = list(reader)
    if any(row["model"] != model_sha256 for row in rows):
        raise MammoError(f"{path} holds results of another model; choose another --out or move it away")
    return {row["file"] for row in rows}


def _cut_broken_line(path: Path) -> None:
    """A run that lost its power may have left half a row: its image is done again."""
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content and content.startswith(b"file,verdict,"):
        with path.open("r+b") as file:
            file.truncate(len(whole))

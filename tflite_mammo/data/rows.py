"""The tensors of a prepare under way: rows of images.npy in any order, and a journal of those that are on disk.

Plain writes at a row's place, not mapped memory: the memory used does not grow with the file, and a full disk is an
error with a name instead of a dead process. A row counts as done when it stands in the journal, and it is written there
only after the tensors before it have reached the disk; so whatever ends the process, what counts as done is whole.
"""

import hashlib
import io
import json
import os
import shutil
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType

import numpy as np

from tflite_mammo.errors import MammoError
from tflite_mammo.imaging import Box
from tflite_mammo.placing import Placed
from tflite_mammo.preprocess import Bytes

SECONDS_AT_RISK = 2.0
"""What a cut of power may cost."""
JOURNAL = "journal.jsonl"
TENSORS = "images.npy"
"""images.npy in the making, where rows are left away."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one file: a line of the journal."""

    row: int
    stamp: str
    """Size and time of the file when it was read: a changed file is read again."""
    reason: str = ""
    """Why there is no tensor, where there is none."""
    box: Box | None = None
    """The lesion's, where there is one."""
    width: int = 0
    height: int = 0
    file_bytes: int = 0
    brightness: float = 0.0
    border: float = 0.0
    on_tensor: Placed | None = None
    """Where the lesion's box lies on the tensor, where it is known and seen."""


class Rows:
    """Opened on a folder that may hold rows of an earlier try; `done` says which are there already."""

    def __init__(self, folder: Path, count: int, shape: tuple[int, int, int]) -> None:
        self._path, self._journal_path = folder / TENSORS, folder / JOURNAL
        header = _header(count, shape)
        self._start, self._row_bytes = len(header), int(np.prod(shape))
        self.done = _read_journal(self._journal_path) if self._path.is_file() else {}
        if not self.done:
            _expect_room(folder, len(header) + count * self._row_bytes)
            self._path.write_bytes(header)
            self._journal_path.touch()
        self._tensors = self._path.open("r+b")
        self._tensors.truncate(self._start + count * self._row_bytes)
        self._journal = self._journal_path.open("a", encoding="utf-8")
        self._journal.write("\n")  # ends the line that was being written when the power went
        self._waiting: list[Done] = []
        self._flushed = time.monotonic()

    def __enter__(self) -> "Rows":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        try:
            self._flush()
        finally:
            self._tensors.close()
            self._journal.close()

    def add(self, done: Done, tensor: Bytes | None) -> None:
        if tensor is not None:
            self._tensors.seek(self._start + done.row * self._row_bytes)
            self._tensors.write(tensor.tobytes())
        self.done[done.row] = done
        self._waiting.append(done)
        if time.monotonic() - self._flushed > SECONDS_AT_RISK:
            self._flush()

    def _flush(self) -> None:
        self._tensors.flush()
        os.fsync(self._tensors.fileno())
        self._journal.writelines(json.dumps(asdict(done)) + "\n" for done in self._waiting)
        self._journal.flush()
        os.fsync(self._journal.fileno())
        self._waiting.clear()
        self._flushed = time.monotonic()


def finish_rows(folder: Path, keep: list[int], shape: tuple[int, int, int]) -> str:
    """Leave images.npy with the rows to `keep`, take the journal away; return the sha256 of all tensors in order.

    Rows move down to their places inside the file, so that no second one needs room.
    """
    if keep and keep[-1] >= len(keep):
        (folder / JOURNAL).unlink()  # before rows move, since it speaks of them as they were
    header, size, digest = _header(len(keep), shape), int(np.prod(shape)), hashlib.sha256()
    with (folder / TENSORS).open("r+b") as file:
        file.write(header)
        for place, row in enumerate(keep):
            file.seek(len(header) + row * size)
            tensor = file.read(size)
            digest.update(tensor)
            if place != row:
                file.seek(len(header) + place * size)
                file.write(tensor)
        file.truncate(len(header) + len(keep) * size)
    (folder / JOURNAL).unlink(missing_ok=True)
    return digest.hexdigest()


def _header(count: int, shape: tuple[int, int, int]) -> bytes:
    """NumPy leaves room for the first number to grow, so every count gives a header of the same length."""
    file = io.BytesIO()
    description = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
    np.lib.format.write_array_header_1_0(file, description)
    return file.getvalue()


def _read_journal(path: Path) -> dict[int, Done]:
    found = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []:
        try:
            done = Done(**json.loads(line))
        except (TypeError, ValueError):
            continue  # torn, or what the disk held where the line should be
        found[done.row] = replace(done, box=done.box and (*done.box,), on_tensor=done.on_tensor and (*done.on_tensor,))
    return found


def _expect_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise MammoError(
            f"{folder.parent}: {needed / 1e6:.0f} MB needed for the tensors, {free / 1e6:.0f} MB free; "
            "make room, choose a smaller --size or another place"
        )

"""Writing that is whole or not there (a temporary name beside the place, then a rename), and reading of tables."""

import csv
import fcntl
import os
import secrets
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from tflite_mammo.errors import MammoError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write; it becomes `path` when the block ends well and vanishes when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(path)
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path, *, resume: bool = False) -> Iterator[Path]:
    """Yield a temporary folder to fill; it becomes `path` when the block ends well and vanishes when it does not.

    With `resume` it stays instead, and the next call for the same path yields it again with what it holds.
    """
    place = expect_new(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = partial_of(place) if resume else _beside(place)
    temporary.mkdir(exist_ok=resume)
    try:
        with _alone_in(temporary, path):
            yield temporary
            if place.exists():
                place.rmdir()
            temporary.rename(place)  # while nobody else can take it for an earlier try
    finally:
        if not resume:
            shutil.rmtree(temporary, ignore_errors=True)


def partial_of(place: Path) -> Path:
    """Where a folder that may be gone on with lies until it is whole."""
    return place.with_name(f".{place.name}.partial")


def expect_new(path: Path) -> Path:
    """Ask before the work is done. The place with links followed; an empty folder there is as good as none."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise MammoError(f"{path} exists already; choose another name or remove it first")
    return _movable(path)


@contextmanager
def replaced_folder(path: Path, names: Collection[str]) -> Iterator[Path]:
    """As `whole_folder`, but in the place of an earlier one, which may hold files of these `names` and nothing else."""
    expect_replaceable(path, names)
    place = _movable(path)
    temporary, old = _beside(place), _beside(place)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        if place.exists():
            place.rename(old)
        try:
            temporary.rename(place)
        except OSError:
            if old.exists():
                old.rename(place)
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def expect_writable(path: Path) -> None:
    """Ask before the work is done: a file of that name may be put there, and the folders that are not there yet."""
    place = path.parent
    while not place.exists():
        place = place.parent
    faults = {
        f"{path} is a folder": path.is_dir(),
        f"{place} is a file": not place.is_dir(),
        f"{place} is read-only": not os.access(place, os.W_OK),
    }
    for fault, found in faults.items():
        if found:
            raise MammoError(f"{path}: cannot be written, {fault}; choose another name")


def expect_replaceable(path: Path, names: Collection[str]) -> None:
    """Ask before the work is done: nobody's files may be lost because a folder of theirs was named."""
    if path.exists() and not path.is_dir():
        raise MammoError(f"{path} is a file; name a folder")
    others = sorted(left.name for left in path.iterdir() if left.name not in names) if path.exists() else []
    if others:
        raise MammoError(f"{path} holds other things, such as {others[0]}; name a new folder")
    _movable(path)


def _movable(path: Path) -> Path:
    """A link to a folder on another disk stays, and what it points to is filled."""
    place = path.resolve()
    if place == Path.cwd() or place.is_mount():
        what = "the folder you are in" if place == Path.cwd() else "a mounted disk itself"
        raise MammoError(f"{path} is {what}, which cannot be put in place whole; name a new folder inside it")
    return place


@contextmanager
def _alone_in(folder: Path, path: Path) -> Iterator[None]:
    """Two processes that fill the same folder would spoil each other's work."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise MammoError(
                f"{path} is being written by another process; wait for it or choose another name"
            ) from None
        yield
    finally:
        os.close(handle)


def is_held(folder: Path) -> bool:
    """Whether a process is filling it now, as `whole_folder` does."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def write_text(path: Path, text: str) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def is_table(path: Path) -> bool:
    return path.suffix.lower() == ".csv"


def read_table(path: Path, *, delimiter: str = ",") -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The columns of a .csv file, and each row with the line it ends on."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, delimiter=delimiter)
            return list(reader.fieldnames or []), [(reader.line_num, row) for row in reader]
    except FileNotFoundError:
        raise MammoError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise MammoError(f"{path}: not in UTF-8; save it as CSV UTF-8") from None
    except csv.Error as error:
        raise MammoError(f"{path}: not a table that can be read ({error})") from error


def _beside(path: Path) -> Path:
    """A name in the same folder, so that the rename is one step, and one that no killed process has left behind."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")

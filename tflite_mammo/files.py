"""Writing that is whole or not there (a temporary name beside the place, then a rename), and reading of tables."""

import csv
import secrets
import shutil
from collections.abc import Iterator, Mapping
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
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder to fill; it becomes `path` when the block ends well and vanishes when it does not."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise MammoError(f"{path} exists already; choose another name or remove it first")
    place = path.resolve()  # a link to a folder on another disk stays, and what it points to is filled
    if place == Path.cwd() or place.is_mount():
        what = "the folder you are in" if place == Path.cwd() else "a mounted disk itself"
        raise MammoError(f"{path} is {what}, which cannot be put in place whole; name a new folder inside it")
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(place)
    temporary.mkdir()
    try:
        yield temporary
        if place.exists():
            place.rmdir()
        temporary.rename(place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_table(
    path: Path, renamed: Mapping[str, str] | None = None
) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The columns of a .csv file, some of them renamed, and each row with the line it ends on."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = [(renamed or {}).get(name, name) for name in reader.fieldnames or []]
            reader.fieldnames = columns
            return columns, [(reader.line_num, row) for row in reader]
    except FileNotFoundError:
        raise MammoError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise MammoError(f"{path}: not in UTF-8; save it as CSV UTF-8") from None
    except csv.Error as error:
        raise MammoError(f"{path}: not a table that can be read ({error})") from error


def _beside(path: Path) -> Path:
    """A name in the same folder, so that the rename is one step, and one that no killed process has left behind."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")

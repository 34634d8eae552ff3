"""What of a collection is there: files and folders that must be, each image once, and the rest told."""

from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

from tflite_mammo.data.manifest import Problem, ProblemKind
from tflite_mammo.errors import MammoError, missing_extra


def expect_file(root: Path, *names: str) -> Path:
    """The first of `names` that is there; a collection laid out otherwise is told which file was looked for."""
    for name in names:
        if (root / name).is_file():
            return root / name
    raise MammoError(f"{root}: {' or '.join(names)} is missing; is this the folder that holds the collection?")


def expect_folder(root: Path, name: str) -> Path:
    """The folder of that name; a collection laid out otherwise is told which folder was looked for."""
    if not (root / name).is_dir():
        raise MammoError(f"{root}: the folder {name}/ is missing; is this the folder that holds the collection?")
    return root / name


def expect_pydicom() -> None:
    """Ask once, before thousands of headers are each found unreadable for want of it."""
    if find_spec("pydicom") is None:
        raise missing_extra("pydicom", "dicom")


def one_each(root: Path, paths: Iterable[Path], name_of: Callable[[Path], str]) -> tuple[dict[str, str], list[Problem]]:
    """Each image by its name, the first where several bear it: a collection is often copied into another format."""
    files: dict[str, str] = {}
    copies = []
    for path in paths:
        file = path.relative_to(root).as_posix()
        if files.setdefault(name_of(path), file) != file:
            copies.append(file)
    return files, each_of(copies, "named as another image is; that one is used", "duplicate")


def absent(names: Sequence[str], table: str) -> list[Problem]:
    """What a table lists and the folder lacks."""
    return each_of(names, f"stands in {table}, but is not there", "absent")


def each_of(names: Sequence[str], reason: str, kind: ProblemKind = "row") -> list[Problem]:
    """One fault of several files."""
    return [Problem(name, kind, reason) for name in names]

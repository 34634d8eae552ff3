"""Where a converted file, its page and its figures come to lie: under its name, or beside it when it is rejected."""

from pathlib import Path

from tflite_mammo.bundle import ModelBundle, ModelCard, write_bundle


def page_of(path: Path) -> Path:
    """Beside the file that was asked for, whether it was accepted or not: the latest verdict on this name."""
    return path.with_name(f"{_stem(path)}.drift.html")


def figures_of(path: Path) -> Path:
    return path.with_name(f"{_stem(path)}.drift.json")


def place(
    flatbuffer: bytes, card: ModelCard, path: Path, golden: bytes, *, accepted: bool
) -> tuple[ModelBundle, Path | None]:
    """The bundle, and the file of the opposite verdict that an earlier call had left; it is removed.

    An accepted file beside a newer rejected one of its name would look as if it were the answer.
    """
    rejected = path.with_name(f"{_stem(path)}.rejected.tflite")
    mine, other = (path, rejected) if accepted else (rejected, path)
    for told in (page_of(path), figures_of(path)):
        told.unlink(missing_ok=True)  # of an earlier file
    bundle = write_bundle(flatbuffer, card, mine, golden)
    removed = other if other.exists() else None
    other.unlink(missing_ok=True)
    return bundle, removed


def _stem(path: Path) -> str:
    return path.name.removesuffix(".tflite")

"""Where a converted file, its page and its figures come to lie: under its name, or beside it when it is rejected."""

from pathlib import Path

from tflite_mammo.bundle import ModelBundle, ModelCard, write_bundle


def page_of(path: Path) -> Path:
    """Beside the file that was asked for, whether it was accepted or not: the latest verdict on this name."""
    return path.with_name(f"{_stem(path)}.drift.html")


def figures_of(path: Path) -> Path:
    return path.with_name(f"{_stem(path)}.drift.json")


def compiled_of(path: Path) -> Path:
    """By Coral's compiler, under the name that it gives."""
    return path.with_name(f"{_stem(path)}_edgetpu.tflite")


def place(
    flatbuffer: bytes, card: ModelCard, path: Path, golden: bytes, *, accepted: bool
) -> tuple[ModelBundle, Path | None]:
    """The bundle, and the file of the opposite verdict that an earlier call had left; it is removed.

    An accepted file beside a newer rejected one of its name would look as if it were the answer.
    """
    rejected = path.with_name(f"{_stem(path)}.rejected.tflite")
    mine, other = (path, rejected) if accepted else (rejected, path)
    bundle = write_bundle(flatbuffer, card, mine, golden)
    for made_of in (page_of(path), figures_of(path), compiled_of(path)):
        made_of.unlink(missing_ok=True)  # an earlier file
    removed = other if other.exists() else None
    other.unlink(missing_ok=True)
    return bundle, removed


def _stem(path: Path) -> str:
    return path.name.removesuffix(".tflite")

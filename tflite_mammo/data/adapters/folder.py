"""Any collection in class folders: ROOT/benign/*.png, or ROOT/train/benign/*.png with valid and test beside it.

Folders do not tell which woman an image shows, and guessing would leak: `patient` must say how to tell. The licence is
the owners' and is put down as not stated.
"""

import re
from pathlib import Path

from tflite_mammo.data.adapters import AdapterOptions
from tflite_mammo.data.adapters.inventory import each_of
from tflite_mammo.data.gather import gather
from tflite_mammo.data.manifest import Example, Manifest, order_classes
from tflite_mammo.errors import MammoError
from tflite_mammo.imaging import IMAGE_SUFFIXES, image_files

LAYOUT = "a folder per class, or train/valid/test above them"
PICTURES = IMAGE_SUFFIXES | {".webp", ".gif", ".jp2", ".j2k", ".heic", ".avif", ".jxl", ".tga", ".ppm", ".pnm", ".npy"}
PART_FOLDERS = {
    "train": "train", "training": "train",
    "valid": "validation", "val": "validation", "validation": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip


def read(root: Path, options: AdapterOptions) -> Manifest:
    names = _folders(root)
    with_parts = bool(names) and all(name.lower() in PART_FOLDERS for name in names)
    tops = {name: (root / name, PART_FOLDERS[name.lower()]) for name in names} if with_parts else {"": (root, "")}
    classes = {name for top, _ in tops.values() for name in _folders(top)}
    if len(classes) < 2:
        found = ", ".join(sorted(classes)) or "none"
        raise MammoError(f"{root}: class folders found: {found}; expected two or more, such as benign/ and malignant/")
    examples = []
    for name, (top, part) in tops.items():
        for label in sorted(classes):
            if not (top / label).is_dir():
                raise MammoError(f"{root}: the class folder '{name}/{label}' is missing; other parts have it")
            for path in image_files(top / label):
                relative = path.relative_to(root).as_posix()
                examples.append(Example(relative, label, _patient(relative, options), part=part))
    taken = {example.file for example in examples}
    empty = sorted(classes - {example.label for example in examples})
    if empty:
        raise MammoError(
            f"{root}: no image in the class folder '{empty[0]}'; expected PNG, JPEG, TIFF, PGM, BMP or DICOM"
        )
    problems = each_of(_others(root, taken), "in no class folder, or of no format that is read", "left out")
    return gather(root, examples, problems, classes=order_classes(classes), source=root.resolve().name)


def _others(root: Path, taken: set[str]) -> list[str]:
    """Pictures by their names that are not among the examples."""
    found = (path.relative_to(root).as_posix() for path in sorted(root.rglob("*")) if path.suffix.lower() in PICTURES)
    return [file for file in found if file not in taken]


def _folders(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))


def _patient(path: str, options: AdapterOptions) -> str:
    if options.patient == "file":
        return path
    if not options.patient:
        raise MammoError(
            "folders do not tell which patient an image shows; pass --patient 'REGEX' with one group for the "
            "patient's number in the path, or --patient file if every file is another patient"
        )
    try:
        match = re.search(options.patient, path)
    except re.error as error:
        raise MammoError(f"--patient {options.patient!r} is no regular expression: {error}") from None
    if not match or not match.groups() or not match.group(1):
        raise MammoError(f"--patient {options.patient!r} finds no patient in '{path}'; it needs one group that matches")
    return match.group(1)

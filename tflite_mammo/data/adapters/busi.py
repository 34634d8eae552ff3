"""BUSI: 780 breast ultrasound images from Baheya Hospital, Cairo, in three classes, with outlines of the lesions.

    ROOT/benign/benign (1).png              an image
    ROOT/benign/benign (1)_mask.png         its lesion; a second one is `benign (1)_mask_1.png`
    ROOT/malignant/ and ROOT/normal/        the same; the masks of normal images are empty and not read

ROOT may also be the folder above, which holds Dataset_BUSI_with_GT/. To be had from the page of Aly Fahmy at Cairo
University (https://scholar.cu.edu.eg/?q=afahmy/pages/dataset). Licence: none is told for the images, the article is
CC BY 4.0: Al-Dhabyani et al., Dataset of breast ultrasound images, Data in Brief 28 (2020) 104863.

Which images show the same woman is not told: each image is a patient of its own, and only files that are the same byte
for byte are given one patient. That is not enough: 235 images are said to be duplicates, and 8 lesions to stand in both
classes (Pawłowska, Karwat and Żołek, Data in Brief 48 (2023) 109247). Look for near-duplicates before trusting a score.
"""

import re
from collections.abc import Iterable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

from tflite_mammo.data.adapters import AdapterOptions
from tflite_mammo.data.adapters.inventory import expect_folder, one_each
from tflite_mammo.data.gather import gather
from tflite_mammo.data.manifest import Example, Manifest, Problem
from tflite_mammo.imaging import image_files

LAYOUT = "BUSI: benign/, malignant/ and normal/ with 'benign (1).png' and 'benign (1)_mask.png'"
CLASSES = ("normal", "benign", "malignant")
MASK = re.compile(r"(?P<image>.+)_mask(?:_\d+)?")


def read(root: Path, options: AdapterOptions) -> Manifest:
    images, problems = _with_masks(root)
    patients, twice = _patients(root, images)
    examples = [
        example
        for file, masks in images.items()
        if file in patients
        for example in _examples(file, masks, patients[file])
    ]
    return gather(
        root,
        examples,
        problems + twice,
        classes=CLASSES,
        source="BUSI (Al-Dhabyani et al. 2020); patients are not told, and near-duplicates are known",
        licence="article CC BY 4.0, cite Al-Dhabyani et al. 2020",
    )


def _with_masks(root: Path) -> tuple[dict[str, list[str]], list[Problem]]:
    """Each image with the masks of its lesions, in their order; a mask without its image is a problem."""
    paths = list(_all_files(root))
    named = {path: match for path in paths if (match := MASK.fullmatch(path.stem))}
    files, problems = one_each(root, [path for path in paths if path not in named], partial(_place, root))
    images: dict[str, list[str]] = {file: [] for file in files.values()}
    for path in sorted(named, key=lambda mask: (len(mask.name), mask)):  # _mask before _mask_1, 2 before 10
        file, image = path.relative_to(root).as_posix(), named[path]["image"]
        found = files.get((path.parent.relative_to(root) / image).as_posix())
        if found is None:
            problems.append(Problem(file, "row", f"a mask, and its image '{image}' is not beside it"))
        else:
            images[found].append(file)
    return images, problems


def _place(root: Path, path: Path) -> str:
    return path.relative_to(root).with_suffix("").as_posix()


def _all_files(root: Path) -> Iterator[Path]:
    base = root / "Dataset_BUSI_with_GT" if (root / "Dataset_BUSI_with_GT").is_dir() else root
    for label in ("benign", "malignant"):
        expect_folder(base, label)
    for label in sorted(CLASSES):
        yield from image_files(base / label)


def _patients(root: Path, files: Iterable[str]) -> tuple[dict[str, str], list[Problem]]:
    """A patient for each image, one for those that are the same; of the same in two classes neither label is known."""
    same: dict[str, list[str]] = {}
    problems: list[Problem] = []
    for file in files:
        try:
            same.setdefault(sha256((root / file).read_bytes()).hexdigest(), []).append(file)
        except OSError as error:
            problems.append(Problem(file, "unreadable", str(error.strerror)))
    patients: dict[str, str] = {}
    for group in same.values():
        if len({_label(file) for file in group}) == 1:
            patients.update(dict.fromkeys(group, group[0]))
            continue
        for file in group:
            others = ", ".join(other for other in group if _label(other) != _label(file))
            problems.append(Problem(file, "duplicate", f"the same file as {others}, of another class; none is used"))
    return patients, problems


def _label(file: str) -> str:
    return next(part for part in file.split("/") if part in CLASSES)


def _examples(file: str, masks: list[str], patient: str) -> list[Example]:
    label = _label(file)
    if label == "normal" or not masks:
        return [Example(file, label, patient)]
    return [Example(file, label, patient, lesion=str(count), mask=mask) for count, mask in enumerate(masks, start=1)]

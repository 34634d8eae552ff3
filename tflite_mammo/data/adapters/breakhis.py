"""BreaKHis: 7,909 microscope images of breast tumours, benign and malignant, at four magnifications.

    ROOT/BreaKHis_v1/histology_slides/breast/benign/SOB/tubular_adenoma/SOB_B_TA_14-4659/40X/
        SOB_B_TA-14-4659-40-001.png         only this name matters, not the folders
    ROOT/dsfold1.txt to dsfold5.txt         the authors' five folds, at any depth; not needed

To be had from the Federal University of Paraná (https://web.inf.ufpr.br/vri/databases/breast-cancer-histopathological-
database-breakhis). Licence: research; cite Spanhol et al., IEEE Transactions on Biomedical Engineering 63 (2016).

The owners count 82 patients, which is the number of slides: 14-22549AB, 14-22549CD and 14-22549G count as three, and
14-13412 counts twice, for its pictures stand there as ductal and again as lobular carcinoma. Here the patient is the
case, without the slide's letters and whatever the tumour: 14-22549, 14-13412. That makes 70 of the 82, and no case can
be trained on and tested. The folds go by slide: where a case stands on both sides of one, its tests stay as the authors
have them, and its training images are left out of that fold, with a problem that says so.
"""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from tflite_mammo.data.adapters import AdapterOptions
from tflite_mammo.data.adapters.inventory import absent, each_of, one_each
from tflite_mammo.data.gather import gather
from tflite_mammo.data.manifest import Example, Manifest, Problem
from tflite_mammo.errors import MammoError
from tflite_mammo.imaging import image_files

LAYOUT = "BreaKHis: images named SOB_B_TA-14-4659-40-001.png in any folders, perhaps dsfold1.txt to dsfold5.txt"
NAME = re.compile(
    r"SOB_(?P<label>[BM])_(?P<tumour>A|F|PT|TA|DC|LC|MC|PC)"
    r"-(?P<slide>(?P<case>\d+-\d+)[A-Z]*)-(?P<magnification>40|100|200|400)-\d+"
)
TUMOURS = {
    "A": "adenosis", "F": "fibroadenoma", "PT": "phyllodes tumour", "TA": "tubular adenoma",
    "DC": "ductal carcinoma", "LC": "lobular carcinoma", "MC": "mucinous carcinoma", "PC": "papillary carcinoma",
}  # fmt: skip
FOLDS = 5
FoldParts = dict[str, str]
"""The part of each image in one fold, by its name without the suffix."""


def read(root: Path, options: AdapterOptions) -> Manifest:
    files, problems = _images(root)
    patients = {name: match["case"] for name, (_, match) in files.items()}
    folds, faults = _folds(root, patients)
    examples = [
        Example(
            file=file,
            label="benign" if match["label"] == "B" else "malignant",
            patient=match["case"],
            folds=tuple(fold.get(name, "") for fold in folds),
            more={
                "tumour": TUMOURS[match["tumour"]],
                "magnification": match["magnification"],
                "slide": f"{match['tumour']}-{match['slide']}",
            },
        )
        for name, (file, match) in files.items()
    ]
    return gather(
        root,
        examples,
        problems + faults,
        classes=("benign", "malignant"),
        source="BreaKHis (Spanhol et al. 2016)",
        licence="research, cite Spanhol et al. 2016",
    )


def _images(root: Path) -> tuple[dict[str, tuple[str, re.Match[str]]], list[Problem]]:
    """Each image by its name, once: the authors' script copies all of them into a folder per fold."""
    found, problems = one_each(root, image_files(root), lambda path: path.stem)
    named = {name: (file, match) for name, file in found.items() if (match := NAME.fullmatch(name))}
    if not named:
        raise MammoError(
            f"{root}: no image is named like SOB_B_TA-14-4659-40-001.png; is this the folder that holds the collection?"
        )
    others = [file for name, file in found.items() if name not in named]
    return named, problems + each_of(others, "not named as the collection's are, SOB_B_TA-14-4659-40-001.png")


def _folds(root: Path, patients: Mapping[str, str]) -> tuple[list[FoldParts], list[Problem]]:
    """A part for each image in each of the five folds, or no folds where no file tells them."""
    texts = sorted(path for path in root.rglob("dsfold*.txt") if path.is_file())
    tables = {n: [path for path in texts if path.name == f"dsfold{n}.txt"] for n in range(1, FOLDS + 1)}
    if not any(tables.values()):
        return [], []
    folds: list[FoldParts] = []
    problems: list[Problem] = []
    for number, found in tables.items():
        if not found:
            problems.append(
                Problem(f"dsfold{number}.txt", "row", "not here, though other folds are; the fold is empty")
            )
            folds.append({})
            continue
        fold, faults = _fold(found[0], patients)
        crossing, more = _without_crossing(found[0].name, fold, patients)
        folds.append(crossing)
        problems += faults + more
    return folds, problems


def _fold(table: Path, patients: Mapping[str, str]) -> tuple[FoldParts, list[Problem]]:
    """Lines such as SOB_B_TA-14-4659-40-001.png|40|1|train: name, magnification, fold and part."""
    fold: FoldParts = {}
    problems: list[Problem] = []
    missing: list[str] = []
    for number, line in enumerate(table.read_text(encoding="latin-1").splitlines(), start=1):
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != 4 or cells[3] not in ("train", "test"):
            if line.strip():
                reason = f"line {number}: {line[:80]!r}; expected name|magnification|fold|train or test"
                problems.append(Problem(table.name, "row", reason))
            continue
        name = PurePosixPath(cells[0]).stem
        if name in patients:
            fold[name] = cells[3]
        else:
            missing.append(cells[0])
    unlisted = [name for name in patients if name not in fold]
    return fold, [
        *problems,
        *absent(missing, table.name),
        *each_of(unlisted, f"no line of {table.name} names it; it is not used in that fold", "left out"),
    ]


def _without_crossing(table: str, fold: FoldParts, patients: Mapping[str, str]) -> tuple[FoldParts, list[Problem]]:
    """The fold without the training images of any case that is tested in it."""
    tested = {patients[name] for name, part in fold.items() if part == "test"}
    dropped: dict[str, int] = {}
    for name, part in fold.items():
        if part == "train" and patients[name] in tested:
            dropped[patients[name]] = dropped.get(patients[name], 0) + 1
    kept = {name: part for name, part in fold.items() if part == "test" or patients[name] not in tested}
    return kept, [
        Problem(table, "left out", f"patient {case} is in train and in test; her {count} images of train are left out")
        for case, count in sorted(dropped.items())
    ]

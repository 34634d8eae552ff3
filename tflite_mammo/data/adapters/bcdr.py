"""BCDR: film and digital mammograms from Porto with outlined lesions; F03 is the set of masses on film (736 images).

    ROOT/bcdr_f03_img.csv               a row for each image
    ROOT/bcdr_f03_outlines.csv          a row for each outline: its points and how the lesion was classified
    ROOT/patient_3/study_3/img_3_3_1_RCC.tif

ROOT may hold several sets (F01, F02, F03, D01, D02 and those of normal women such as DN01), each in its folder. To be
had at https://bcdr.eu after registration. Licence: research, after registration; cite Guevara Lopez et al., BCDR: a
breast cancer digital repository (2012), and for F03 Arevalo et al. 2016.

The classes are benign, malignant and, of sets of normal women, normal. Images of the other sets on which no lesion is
outlined are left out: the lesion may be there and not be seen in that view. A patient's number is taken for the same
woman in every set, so that sets read together share none between the parts of a split; an image that stands in two
sets is two images of that woman.
"""

import re
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from tflite_mammo.data.adapters import AdapterOptions
from tflite_mammo.data.adapters.inventory import absent, each_of, expect_file
from tflite_mammo.data.adapters.sheet import Row, filled, one_of, read_each
from tflite_mammo.data.gather import gather
from tflite_mammo.data.manifest import Example, Manifest, Problem
from tflite_mammo.imaging import Box, image_files

LAYOUT = "BCDR: bcdr_f03_img.csv, bcdr_f03_outlines.csv and patient_3/study_3/*.tif, or folders of such sets"
OUTLINES = ("patient_id", "image_filename", "lw_x_points", "lw_y_points", "classification")
IMAGES = ("patient_id", "image_filename")
NORMAL = re.compile(r"[df]n\d+")
LABELS = {"BENIGN": "benign", "MALIGN": "malignant", "MALIGNANT": "malignant"}
VIEWS = {
    "1": ("right", "CC"), "2": ("left", "CC"), "3": ("right", "MLO"), "4": ("left", "MLO"),
    "RCC": ("right", "CC"), "LCC": ("left", "CC"), "RO": ("right", "MLO"), "LO": ("left", "MLO"),
}  # fmt: skip
KEPT = ("study_id", "series", "lesion_id", "segmentation_id", "age", "density")
FINDINGS = (
    "nodule", "calcification", "microcalcification", "axillary_adenopathy", "architectural_distortion",
    "stroma_distortion",
)  # fmt: skip
"""Columns mammography_nodule and so on, 1 where it is so."""


def read(root: Path, options: AdapterOptions) -> Manifest:
    tables = [*root.glob("bcdr_*_*.csv"), *root.glob("*/bcdr_*_*.csv")]
    sets = sorted({(path.parent, path.stem.split("_")[1]) for path in tables})
    if not sets:
        expect_file(root, "bcdr_f03_outlines.csv")
    examples: list[Example] = []
    problems: list[Problem] = []
    here = [path.relative_to(root).as_posix() for path in image_files(root)]
    for folder, name in sets:
        found, faults = (_normal if NORMAL.fullmatch(name) else _lesions)(root, folder, name)
        missing = sorted({example.file for example in found} - set(here))
        examples += found
        problems += faults + absent(missing, f"the table of bcdr_{name}")
    named = {*(example.file for example in examples), *(problem.file for problem in problems)}
    bare = "no lesion is outlined in it, and whether the breast is normal is not told"
    there = set(here)
    return gather(
        root,
        [example for example in examples if example.file in there],
        [*problems, *each_of([file for file in here if file not in named], bare, "left out")],
        classes=("normal", "benign", "malignant"),
        source="BCDR (Guevara Lopez et al. 2012)",
        licence="research, after registration at bcdr.eu",
    )


def _normal(root: Path, folder: Path, name: str) -> tuple[list[Example], list[Problem]]:
    """Every image of a set of normal women."""
    table, file_of = expect_file(folder, f"bcdr_{name}_img.csv"), partial(_file, root, folder)
    return read_each(table, IMAGES, lambda row: _example(file_of(row), row, name, "normal"), named=file_of)


def _lesions(root: Path, folder: Path, name: str) -> tuple[list[Example], list[Problem]]:
    """Every lesion of a set. An image with an outline that cannot be read is left out: its label is not certain."""
    table, file_of = expect_file(folder, f"bcdr_{name}_outlines.csv"), partial(_file, root, folder)
    made, faults = read_each(table, OUTLINES, lambda row: _lesion(file_of(row), row, name), named=file_of)
    spoilt = {fault.file for fault in faults}
    counts: Counter[str] = Counter()
    examples = []
    for lesion in made:
        counts[lesion.file] += 1
        if lesion.file not in spoilt:
            examples.append(replace(lesion, lesion=str(counts[lesion.file])))
    return examples, [replace(fault, reason=f"{fault.reason}; the image is left out") for fault in faults]


def _file(root: Path, folder: Path, row: Row) -> str:
    return (PurePosixPath(folder.relative_to(root).as_posix()) / row["image_filename"].replace("\\", "/")).as_posix()


def _example(file: str, row: Row, name: str, label: str) -> Example:
    code = row.get("image_type_name") or row.get("image_view", "")
    side, view = VIEWS.get(code.upper(), ("", code))
    findings = [name for name in FINDINGS if row.get(f"mammography_{name}") == "1"]
    known = {key: row[key] for key in KEPT if row.get(key, "NaN") != "NaN"}
    more = {"set": name, "findings": " ".join(findings), **known}
    return Example(file, label, filled(row, "patient_id"), side, view, more=more)


def _lesion(file: str, row: Row, name: str) -> Example:
    """One outline, not yet numbered."""
    example = _example(file, row, name, one_of(row, "classification", LABELS))
    return replace(example, box=_box(row["lw_x_points"], row["lw_y_points"]))


def _box(across: str, down: str) -> Box:
    try:
        xs, ys = [[int(float(value)) for value in points.split()] for points in (across, down)]
    except (ValueError, OverflowError):
        raise ValueError(f"points {across[:30]!r} and {down[:30]!r}; expected numbers between blanks") from None
    if len(xs) != len(ys) or len(xs) < 3:
        raise ValueError(f"{len(xs)} x and {len(ys)} y points; expected as many of both, three or more")
    return max(min(xs), 0), max(min(ys), 0), max(xs) + 1, max(ys) + 1

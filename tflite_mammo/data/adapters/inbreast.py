"""INbreast: 410 full-field digital images of 115 cases, each with a BI-RADS assessment, lesions outlined by hand.

    INbreast.csv                                              one row per image; an .xlsx of it does as well
    AllDICOMs/20586908_6c613a14b80a8591_MG_R_CC_ANON.dcm      image, patient, side, view (ML stands for MLO)
    AllXML/20586908.xml                                       outlines, for images that have some

The labels are what radiologists thought, not pathology: BI-RADS 1 is normal, 2 and 3 benign, 4a to 6 malignant. They
are given per image, and each lesion in it bears the image's label. Side and view are the table's.

Lesions are the outlines of three points or more: masses, clusters, distortions, asymmetries, spiculated regions. Single
calcifications, of which there are thousands, a few pixels wide each, are not; nor is the pectoral muscle.

To be had from its authors (Breast Research Group, INESC Porto) on request. Licence: for research only.
"""

import math
import plistlib
import re
from dataclasses import replace
from pathlib import Path

from tflite_mammo.data.adapters import AdapterOptions
from tflite_mammo.data.adapters.inventory import absent, each_of, expect_file, expect_folder, one_each
from tflite_mammo.data.adapters.sheet import BIRADS, SIDES, Row, one_of, read_each
from tflite_mammo.data.gather import gather
from tflite_mammo.data.manifest import Example, Manifest, Problem
from tflite_mammo.errors import first_line
from tflite_mammo.imaging import Box, image_files

LAYOUT = "INbreast.csv with the folders AllDICOMs/ and AllXML/ beside it"
NEEDED = ("Laterality", "View", "Acquisition date", "File Name", "ACR", "Bi-Rads")
NAME = re.compile(r"\d+_(\w+)_MG_[LR]_\w+_ANON\.dcm")
NO_LESION = re.compile(r"|pectoral muscle|calcification|unnamed|point \d+", re.IGNORECASE)
"""The names that outlines of no lesion bear in the files: those of single calcifications were not always filled in."""
SPELT = {
    "assymetry": "asymmetry",
    "espiculated region": "spiculated region",
    "calcifications": "cluster",
}
"""Kinds that the files write in two ways."""


def read(root: Path, options: AdapterOptions) -> Manifest:
    table = expect_file(root, "INbreast.csv", "INbreast.xlsx")
    rows, problems = read_each(table, NEEDED, _image)
    images = [row for row in rows if row]
    found = image_files(expect_folder(root, "AllDICOMs"))
    files, copies = one_each(root, found, lambda path: path.name.split("_")[0])
    listed = {image.file for image in images}
    lost = [f"AllDICOMs/{number}_*.dcm" for number in sorted(listed - files.keys())]
    unlisted = [files[number] for number in sorted(files.keys() - listed)]
    problems += [
        *copies,
        *absent(lost, table.name),
        *each_of(unlisted, f"has no row in {table.name} that can be used"),
    ]
    examples = []
    for image in images:
        if image.file not in files:
            continue
        made, faults = _examples(root, image, files[image.file])
        examples += made
        problems += faults
    return gather(
        root,
        examples,
        problems,
        classes=("normal", "benign", "malignant"),
        source="INbreast, BI-RADS assessments (Moreira et al. 2012, doi:10.1016/j.acra.2011.09.014)",
        licence="for research, on request from its authors",
    )


def _image(row: Row) -> Example | None:
    """One row of the table, as an example whose file is its number only and whose patient is not known yet."""
    if not row["File Name"] and not row["Bi-Rads"]:
        return None  # the owners' notes below the table
    if not row["File Name"].isdigit():
        raise ValueError(f"File Name {row['File Name'][:30]!r}; expected a number such as 20586908")
    return Example(
        row["File Name"],
        one_of(row, "Bi-Rads", BIRADS),
        "",
        one_of(row, "Laterality", SIDES),
        row["View"].upper(),
        more={"birads": row["Bi-Rads"], "density": row["ACR"], "date": row["Acquisition date"]},
    )


def _examples(root: Path, image: Example, file: str) -> tuple[list[Example], list[Problem]]:
    """The image's lesions, or the image as a whole where it has none."""
    named = NAME.fullmatch(file.rpartition("/")[2])
    if not named:
        reason = "its name tells no patient; expected 20586908_6c613a14b80a8591_MG_R_CC_ANON.dcm or the like"
        return [], [Problem(file, "row", reason)]
    lesions, problems = _lesions(root, image.file)
    whole = replace(image, file=file, patient=named[1])
    outlined = [
        replace(whole, lesion=str(number), box=box, more={**whole.more, "kind": kind})
        for number, (kind, box) in enumerate(lesions, start=1)
    ]
    return outlined or [whole], problems


def _lesions(root: Path, number: str) -> tuple[list[tuple[str, Box]], list[Problem]]:
    """Kind and box of each lesion in AllXML/; a file that cannot be read leaves the image without lesions."""
    path = root / "AllXML" / f"{number}.xml"
    if not path.is_file():
        return [], []
    try:
        outlines = [roi for image in plistlib.loads(path.read_bytes())["Images"] for roi in image["ROIs"]]
        found = [(str(roi["Name"]), roi["Point_px"]) for roi in outlines]
        kept = [(name, points) for name, points in found if len(points) >= 3 and not NO_LESION.fullmatch(name.strip())]
        return [(SPELT.get(name.strip().lower(), name.strip().lower()), _box(points)) for name, points in kept], []
    except Exception as error:  # a broken property list raises ExpatError, KeyError, ValueError, TypeError and more
        reason = f"outlines that cannot be read ({first_line(error)}); its image counts without lesions"
        return [], [Problem(f"AllXML/{path.name}", "left out", reason)]


def _box(points: list[str]) -> Box:
    """Round the outline, whose points are written '(1234.5, 678.9)', whole pixels in which all of it lies."""
    xs, ys = zip(*((float(x), float(y)) for x, y in (point.strip("() ").split(",") for point in points)), strict=True)
    return max(math.floor(min(xs)), 0), max(math.floor(min(ys)), 0), math.floor(max(xs)) + 1, math.floor(max(ys)) + 1

"""VinDr-Mammo: 5,000 exams of four views, each breast with a BI-RADS assessment, findings with boxes.

    breast-level_annotations.csv                     one row per image
    finding_annotations.csv                          one row per finding, or 'No Finding' without a box
    images/<study_id>/<image_id>.dicom               or an image of the same size

The labels are what radiologists thought, not pathology: BI-RADS 1 is normal, 2 and 3 benign, 4 and 5 malignant.
A finding has its own assessment; without one it takes the breast's. No patient's number is published: a study is one
exam, and is taken for a patient. The owners' split is kept (training, test).

To be had from PhysioNet, project vindr-mammo, after signing its data use agreement.
Licence: PhysioNet Restricted Health Data License 1.5.0.
"""

import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from tflite_mammo.data.adapters import AdapterOptions
from tflite_mammo.data.adapters.inventory import absent, each_of, expect_file, expect_folder, one_each
from tflite_mammo.data.adapters.sheet import BIRADS, SIDES, Row, one_of, read_each
from tflite_mammo.data.gather import gather
from tflite_mammo.data.manifest import Example, Manifest
from tflite_mammo.imaging import Box, image_files

LAYOUT = "breast-level_annotations.csv, finding_annotations.csv and the folder images/"
CLASSES = ("normal", "benign", "malignant")
ASSESSMENTS = {f"BI-RADS {grade}": label for grade, label in BIRADS.items() if grade.isdigit()}
CORNERS = ("xmin", "ymin", "xmax", "ymax")
IMAGE = ("study_id", "image_id", "laterality", "view_position", "breast_birads", "breast_density", "split")
FINDING = ("study_id", "image_id", "height", "width", "finding_categories", "finding_birads", *CORNERS)


def read(root: Path, options: AdapterOptions) -> Manifest:
    tables = [expect_file(root, name) for name in ("breast-level_annotations.csv", "finding_annotations.csv")]
    found = image_files(expect_folder(root, "images"))
    files, copies = one_each(root, found, lambda path: path.relative_to(root).with_suffix("").as_posix())
    images, bad_images = read_each(tables[0], IMAGE, _image, named=lambda row: files.get(_place(row), ""))
    findings, bad_findings = read_each(tables[1], FINDING, _finding)
    of_image: dict[str, list[Example]] = defaultdict(list)
    for finding in findings:
        if finding.box:
            of_image[finding.file].append(finding)
    examples: list[Example] = []
    for image in images:
        if image.file in files:
            examples += _with_lesions(replace(image, file=files[image.file]), of_image[image.file])
    listed = {image.file for image in images}
    told = {problem.file for problem in bad_images}
    return gather(
        root,
        examples,
        [
            *bad_images,
            *bad_findings,
            *copies,
            *absent([f"{image.file}.dicom" for image in images if image.file not in files], tables[0].name),
            *each_of(
                [file for name, file in files.items() if name not in listed and file not in told],
                f"has no row in {tables[0].name}",
            ),
            *each_of(
                [name for name in of_image if name not in listed],
                f"has a finding in {tables[1].name} and no row in {tables[0].name} that can be used",
            ),
        ],
        classes=CLASSES,
        source="VinDr-Mammo 1.0.0, BI-RADS assessments (Nguyen et al. 2023, doi:10.13026/br2v-7517)",
        licence="PhysioNet Restricted Health Data License 1.5.0",
    )


def _image(row: Row) -> Example:
    """One row of the breast-level table; the file is still without its suffix."""
    return Example(
        _stem(row),
        one_of(row, "breast_birads", ASSESSMENTS),
        row["study_id"],
        one_of(row, "laterality", SIDES),
        row["view_position"],
        part=one_of(row, "split", {"TRAINING": "train", "TEST": "test"}),
        more={
            "birads": row["breast_birads"].removeprefix("BI-RADS "),
            "density": row["breast_density"].removeprefix("DENSITY "),
        },
    )


def _finding(row: Row) -> Example:
    """One row of the findings; without a box where nothing was found, without a label where it has no assessment."""
    label = one_of(row, "finding_birads", ASSESSMENTS) if row["finding_birads"] else ""
    more = {
        "kind": ", ".join(re.findall(r"[\"']([^\"']+)[\"']", row["finding_categories"])),  # written as a Python list
        "finding_birads": row["finding_birads"].removeprefix("BI-RADS "),
    }
    return Example(_stem(row), label, row["study_id"], box=_box(row), more=more)


def _with_lesions(image: Example, findings: list[Example]) -> list[Example]:
    lesions = [
        replace(
            image, label=found.label or image.label, lesion=str(n), box=found.box, more={**image.more, **found.more}
        )
        for n, found in enumerate(findings, start=1)
    ]
    # A breast may be assessed by what only its other view shows: then the image as a whole must keep that label.
    gravest = max((CLASSES.index(lesion.label) for lesion in lesions), default=-1)
    return [*lesions, image] if CLASSES.index(image.label) > gravest else lesions


def _stem(row: Row) -> str:
    for column in ("study_id", "image_id"):
        if not re.fullmatch(r"\w+", row[column]):
            raise ValueError(f"{column} {row[column][:30]!r}; expected letters and digits")
    return _place(row)


def _place(row: Row) -> str:
    return f"images/{row['study_id']}/{row['image_id']}"


def _box(row: Row) -> Box | None:
    """Some boxes reach beyond the image and are cut at its edges."""
    values = [row[name] for name in CORNERS]
    if not any(values):
        return None
    try:
        left, top, right, bottom = (round(float(value)) for value in values)
        width, height = int(row["width"]), int(row["height"])
    except (ValueError, OverflowError):
        raise ValueError(f"box {values}; expected four numbers, and the image's height and width") from None
    box = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    if box[0] >= box[2] or box[1] >= box[3]:
        raise ValueError(
            f"box {values}; expected xmin before xmax, ymin before ymax, inside {width} by {height} pixels"
        )
    return box

"""The screening set of the RSNA 2022 challenge: 54,706 mammograms of 11,913 women from two sites.

    ROOT/train.csv                              a row for each image
    ROOT/train_images/10006/462822612.dcm       patient and image; PNG and JPEG copies as well, also as
    ROOT/train_images/10006_462822612.png       patient_image, at any depth

To be had at https://www.kaggle.com/competitions/rsna-breast-cancer-detection. Licence: non-commercial research and
education, if nobody is re-identified.

The classes are `no cancer` and `cancer`, as the column `cancer` has them: whether cancer was proven in that breast.
`no cancer` is mostly normal; it is not a benign lesion, and nothing tells the two apart. No lesion is outlined.

Images that the table does not name, as those in test_images/, bear no label and are left out.
"""

from dataclasses import replace
from pathlib import Path

from tflite_mammo.data.adapters import AdapterOptions
from tflite_mammo.data.adapters.inventory import absent, each_of, expect_file, one_each
from tflite_mammo.data.adapters.sheet import SIDES, Row, filled, one_of, read_each
from tflite_mammo.data.gather import gather
from tflite_mammo.data.manifest import Example, Manifest
from tflite_mammo.imaging import image_files

LAYOUT = "RSNA 2022 screening: train.csv and train_images/PATIENT/IMAGE.dcm (or .png)"
NEEDED = ("patient_id", "image_id", "laterality", "view", "cancer")
KEPT = (
    "site_id", "machine_id", "age", "density", "implant", "BIRADS", "biopsy", "invasive", "difficult_negative_case",
)  # fmt: skip
LABELS = {"0": "no cancer", "1": "cancer"}


def read(root: Path, options: AdapterOptions) -> Manifest:
    table = expect_file(root, "train.csv")
    files, copies = one_each(root, image_files(root), _name)
    rows, problems = read_each(table, NEEDED, _example, named=lambda row: files.get(_key(row), ""))
    missing = [row.file for row in rows if row.file not in files]
    told = {*(row.file for row in rows), *(problem.file for problem in problems)}
    unlisted = [file for name, file in files.items() if name not in told and file not in told]
    return gather(
        root,
        [replace(row, file=files[row.file]) for row in rows if row.file in files],
        [
            *problems,
            *copies,
            *absent(missing, table.name),
            *each_of(unlisted, f"no row of {table.name} names it", "left out"),
        ],
        classes=("no cancer", "cancer"),
        source="RSNA Screening Mammography Breast Cancer Detection (RSNA 2022)",
        licence="non-commercial research and education, no re-identification (RSNA)",
    )


def _name(path: Path) -> str:
    """patient_image, told by the file's name alone or by its folder and its name."""
    return path.stem if "_" in path.stem else f"{path.parent.name}_{path.stem}"


def _key(row: Row) -> str:
    return f"{row['patient_id']}_{row['image_id']}"


def _example(row: Row) -> Example:
    """One row, as an example whose file is still patient_image."""
    patient, _ = filled(row, "patient_id"), filled(row, "image_id")
    return Example(
        _key(row),
        one_of(row, "cancer", LABELS),
        patient,
        one_of(row, "laterality", SIDES),
        row["view"],
        more={name: row[name] for name in KEPT if name in row},
    )

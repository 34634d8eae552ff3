"""CMMD, the Chinese Mammography Database: 1,775 women, full-field digital, biopsy-proven benign or malignant.

    CMMD_clinicaldata_revision.xlsx                  one row per breast; a .csv saved from it does as well
    CMMD/D1-0001/<study>/<series>/1-1.dcm            as the NBIA Data Retriever writes it; any depth is read

Patient, side and view are read from the DICOM headers, so that the names of folders do not matter. A breast bears one
label, and no lesion is outlined. There is no class normal: of many women both breasts are shown and one is listed, and
nothing tells what the other one is, so its images are left out.

To be had from The Cancer Imaging Archive (TCIA), collection CMMD. Licence: CC BY 4.0.
"""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from tflite_mammo.data.adapters import AdapterOptions
from tflite_mammo.data.adapters.inventory import each_of, expect_file, expect_pydicom
from tflite_mammo.data.adapters.sheet import SIDES, Row, filled, one_of, read_each
from tflite_mammo.data.gather import gather
from tflite_mammo.data.manifest import Example, Manifest, Problem
from tflite_mammo.errors import MammoError
from tflite_mammo.imaging import image_files
from tflite_mammo.imaging.dicom import DicomFacts, read_facts

LAYOUT = "CMMD_clinicaldata_revision.xlsx (or .csv) with the folder CMMD/ beside it"
NEEDED = ("ID1", "LeftRight", "Age", "number", "abnormality", "classification", "subtype")


def read(root: Path, options: AdapterOptions) -> Manifest:
    sheet = expect_file(root, "CMMD_clinicaldata_revision.xlsx", "CMMD_clinicaldata_revision.csv")
    expect_pydicom()
    rows, problems = read_each(sheet, NEEDED, _breast)
    breasts: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for row in rows:
        breasts[row.patient, row.side].append(row)
    shown, faults = _headers(root)
    seen = {(facts.patient, facts.side) for facts in shown.values()}
    unseen = [f"{patient}, {side} breast" for patient, side in breasts if (patient, side) not in seen]
    return gather(
        root,
        [
            replace(row, file=file, view=facts.view, more={**row.more, **_technique(facts)})
            for file, facts in shown.items()
            for row in breasts.get((facts.patient, facts.side), [])  # several rows are told as duplicates
        ],
        [
            *problems,
            *faults,
            *_unlisted(shown, set(breasts), sheet.name),
            *each_of(unseen, f"stands in {sheet.name}, but no image shows it"),
        ],
        classes=("benign", "malignant"),
        source="CMMD (Cui et al. 2021, doi:10.7937/tcia.eqde-4b16)",
        licence="CC BY 4.0",
    )


def _technique(facts: DicomFacts) -> dict[str, str]:
    spacing = "" if facts.spacing_mm is None else f"{facts.spacing_mm:g}"
    return {"device": facts.device, "intent": facts.intent, "spacing_mm": spacing}


def _breast(row: Row) -> Example:
    """What the spreadsheet says of one breast, as an example that has no file yet."""
    label = one_of(row, "classification", {"BENIGN": "benign", "MALIGNANT": "malignant"})
    more = {name.lower(): row[name] for name in ("abnormality", "subtype", "Age", "number")}
    return Example("", label, filled(row, "ID1"), one_of(row, "LeftRight", SIDES), more=more)


def _headers(root: Path) -> tuple[dict[str, DicomFacts], list[Problem]]:
    """What the header of each image says, where it tells the side."""
    shown: dict[str, DicomFacts] = {}
    problems: list[Problem] = []
    files = image_files(root)
    if not files:
        raise MammoError(f"{root}: no .dcm file in it; expected CMMD/D1-0001/ and so on beside the spreadsheet")
    for path in files:
        file = path.relative_to(root).as_posix()
        try:
            facts = read_facts(path)
        except MammoError as error:
            problems.append(Problem(file, "unreadable", str(error)))
            continue
        if facts.side:
            shown[file] = facts
        else:
            problems.append(Problem(file, "row", "its header names no side; expected L or R as the laterality"))
    return shown, problems


def _unlisted(shown: dict[str, DicomFacts], breasts: set[tuple[str, str]], sheet: str) -> list[Problem]:
    """Images without a label: of a listed woman's other breast, or of a woman who is not listed at all."""
    patients = {patient for patient, _ in breasts}
    without = {file: facts for file, facts in shown.items() if (facts.patient, facts.side) not in breasts}
    other = [file for file, facts in without.items() if facts.patient in patients]
    unknown = [file for file, facts in without.items() if facts.patient not in patients]
    return [
        *each_of(other, f"of this patient, {sheet} tells only the other breast", "left out"),
        *each_of(unknown, f"its patient has no row in {sheet} that can be used"),
    ]

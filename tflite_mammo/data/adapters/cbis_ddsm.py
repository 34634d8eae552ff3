"""CBIS-DDSM: scanned film, 1,566 women, masses and calcifications with pathology and an outline each.

    mass_case_description_train_set.csv              and mass_..._test_set, calc_..._train_set, calc_..._test_set
    CBIS-DDSM/Mass-Training_P_00001_LEFT_CC/         <study>/<series>/1-1.dcm: the mammogram
    CBIS-DDSM/Mass-Training_P_00001_LEFT_CC_1/       <study>/<series>/*.dcm: the lesion's mask and a crop of it

The paths in the tables are not those that the NBIA Data Retriever writes, so only their first folder is used. Mask and
crop lie in one series or in two, in either order and under either description, but the mask is always the larger.

A mammogram that stands among the masses and among the calcifications is one image with all its lesions (mass-1,
calc-1), as long as both scans have the same size. The owners split masses and calcifications apart, so that some women
are in train by the one and in test by the other: such a woman is test here as a whole, and `official_part` keeps what
was published. Benign without callback counts as benign.

To be had from The Cancer Imaging Archive (TCIA), collection CBIS-DDSM. Licence: CC BY 3.0.
"""

import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tflite_mammo.data.adapters import AdapterOptions
from tflite_mammo.data.adapters.inventory import each_of, expect_file, expect_pydicom
from tflite_mammo.data.adapters.sheet import SIDES, Row, filled, one_of, read_each
from tflite_mammo.data.gather import gather
from tflite_mammo.data.manifest import Example, Manifest, Problem
from tflite_mammo.errors import MammoError, first_line
from tflite_mammo.imaging import image_files

LAYOUT = "the four *_case_description_*_set.csv with the folder CBIS-DDSM/ beside them"
TABLES = tuple((kind, part) for kind in ("mass", "calc") for part in ("train", "test"))
NEEDED = (
    "patient_id", "left or right breast", "image view", "abnormality id", "assessment", "pathology", "subtlety",
    "image file path", "ROI mask file path",
)  # fmt: skip
PATHOLOGY = {"MALIGNANT": "malignant", "BENIGN": "benign", "BENIGN_WITHOUT_CALLBACK": "benign"}
FOLDER = re.compile(r"(Mass|Calc)-(Training|Test)_P_\d+_(LEFT|RIGHT)_\w+")
DESCRIBED = ("mass shape", "mass margins", "calc type", "calc distribution")


def read(root: Path, options: AdapterOptions) -> Manifest:
    tables = [(expect_file(root, f"{kind}_case_description_{part}_set.csv"), kind, part) for kind, part in TABLES]
    expect_pydicom()
    lesions: list[Example] = []
    problems: list[Problem] = []
    for table, kind, part in tables:
        rows, faults = read_each(table, NEEDED, partial(_lesion, kind=kind, part=part), named=_first_folder)
        lesions += rows
        problems += [replace(fault, reason=f"{fault.reason}; its image is left out") for fault in faults]
    spoilt = {_view(problem.file) for problem in problems}  # nobody knows how grave the lesion was
    certain = [lesion for lesion in lesions if _view(lesion.file) not in spoilt]
    base = root / "CBIS-DDSM" if (root / "CBIS-DDSM").is_dir() else root
    examples, faults = _found(root, base, _in_one_part(certain))
    return gather(
        root,
        examples,
        problems + faults,
        classes=("benign", "malignant"),
        source="CBIS-DDSM (Lee et al. 2017, doi:10.7937/K9/TCIA.2016.7O02S9CY)",
        licence="CC BY 3.0",
    )


def _lesion(row: Row, *, kind: str, part: str) -> Example:
    """One row, as an example whose file and mask are still the names of their folders."""
    more = {
        "kind": {"mass": "mass", "calc": "calcification"}[kind],
        "density": row.get("breast_density") or row.get("breast density", ""),  # each kind writes it another way
        "birads": row["assessment"],
        "pathology": row["pathology"],
        "subtlety": row["subtlety"],
        "official_part": part,
        **{name: row[name] for name in DESCRIBED if name in row},
    }
    return Example(
        _folder(row, "image file path"),
        one_of(row, "pathology", PATHOLOGY),
        filled(row, "patient_id"),
        one_of(row, "left or right breast", SIDES),
        row["image view"],
        f"{kind}-{filled(row, 'abnormality id')}",
        mask=_folder(row, "ROI mask file path"),
        part=part,
        more=more,
    )


def _folder(row: Row, column: str) -> str:
    folder = row[column].split("/")[0]
    if not FOLDER.fullmatch(folder):
        raise ValueError(f"{column} {row[column][:80]!r}; expected Mass-Training_P_00001_LEFT_CC/ or the like first")
    return folder


def _first_folder(row: Row) -> str:
    folder = row["image file path"].split("/")[0]
    return folder if FOLDER.fullmatch(folder) else ""


def _view(folder: str) -> str:
    """P_00001_LEFT_CC: what the folders of masses and of calcifications have in common."""
    return folder[folder.find("P_") :]


def _in_one_part(lesions: list[Example]) -> list[Example]:
    """No woman of either test set is trained on."""
    tested = {lesion.patient for lesion in lesions if lesion.part == "test"}
    return [replace(lesion, part="test" if lesion.patient in tested else lesion.part) for lesion in lesions]


def _found(root: Path, base: Path, lesions: list[Example]) -> tuple[list[Example], list[Problem]]:
    """The lesions whose mammogram is there, with the files in the place of their folders."""
    examples, problems, lost, bare = [], [], [], []
    scans: dict[tuple[str, str, str], Path] = {}
    for lesion in lesions:
        own = next(iter(image_files(base / lesion.file)), None)
        if own is None:
            lost.append(lesion.file)
            continue
        scan, mask = own, None
        try:
            scan = _same_scan(scans.setdefault((lesion.patient, lesion.side, lesion.view), own), own)
            mask = _mask(base / lesion.mask)
            if mask is None:
                bare.append(lesion.mask)
        except MammoError as error:
            problems.append(Problem(lesion.mask, "left out", f"{error}; its image counts without this outline"))
        file, masked = (path.relative_to(root).as_posix() if path else "" for path in (scan, mask))
        examples.append(replace(lesion, file=file, mask=masked))
    problems += each_of(list(dict.fromkeys(lost)), "stands in the tables, but no .dcm file lies in it")
    named = {folder for lesion in lesions for folder in (lesion.file, lesion.mask)}
    others = sorted(path.name for path in base.iterdir() if FOLDER.fullmatch(path.name) and path.name not in named)
    problems += each_of(others, "no row of the tables that can be used names it")
    problems += each_of(bare, "no mask lies in it; its image counts without this outline", "left out")
    return examples, problems


def _same_scan(known: Path, own: Path) -> Path:
    """The mammogram already met, unless it was scanned to another size: then the lesion's mask would not fit it."""
    return known if known == own or _header(known).size == _header(own).size else own


def _mask(folder: Path) -> Path | None:
    """The larger file: a mask has the mammogram's size. A file alone is taken for a crop where it is called one."""
    headers = [_header(path) for path in image_files(folder)]
    if not headers or (len(headers) == 1 and "crop" in headers[0].series.lower()):
        return None
    return max(headers, key=lambda header: header.size[0] * header.size[1]).path


@dataclass(frozen=True)
class _Header:
    path: Path
    size: tuple[int, int]
    series: str


def _header(path: Path) -> _Header:
    import pydicom

    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["Rows", "Columns", "SeriesDescription"])
        return _Header(path, (int(header.Rows), int(header.Columns)), str(header.get("SeriesDescription") or ""))
    except Exception as error:  # pydicom raises almost anything on broken files
        raise MammoError(f"{path}: unreadable DICOM ({first_line(error)})") from error

"""Phantoms to files: images/ in the format asked for, manifest.csv with the truth, phantoms.json with the seed."""

import csv
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from tflite_mammo import __version__
from tflite_mammo.console import Advance, no_progress
from tflite_mammo.data.phantoms.draw import CMMD_MALIGNANT_SHARE, PhantomView, draw_patient
from tflite_mammo.errors import missing_extra
from tflite_mammo.files import whole_folder
from tflite_mammo.parallel import map_ordered
from tflite_mammo.schema import to_json

Format = Literal["png", "png16", "jpg", "dcm"]
FORMATS: tuple[Format, ...] = ("png", "png16", "jpg", "dcm")
JPEG_QUALITY = 95
COLUMNS = ("file", "label", "patient", "side", "view", "left", "top", "right", "bottom", "kind", "density", "inverted")


@dataclass(frozen=True)
class PhantomSet:
    """What phantoms.json holds: enough to draw the same set again."""

    patients: int
    seed: int
    size_px: int
    format: Format
    malignant_share: float = CMMD_MALIGNANT_SHARE
    synthetic: bool = True
    tflite_mammo: str = __version__

    def __post_init__(self) -> None:
        if not 1 <= self.patients <= 99_999:
            raise ValueError(f"{self.patients} patients; expected 1 to 99999")
        if not 64 <= self.size_px <= 4096:
            raise ValueError(f"{self.size_px} px; expected 64 to 4096")
        if not 0.0 < self.malignant_share < 1.0:
            raise ValueError(f"a malignant share of {self.malignant_share}; expected more than 0 and less than 1")


def write_phantoms(
    out: Path, wanted: PhantomSet, *, workers: int | None = None, advance: Advance = no_progress
) -> None:
    """Write `wanted.patients` patients with four views each into the new folder `out`."""
    if wanted.format == "dcm":
        try:
            import pydicom  # noqa: F401  # asked here, so that nothing is half-written when it is missing
        except ImportError:
            raise missing_extra("pydicom", "dicom") from None
    with whole_folder(out) as folder:
        (folder / "images").mkdir()
        with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(COLUMNS)
            draw = partial(_write_patient, folder=folder, wanted=wanted)
            for rows in map_ordered(draw, range(1, wanted.patients + 1), workers):
                table.writerows(rows)
                advance(1)
        (folder / "phantoms.json").write_text(to_json(wanted), encoding="utf-8")


def _write_patient(number: int, *, folder: Path, wanted: PhantomSet) -> list[list[object]]:
    rows = []
    for view in draw_patient(number, wanted.seed, wanted.size_px, wanted.malignant_share):
        name = f"images/{view.patient}_{view.side[0].upper()}_{view.view}.{wanted.format.removesuffix('16')}"
        _write_image(folder / name, view, wanted.format)
        box: tuple[object, ...] = view.box or ("", "", "", "")
        rows.append(
            [name, view.label, view.patient, view.side, view.view, *box, view.kind, view.density, int(view.inverted)]
        )
    return rows


def _write_image(path: Path, view: PhantomView, form: Format) -> None:
    if form == "dcm":
        from tflite_mammo.data.phantoms.dicom import write_dicom

        write_dicom(path, view)
    elif form == "png16":
        Image.fromarray(view.pixels * np.uint16(16)).save(path, compress_level=1)
    elif form == "jpg":
        Image.fromarray((view.pixels >> 4).astype(np.uint8)).save(path, quality=JPEG_QUALITY)
    else:
        Image.fromarray((view.pixels >> 4).astype(np.uint8)).save(path, compress_level=1)

"""A DICOM file to 16-bit pixels with dark background, and to what its header says of the image.

Images FOR PROCESSING are read like those FOR PRESENTATION: `DicomFacts.intent` tells which it is. They are linear in
the X-rays that arrived, so that a breast fills few of their values; a collection of both should leave them out.
"""

import math
import textwrap
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.errors import MammoError, missing_extra
from tflite_mammo.imaging.display import displayed
from tflite_mammo.imaging.limits import MAX_PIXELS

VIEW_MEANINGS = {"craniocaudal": "CC", "mediolateraloblique": "MLO", "mediolateral": "ML", "lateromedial": "LM"}
"""The meanings of the view codes of PS3.16 CID 4014 that screening uses, letters only."""
SIDES = {"L": "left", "LEFT": "left", "R": "right", "RIGHT": "right"}
SPACINGS = ("ImagerPixelSpacing", "PixelSpacing", "NominalScannedPixelSpacing")
TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1."
"""What the SOP classes of breast tomosynthesis and of its projections begin with."""
DECODERS_REMEDY = "install the decoders with: pip install 'tflite-mammo[dicom]'"
ONE_READER = threading.Lock()


@dataclass(frozen=True)
class DicomFacts:
    """What a header says of an image; empty where it says nothing, or nothing that makes sense."""

    patient: str = ""
    side: str = ""
    """left or right."""
    view: str = ""
    """CC, MLO or another, in capitals."""
    spacing_mm: float | None = None
    """Between two pixels: at the detector, or of the object where the header tells that alone."""
    intent: str = ""
    """FOR PRESENTATION or FOR PROCESSING."""
    device: str = ""
    series: str = ""
    """The description of the series."""


def read_facts(path: Path) -> DicomFacts:
    """The header alone, without the pixels."""
    with _one_line_errors(path):
        header = _dataset(path, stop_before_pixels=True)
        side = _text(header, "ImageLaterality") or _text(header, "Laterality")
        return DicomFacts(
            patient=_text(header, "PatientID"),
            side=SIDES.get(side.upper(), ""),
            view=_view(header),
            spacing_mm=next((mm for name in SPACINGS if (mm := _millimetres(header, name))), None),
            intent=_text(header, "PresentationIntentType").upper(),
            device=f"{_text(header, 'Manufacturer')} {_text(header, 'ManufacturerModelName')}".strip(),
            series=_text(header, "SeriesDescription"),
        )


def read_dicom(path: Path) -> NDArray[np.uint16]:
    with _one_line_errors(path):
        dataset = _dataset(path)
        if reason := _refused(dataset):
            raise MammoError(f"{path}: {reason}")
        from pydicom.pixels import pixel_array

        stored = pixel_array(dataset, allow_excess_frames=False)  # bytes behind the pixels are no frames
        del dataset["PixelData"]  # as much memory as the pixels
        return displayed(np.ascontiguousarray(stored, stored.dtype.newbyteorder("=")), dataset)


@contextmanager
def _one_line_errors(path: Path) -> Iterator[None]:
    """Whatever pydicom and its decoders raise becomes one line; what they warn of on odd files is not said."""
    try:
        # The filters of warnings belong to the whole process: threads may only exchange them one after another.
        with ONE_READER, warnings.catch_warnings(action="ignore"):
            yield
    except MammoError:
        raise
    except FileNotFoundError:
        raise MammoError(f"{path}: no such file") from None
    except Exception as error:  # almost anything, on broken files
        reason = textwrap.shorten(str(error) or type(error).__name__, 240, placeholder=" ...")
        remedy = DECODERS_REMEDY if "missing dependencies" in reason else "replace it or leave it out"
        raise MammoError(f"{path}: unreadable DICOM ({reason}); {remedy}") from error


def _dataset(path: Path, *, stop_before_pixels: bool = False) -> Any:
    try:
        import pydicom
    except ImportError:
        raise missing_extra("pydicom", "dicom") from None
    try:
        return pydicom.dcmread(path, stop_before_pixels=stop_before_pixels)
    except pydicom.errors.InvalidDicomError:  # whose text names an option of pydicom's
        raise ValueError("the mark DICM at byte 128 is missing") from None


def _refused(header: Any) -> str:
    """Why this is no single grey image of 8 to 16 bits; empty where it is one."""
    if "FloatPixelData" in header or "DoubleFloatPixelData" in header:
        return "floating-point pixels; expected 8 to 16 bits"
    if "PixelData" not in header:
        return f"holds no image ({_kind(header)})"
    frames = int(header.get("NumberOfFrames") or 1)
    if frames > 1:
        tomosynthesis = _text(header, "SOPClassUID").startswith(TOMOSYNTHESIS)
        return f"{frames} frames{' of tomosynthesis' if tomosynthesis else ''}; expected a single image"
    photometric = _text(header, "PhotometricInterpretation")
    if photometric not in ("MONOCHROME1", "MONOCHROME2"):
        return f"photometric interpretation {photometric or 'absent'}; expected MONOCHROME1 or MONOCHROME2"
    columns, rows = int(header.get("Columns") or 0), int(header.get("Rows") or 0)
    if columns * rows > MAX_PIXELS:
        return f"{columns}x{rows} pixels; the limit is {MAX_PIXELS // 10**6} million, scale it down"
    samples, bits = int(header.get("SamplesPerPixel") or 1), header.get("BitsAllocated")
    if samples != 1:
        return f"{samples} samples a pixel; expected 1"
    return "" if bits in (8, 16) else f"{bits or 'an unknown number of'} bits a pixel; expected 8 to 16"


def _kind(header: Any) -> str:
    modality = _text(header, "Modality")
    sop_class = str(getattr(header.file_meta.get("MediaStorageSOPClassUID"), "name", ""))
    return f"Modality {modality}" if modality else sop_class or "it does not say what it is"


def _view(header: Any) -> str:
    if position := _text(header, "ViewPosition"):
        return position.upper()
    codes = header.get("ViewCodeSequence") or []
    meaning = _text(codes[0], "CodeMeaning") if codes else ""
    return VIEW_MEANINGS.get("".join(filter(str.isalpha, meaning.lower())), meaning.upper())


def _text(header: Any, name: str) -> str:
    """The first value as one line."""
    value = _values(header, name)[:1]
    return " ".join(str(value[0]).split()) if value else ""


def _millimetres(header: Any, name: str) -> float | None:
    try:
        number = float(_values(header, name)[0])
    except (IndexError, TypeError, ValueError):
        return None
    return number if 0 < number < math.inf else None


def _values(header: Any, name: str) -> list[Any]:
    try:
        value = header.get(name)
    except Exception:  # pydicom converts on access, and raises almost anything on what is no number, date or text
        return []
    several = hasattr(value, "__len__") and not isinstance(value, str | bytes)
    return [v for v in (value if several else [value]) if v not in (None, "", b"")]

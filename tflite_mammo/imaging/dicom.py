"""A DICOM file to 16-bit pixels with dark background: modality LUT, then VOI LUT or window, then MONOCHROME1 inverted.

The order matters: a window is written for the values before inversion.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.errors import MammoError, first_line, missing_extra


def read_dicom(path: Path) -> NDArray[np.uint16]:
    try:
        import pydicom
        from pydicom.pixels import apply_modality_lut
    except ImportError:
        raise missing_extra("pydicom", "dicom") from None
    try:
        dataset = pydicom.dcmread(path)
        frames = int(dataset.get("NumberOfFrames") or 1)
        if frames > 1:
            raise MammoError(f"{path}: {frames} frames (tomosynthesis?); expected a single image")
        photometric = str(dataset.get("PhotometricInterpretation", "MONOCHROME2"))
        if not photometric.startswith("MONOCHROME"):
            raise MammoError(f"{path}: photometric interpretation {photometric}; expected MONOCHROME1 or MONOCHROME2")
        for name in ("RescaleSlope", "RescaleIntercept"):
            if name in dataset and dataset.get(name) is None:  # anonymisers leave elements behind, there and empty
                del dataset[name]
        stored = dataset.pixel_array
        share = _display_share(np.asarray(apply_modality_lut(stored, dataset), dtype=np.float64), dataset)
    except MammoError:
        raise
    except Exception as error:  # pydicom and its decoders raise almost anything on broken files
        if isinstance(error, FileNotFoundError):
            raise MammoError(f"{path}: no such file") from None
        raise MammoError(f"{path}: unreadable DICOM ({first_line(error)}); replace it or leave it out") from error
    if photometric == "MONOCHROME1":
        share = 1.0 - share
    return np.rint(share * 65535.0).astype(np.uint16)


def _display_share(values: NDArray[np.float64], dataset: Any) -> NDArray[np.float64]:
    """The value as a share of the display range, 0 to 1."""
    if dataset.get("VOILUTSequence"):
        return _looked_up(values, dataset.VOILUTSequence[0])
    if dataset.get("WindowCenter") is not None and dataset.get("WindowWidth") is not None:
        centre, width = _first(dataset.WindowCenter), _first(dataset.WindowWidth)
        return _windowed(values, centre, width, str(dataset.get("VOILUTFunction") or "LINEAR"))
    bits, signed = int(dataset.BitsStored), bool(dataset.get("PixelRepresentation", 0))
    slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
    if slope == 0:
        raise ValueError("RescaleSlope 0 gives every pixel the same value")
    low = -(2.0 ** (bits - 1)) if signed else 0.0
    ends = sorted((low * slope + intercept, (low + 2.0**bits - 1.0) * slope + intercept))
    return np.clip((values - ends[0]) / (ends[1] - ends[0]), 0.0, 1.0)


def _windowed(values: NDArray[np.float64], centre: float, width: float, function: str) -> NDArray[np.float64]:
    """The three functions of the standard, PS3.3 C.11.2.1.2 and C.11.2.1.3."""
    if function == "SIGMOID":
        return 1.0 / (1.0 + np.exp(np.clip(-4.0 * (values - centre) / width, -700.0, 700.0)))
    if function == "LINEAR_EXACT":
        return np.clip((values - centre) / width + 0.5, 0.0, 1.0)
    if function != "LINEAR":
        raise ValueError(f"VOI LUT function {function}; expected LINEAR, LINEAR_EXACT or SIGMOID")
    return np.clip((values - (centre - 0.5)) / max(width - 1.0, 1.0) + 0.5, 0.0, 1.0)


def _looked_up(values: NDArray[np.float64], lut: Any) -> NDArray[np.float64]:
    """By hand: pydicom 3.0 wraps around in tables of 8 bits with more than 256 entries."""
    count, start, bits = (int(n) for n in lut.LUTDescriptor)
    entries = lut.LUTData
    if isinstance(entries, bytes):
        entries = np.frombuffer(entries, np.uint8 if bits <= 8 else np.dtype("<u2"))
    table = np.asarray(entries, np.float64)[: count or 65536]
    places = np.clip(values - start, 0, table.size - 1).astype(np.int64)
    shown: NDArray[np.float64] = np.clip(table[places] / (2.0**bits - 1.0), 0.0, 1.0)
    return shown


def _first(value: Any) -> float:
    return float(value[0] if hasattr(value, "__len__") and not isinstance(value, str) else value)

"""A file to its pixels: uint8 or uint16, grey (height, width) or colour (height, width, 3). Nothing is scaled here."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from tflite_mammo.errors import MammoError

Pixels = NDArray[np.uint8] | NDArray[np.uint16]

DICOM_SUFFIXES = frozenset({".dcm", ".dicom"})
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".pgm", ".bmp"}) | DICOM_SUFFIXES
MAX_PIXELS = 89_000_000
"""Above every detector's size (the largest give about 28 million), and where Pillow begins to suspect an attack."""


def image_files(folder: Path) -> list[Path]:
    """Every image under `folder`, in an order that does not depend on the file system."""
    return sorted(path for path in folder.rglob("*") if _may_be_image(path) and path.is_file())


def read_pixels(path: Path) -> Pixels:
    if _is_dicom(path):
        from tflite_mammo.imaging.dicom import read_dicom

        return read_dicom(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                return _raster(image, path)
    except MammoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise MammoError(f"{path}: too large an image; the limit is {MAX_PIXELS // 10**6} million pixels") from None
    except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, struct.error and more on broken files
        if isinstance(error, FileNotFoundError):
            raise MammoError(f"{path}: no such file") from None
        reason = "not an image in a known format" if isinstance(error, UnidentifiedImageError) else str(error)
        raise MammoError(f"{path}: unreadable image ({reason}); replace the file or leave it out") from error


def _may_be_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES or _is_dicom(path)


def _is_dicom(path: Path) -> bool:
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return path.suffix.lower() in DICOM_SUFFIXES
    try:
        with path.open("rb") as file:  # clinical exports are often named IM1 or by a UID: the standard marks byte 128
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def _raster(image: Any, path: Path) -> Pixels:
    if image.width * image.height > MAX_PIXELS:
        raise MammoError(
            f"{path}: {image.width}x{image.height} pixels; the limit is {MAX_PIXELS // 10**6} million, scale it down"
        )
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise MammoError(
            f"{path}: {image.n_frames} frames in one file; expected a single image, export the frame meant"
        )
    if image.mode in ("I;16", "I;16B", "I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise MammoError(f"{path}: values from {values.min()} to {values.max()}; expected 16 bits, 0 to 65535")
        return values.astype(np.uint16)
    if image.mode == "F":
        raise MammoError(f"{path}: floating-point pixels; expected 8 or 16 bits, export it as a 16-bit PNG")
    grey = image.mode in ("L", "1", "LA")
    return np.asarray(image.convert("L" if grey else "RGB"))

"""A file to its pixels: uint8 or uint16, grey (height, width) or colour (height, width, 3). Nothing is scaled here."""

import errno
import os
import stat
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from tflite_mammo.errors import MammoError, first_line
from tflite_mammo.imaging.limits import MAX_PIXELS

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
Shrink = Callable[[int, int], int]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom; right and bottom are the first that lie outside."""

DICOM_SUFFIXES = frozenset({".dcm", ".dicom"})
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".pgm", ".bmp"}) | DICOM_SUFFIXES


@dataclass(frozen=True)
class Picture:
    pixels: Pixels
    width: int
    """Of the image as stored; `pixels` may be a half, a quarter or an eighth of it."""
    height: int

    def on_pixels(self, box: Box) -> Box:
        """A box in the stored image's pixels, in those of `pixels`."""
        rows, columns = self.pixels.shape[:2]
        left, top, right, bottom = box
        return (
            left * columns // self.width,
            top * rows // self.height,
            -(-right * columns // self.width),
            -(-bottom * rows // self.height),
        )


def image_files(folder: Path) -> list[Path]:
    """Every image under `folder`, in an order that does not depend on the file system.

    Links to folders are followed, each folder once; a link that leads nowhere is listed, so that somebody is told.
    """
    found, seen = [], set()
    for place, folders, names in os.walk(folder, onerror=_unlisted, followlinks=True):
        if (real := os.path.realpath(place)) in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()  # of a folder and a link to it always the same one is met first
        found += [path for name in names if _may_be_image(path := Path(place, name))]
    return sorted(found)


def _unlisted(error: OSError) -> None:
    if isinstance(error, FileNotFoundError):  # what is not there holds no images; its caller knows whether it must be
        return
    raise MammoError(
        f"{error.filename}: the folder cannot be listed ({error.strerror}); give yourself leave to read it"
    )


def read_pixels(path: Path) -> Pixels:
    """The pixels as they are stored."""
    return read_picture(path).pixels


def read_picture(path: Path, *, may_shrink: Shrink | None = None, grey: bool = False, mask: bool = False) -> Picture:
    """The pixels and the size they are stored in.

    `may_shrink` says of a stored width and height by which power of two the image may be smaller: a JPEG is then
    decoded at a half, a quarter or an eighth, a fraction of the work. With `grey` the colours of a JPEG are not decoded
    at all. A `mask` may have 1 bit per pixel.
    """
    if _is_no_file(path):
        raise MammoError(f"{path}: not a file but a folder or a device; leave it out")
    if _is_dicom(path):
        from tflite_mammo.imaging.dicom import read_dicom

        pixels = read_dicom(path)
        return Picture(pixels, pixels.shape[1], pixels.shape[0])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                _expect_usable(image, path, mask)
                width, height = image.size
                if may_shrink and image.format == "JPEG":
                    by = min(may_shrink(width, height), 8)
                    image.draft("L" if grey else image.mode, (width // by, height // by))
                return Picture(_raster(image, path), width, height)
    except MammoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise MammoError(f"{path}: too large an image; the limit is {MAX_PIXELS // 10**6} million pixels") from None
    except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, struct.error and more on broken files
        raise MammoError(f"{path}: {_reason(error, path)}") from error


def _reason(error: Exception, path: Path) -> str:
    if isinstance(error, FileNotFoundError):
        return "a link to a file that is not there" if path.is_symlink() else "no such file"
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return "a link that leads to itself"
    if isinstance(error, UnidentifiedImageError):
        what = "not an image in a known format" if path.stat().st_size else "an empty file"
        return f"unreadable image ({what}); replace the file or leave it out"
    what = (isinstance(error, OSError) and error.strerror) or first_line(error)  # the first without the path
    return f"unreadable image ({what}); replace the file or leave it out"


def _may_be_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES or _is_dicom(path)


def _is_no_file(path: Path) -> bool:
    """A folder, or a named pipe, which would be waited for without end."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _is_dicom(path: Path) -> bool:
    if path.suffix.lower() in DICOM_SUFFIXES:
        return True
    if _is_no_file(path):
        return False
    try:
        with path.open("rb") as file:  # clinical exports are often named IM1 or by a UID: the standard marks byte 128
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def _expect_usable(image: Any, path: Path, mask: bool) -> None:
    """From the header alone, before a pixel is decoded."""
    if image.width * image.height > MAX_PIXELS:
        raise MammoError(
            f"{path}: {image.width}x{image.height} pixels; the limit is {MAX_PIXELS // 10**6} million, scale it down"
        )
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise MammoError(
            f"{path}: {image.n_frames} frames in one file; expected a single image, export the frame meant"
        )
    unusable = {"1": "1 bit per pixel", "CMYK": "CMYK colours", "F": "floating-point pixels"}
    if image.mode in unusable and not mask:
        raise MammoError(f"{path}: {unusable[image.mode]}; expected grey of 8 or 16 bits or RGB, export it as PNG")


def _raster(image: Any, path: Path) -> Pixels:
    if image.mode in ("I;16", "I;16B", "I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise MammoError(f"{path}: values from {values.min()} to {values.max()}; expected 16 bits, 0 to 65535")
        return values.astype(np.uint16)
    if image.mode in ("P", "PA"):
        colours = np.asarray(image.convert("RGB"))
        if (colours != colours[:, :, :1]).any():
            raise MammoError(f"{path}: a palette of colours; expected grey of 8 or 16 bits or RGB, export it as PNG")
        return colours[:, :, 0]
    grey = image.mode in ("L", "1", "LA")
    return np.asarray(image.convert("L" if grey else "RGB"))

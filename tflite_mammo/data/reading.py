"""One file of a collection to its row: the tensor, and what the audit wants to know of the file."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.data.manifest import Example
from tflite_mammo.data.rows import Done
from tflite_mammo.errors import MammoError
from tflite_mammo.imaging import Box, Picture, read_picture
from tflite_mammo.imaging.read import Pixels
from tflite_mammo.preprocess import Bytes, PreprocessSpec, read_for, tensor_and_box

SAMPLED_PX = 256
"""Rows and columns that a mean brightness is taken from; all of a large image would cost as much as decoding it."""
BORDER_SHARE = 0.02
"""Of the shorter side: what counts as an image's border."""


def read_row(task: tuple[int, Example], *, root: Path, spec: PreprocessSpec) -> tuple[Done, Bytes | None]:
    row, example = task
    path = root / example.file
    stamp = stamp_of(root, example)
    try:
        box, mask_size = example.box, None
        if spec.crop == "roi" and example.mask and not box:
            box, mask_size = _outlined(root / example.mask)
        picture = read_for(path, spec, box)
        if mask_size:
            _expect_same_size(mask_size, picture)
        tensor, on_tensor = tensor_and_box(picture.pixels, spec, picture.on_pixels(box) if box else None)
    except MammoError as error:
        # Named by its path inside the collection: the table must not depend on where the collection lies.
        return Done(row, stamp, str(error).removeprefix(f"{path}: ")), None
    brightness, border = _cues(picture.pixels)
    size = path.stat().st_size
    return Done(row, stamp, "", box, picture.width, picture.height, size, brightness, border, on_tensor), tensor


def stamp_of(root: Path, example: Example) -> str:
    """Size and time of the files that a row is made from."""
    try:
        found = [(root / file).stat() for file in (example.file, example.mask) if file]
    except OSError:
        return ""
    return " ".join(f"{stat.st_size} {stat.st_mtime_ns}" for stat in found)


def _outlined(path: Path) -> tuple[Box, tuple[int, int]]:
    """The box about everything in a mask that is not zero, and the mask's size."""
    mask = read_picture(path, mask=True)
    shown: NDArray[np.bool_] = np.atleast_3d(mask.pixels).max(axis=2) > 0
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    if not rows.size:
        raise MammoError(f"its mask {path.name} is empty; expected the lesion in it")
    box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    return box, (mask.width, mask.height)


def _expect_same_size(mask: tuple[int, int], picture: Picture) -> None:
    """A mask of another size lies over another place, and no scale is known to lay it right."""
    if mask != (picture.width, picture.height):
        raise MammoError(
            f"its mask is {mask[0]}x{mask[1]}, the image {picture.width}x{picture.height}; "
            "expected the same size, leave the lesion out or use --crop breast"
        )


def _cues(pixels: Pixels) -> tuple[float, float]:
    """Mean brightness of the image and of its border, 0 to 1: what the audit's shortcut check looks at."""
    step = max(1, min(pixels.shape[:2]) // SAMPLED_PX)
    pixels = pixels[::step, ::step]
    rows, columns = pixels.shape[:2]
    thick = max(1, round(BORDER_SHARE * min(rows, columns)))
    edges = (pixels[:thick], pixels[-thick:], pixels[:, :thick], pixels[:, -thick:])
    full = float(np.iinfo(pixels.dtype).max)
    border = np.concatenate([edge.ravel() for edge in edges]).mean() / full
    return round(float(pixels.mean()) / full, 5), round(float(border), 5)

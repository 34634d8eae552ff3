"""The one road from a file to a tensor: `read_for`, then `preprocess`. Out: uint8 (height, width, channels).

Training, calibration, evaluation and device all go this way, and nothing else touches a pixel.
It works in integers (Pillow resizes in fixed point), so x86 and ARM give the same bytes.
"""

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tflite_mammo.errors import MammoError
from tflite_mammo.imaging.breast import Breast, find_breast
from tflite_mammo.imaging.read import Box, Picture, Pixels, read_picture
from tflite_mammo.placing import Placed, Placing
from tflite_mammo.schema import differences, to_dict

Bytes = NDArray[np.uint8]

BYTES_VERSION = 2
"""Raised whenever the same spec would give other bytes than before: it is part of every fingerprint."""

NO_BOX = "no box of a lesion, and crop is 'roi'; give its box or use crop 'breast'"


@dataclass(frozen=True)
class PreprocessSpec:
    height: int = 224
    width: int = 224
    channels: int = 1
    crop: Literal["none", "breast", "roi"] = "breast"
    """roi: a square about the lesion's box, with some context; an image without a box cannot be prepared so."""
    context_percent: int = 25
    """roi: how much of the box's longer side is added at each side of it."""
    orient: Literal["keep", "left"] = "left"
    """left: mirrored where needed, so that the chest wall lies at the left edge."""
    polarity: Literal["keep", "dark"] = "dark"
    """dark: inverted where the background is bright, as an unconverted MONOCHROME1 is."""
    window: Literal["full", "range"] = "range"
    """How 16 bits become 8: over the full 0 to 65535, or from the image's own lowest to highest value."""
    contrast: Literal["none", "standardise"] = "none"
    """standardise: per image, mean to 128 and 3 standard deviations to the ends."""
    fit: Literal["letterbox", "stretch"] = "letterbox"

    def __post_init__(self) -> None:
        if not (8 <= self.height <= 4096 and 8 <= self.width <= 4096):
            raise ValueError(f"size {self.height}x{self.width}; expected 8 to 4096 each way")
        if self.channels not in (1, 3):
            raise ValueError(f"{self.channels} channels; expected 1 (grey) or 3 (colour)")
        if not 0 <= self.context_percent <= 400:
            raise ValueError(f"a context of {self.context_percent} percent; expected 0 to 400")

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels

    @property
    def fingerprint(self) -> str:
        text = json.dumps({**to_dict(self), "bytes": BYTES_VERSION}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def differences(self, other: "PreprocessSpec") -> str:
        """What to say when two specs should be one: every setting that differs, here and there."""
        return ", ".join(differences(self, other))


def read_for(path: Path, spec: PreprocessSpec, box: Box | None = None) -> Picture:
    """A file's pixels, decoded no finer than `preprocess` can use: the first half of the road."""
    if spec.crop == "roi" and box is None:
        raise MammoError(f"{path}: {NO_BOX}")
    picture = read_picture(path, may_shrink=lambda *size: _shrink_by(size, spec, box), grey=spec.channels == 1)
    if box and spec.crop == "roi":
        try:
            _inside(box, picture.width, picture.height)
        except MammoError as error:
            raise MammoError(f"{path}: {error}") from None
    return picture


def preprocess(pixels: Pixels, spec: PreprocessSpec, box: Box | None = None) -> Bytes:
    """`box` is the lesion's, in pixels of `pixels`; only crop 'roi' asks for it."""
    return tensor_and_box(pixels, spec, box)[0]


def tensor_and_box(pixels: Pixels, spec: PreprocessSpec, box: Box | None) -> tuple[Bytes, Placed | None]:
    """The tensor, and where the lesion's box lies on it: None where there is none to be seen."""
    image = _in_channels(_to_8_bit(pixels, spec), spec.channels)
    size = image.shape[1], image.shape[0]
    if spec.crop == "roi" and box is None:
        raise MammoError(NO_BOX)
    box = box and (_inside(box, *size) if spec.crop == "roi" else _cut(box, *size))
    by = _shrink_by(size, spec, box)
    if by > 1:
        image = np.asarray(Image.fromarray(image).reduce(by))
    breast = _breast_in(image, spec)
    placing = _placing(image, spec, breast, box, by)
    tensor = placing.laid(_looks(image, spec, breast, placing)).reshape(spec.shape)
    return tensor, placing.of_box(box) if box else None


def tensor_of(path: Path, spec: PreprocessSpec, box: Box | None = None) -> Bytes:
    """The whole road: a file to its tensor. `box` is the lesion's, in pixels of the stored image."""
    picture = read_for(path, spec, box)
    return preprocess(picture.pixels, spec, picture.on_pixels(box) if box else None)


def _shrink_by(size: tuple[int, int], spec: PreprocessSpec, box: Box | None) -> int:
    """The power of two by which an image may be averaged down before anything else is done to it.

    Twice the tensor's size has to be left of what is looked at: that is as fine as bilinear resizing can use. A power
    of two, since a JPEG decoder can do that too, and the same image in two formats should give nearly the same tensor.
    """
    looked_at = min(size)
    if spec.crop == "roi" and box:
        looked_at = min(looked_at, _square_side(box, spec))
    finest = max(1, looked_at // (2 * max(spec.height, spec.width)))
    return 1 << (finest.bit_length() - 1)


def _to_8_bit(pixels: Pixels, spec: PreprocessSpec) -> Bytes:
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] != 3) or 0 in pixels.shape:
        raise MammoError(f"pixels of shape {pixels.shape}; expected (height, width) or (height, width, 3)")
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    if pixels.dtype != np.uint16:
        raise MammoError(f"pixels of type {pixels.dtype}; expected uint8 or uint16")
    low, high = (0, 65535) if spec.window == "full" else (int(pixels.min()), int(pixels.max()))
    span = max(high - low, 1)
    # Halves round up, in integers, so that no platform's floating point has a say.
    levels = (np.arange(span + 1, dtype=np.int64) * 510 + span) // (2 * span)
    return levels.astype(np.uint8)[pixels.astype(np.int64) - low]


def _in_channels(image: Bytes, channels: int) -> Bytes:
    if channels == 1 and image.ndim == 3:
        return np.asarray(Image.fromarray(image).convert("L"))
    if channels == 3 and image.ndim == 2:
        return np.repeat(image[:, :, None], 3, axis=2)
    return image


def _breast_in(image: Bytes, spec: PreprocessSpec) -> Breast | None:
    """Where any setting asks for it."""
    if spec.crop == "none" and spec.orient == "keep" and spec.polarity == "keep":
        return None
    return find_breast(image if image.ndim == 2 else np.asarray(Image.fromarray(image).convert("L")))


def _placing(image: Bytes, spec: PreprocessSpec, breast: Breast | None, box: Box | None, by: int) -> Placing:
    height, width = image.shape[:2]
    crop = 0, 0, width, height
    if breast and spec.crop == "breast":
        crop = breast.box
    if box and spec.crop == "roi":
        crop = _about((width, height), spec, (box[0] // by, box[1] // by, -(-box[2] // by), -(-box[3] // by)))
    mirrored = breast is not None and spec.orient == "left" and breast.side == "right"
    place = _letterbox(crop, spec) if spec.fit == "letterbox" else (0, 0, spec.width, spec.height)
    return Placing(by, crop, mirrored, (spec.width, spec.height), place)


def _looks(image: Bytes, spec: PreprocessSpec, breast: Breast | None, placing: Placing) -> Bytes:
    """The crop as the tensor shows it, in its own size."""
    shown = placing.cut(_without_litter(image, breast) if breast and spec.crop == "breast" else image)
    if breast and spec.polarity == "dark" and breast.bright_background:
        shown = 255 - shown
    return _standardised(shown) if spec.contrast == "standardise" else shown


def _without_litter(image: Bytes, breast: Breast) -> Bytes:
    """Stickers, labels and frames painted over with background: they tell the clinic, not the finding."""
    if not breast.litter.any():
        return image
    clean = image.copy()
    clean[np.asarray(Image.fromarray(breast.litter).resize((image.shape[1], image.shape[0])))] = breast.background
    return clean


def _inside(box: Box, width: int, height: int) -> Box:
    cut = _cut(box, width, height)
    if cut is None:
        raise MammoError(f"the lesion's box {box} does not lie in an image of {width}x{height} pixels")
    return cut


def _cut(box: Box, width: int, height: int) -> Box | None:
    """The box cut to the image; by more than a trifle it may not stick out, since it then is another image's."""
    trifle = max(width, height) // 100 + 1
    cut = max(0, box[0]), max(0, box[1]), min(width, box[2]), min(height, box[3])
    empty = cut[0] >= cut[2] or cut[1] >= cut[3]
    far_off = max(abs(one - other) for one, other in zip(cut, box, strict=True)) > trifle
    return None if empty or far_off else cut


def _about(size: tuple[int, int], spec: PreprocessSpec, box: Box) -> Box:
    """A square about the box, moved into the image where it would stick out."""
    left, top, right, bottom = box
    width, height = size
    side = _square_side(box, spec)
    start_x = max(0, min((left + right - side) // 2, width - side))
    start_y = max(0, min((top + bottom - side) // 2, height - side))
    return start_x, start_y, min(start_x + side, width), min(start_y + side, height)


def _square_side(box: Box, spec: PreprocessSpec) -> int:
    longer = max(box[2] - box[0], box[3] - box[1])
    return max(1, longer * (100 + 2 * spec.context_percent) // 100)


def _standardised(image: Bytes) -> Bytes:
    """From the histogram, in whole numbers up to one square root: a float sum's rounding would depend on the CPU."""
    counts = [int(n) for n in np.bincount(image.ravel(), minlength=256)]
    total = sum(counts)
    first = sum(level * n for level, n in enumerate(counts))
    second = sum(level * level * n for level, n in enumerate(counts))
    deviation = math.sqrt(total * second - first * first)  # total times the standard deviation
    if deviation == 0:
        return np.full_like(image, 128)
    levels = [128 + round(127 * (level * total - first) / (3 * deviation)) for level in range(256)]
    standardised: Bytes = np.clip(np.array(levels), 0, 255).astype(np.uint8)[image]
    return standardised


def _letterbox(crop: Box, spec: PreprocessSpec) -> Box:
    """Where on the tensor the crop fits whole and undistorted."""
    width, height = crop[2] - crop[0], crop[3] - crop[1]
    if height * spec.width >= width * spec.height:
        inner = (max(1, (width * spec.height + height // 2) // height), spec.height)
    else:
        inner = (spec.width, max(1, (height * spec.width + width // 2) // width))
    # A breast turned to the left keeps its chest wall at the edge; anything else stands in the middle.
    left = 0 if spec.orient == "left" else (spec.width - inner[0]) // 2
    top = (spec.height - inner[1]) // 2
    return left, top, left + inner[0], top + inner[1]

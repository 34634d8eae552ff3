"""The one road from pixels to tensor. In: what `read_pixels` gave. Out: uint8 (height, width, channels).

Training, calibration, evaluation and device all call `preprocess`, and nothing else touches a pixel.
It works in integers (Pillow resizes in fixed point), so x86 and ARM give the same bytes.
"""

import hashlib
import json
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tflite_mammo.errors import MammoError
from tflite_mammo.imaging.breast import find_breast
from tflite_mammo.imaging.read import Pixels
from tflite_mammo.schema import to_dict

Bytes = NDArray[np.uint8]

BYTES_VERSION = 1
"""Raised whenever the same spec would give other bytes than before: it is part of every fingerprint."""


@dataclass(frozen=True)
class PreprocessSpec:
    height: int = 224
    width: int = 224
    channels: int = 1
    crop: Literal["none", "breast"] = "breast"
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

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels

    @property
    def fingerprint(self) -> str:
        text = json.dumps({**to_dict(self), "bytes": BYTES_VERSION}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def differences(self, other: "PreprocessSpec") -> str:
        """What to say when two specs should be one: every setting that differs, here and there."""
        mine, theirs = to_dict(self), to_dict(other)
        return ", ".join(f"{key} {mine[key]} against {theirs[key]}" for key in mine if mine[key] != theirs[key])


def preprocess(pixels: Pixels, spec: PreprocessSpec) -> Bytes:
    image = _in_channels(_to_8_bit(pixels, spec), spec.channels)
    if spec.crop == "breast" or spec.orient == "left" or spec.polarity == "dark":
        image = _found_breast(image, spec)
    if spec.contrast == "standardise":
        image = _standardised(image)
    fitted = _letterboxed(image, spec) if spec.fit == "letterbox" else _resized(image, spec.width, spec.height)
    return fitted.reshape(spec.shape)


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


def _found_breast(image: Bytes, spec: PreprocessSpec) -> Bytes:
    breast = find_breast(image if image.ndim == 2 else np.asarray(Image.fromarray(image).convert("L")))
    if spec.crop == "breast":
        left, top, right, bottom = breast.box
        image = image[top:bottom, left:right]
    if spec.polarity == "dark" and breast.bright_background:
        image = 255 - image
    if spec.orient == "left" and breast.side == "right":
        image = image[:, ::-1]
    return image


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


def _letterboxed(image: Bytes, spec: PreprocessSpec) -> Bytes:
    height, width = image.shape[:2]
    if height * spec.width >= width * spec.height:
        inner = (max(1, (width * spec.height + height // 2) // height), spec.height)
    else:
        inner = (spec.width, max(1, (height * spec.width + width // 2) // width))
    canvas = np.zeros((spec.height, spec.width, *image.shape[2:]), np.uint8)
    # A breast turned to the left keeps its chest wall at the edge; anything else stands in the middle.
    left = 0 if spec.orient == "left" else (spec.width - inner[0]) // 2
    top = (spec.height - inner[1]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = _resized(image, *inner)
    return canvas


def _resized(image: Bytes, width: int, height: int) -> Bytes:
    resized = Image.fromarray(np.ascontiguousarray(image)).resize(
        (width, height), Image.Resampling.BILINEAR, reducing_gap=2.0
    )
    return np.asarray(resized)

"""Pictures of one size beside and below each other. In: grey or colour pixels. Out: one array of pixels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Panel = NDArray[np.uint8]

GAP_PX = 8
SHADE = 64
"""Round a picture that is not square."""


def panel(pixels: Panel, px: int) -> Panel:
    """`pixels` whole and in the middle of a square of `px`."""
    scale = px / max(pixels.shape[:2])
    height, width = (max(1, round(length * scale)) for length in pixels.shape[:2])
    square = np.full((px, px, *pixels.shape[2:]), SHADE, np.uint8)
    top, left = (px - height) // 2, (px - width) // 2
    square[top : top + height, left : left + width] = np.asarray(Image.fromarray(pixels).resize((width, height)))
    return square


def beside(panels: list[Panel], gap: int = 255) -> Panel:
    return _joined(panels, 1, gap)


def below(panels: list[Panel], gap: int = 255) -> Panel:
    return _joined(panels, 0, gap)


def _joined(panels: list[Panel], axis: int, gap: int) -> Panel:
    shape: list[Any] = list(panels[0].shape)
    shape[axis] = GAP_PX
    parts = [part for each in panels for part in (np.full(shape, gap, np.uint8), each)]
    return np.concatenate(parts[1:], axis=axis)

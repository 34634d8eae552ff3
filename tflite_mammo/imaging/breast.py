"""Where the breast lies. In: grey 8-bit pixels. Out: its box, its side and whether the background is bright.

Everything is done on a thumbnail with integers, so a Pi and a workstation find the same box.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Side = Literal["left", "right"]
Mask = NDArray[np.bool_]

THUMBNAIL_PX = 128
MARGIN_SHARE = 0.01


@dataclass(frozen=True)
class Breast:
    box: tuple[int, int, int, int]
    """Left, top, right, bottom in pixels of the image; the whole image when nothing stands out."""
    side: Side
    """The edge of the image at which the chest wall lies."""
    bright_background: bool
    """True when the image is stored inverted, as MONOCHROME1 is."""


def find_breast(grey: NDArray[np.uint8]) -> Breast:
    height, width = grey.shape
    scale = max(height, width) / THUMBNAIL_PX
    small = (max(1, round(width / scale)), max(1, round(height / scale)))
    thumbnail = np.asarray(Image.fromarray(grey).resize(small, Image.Resampling.BOX))
    histogram = np.bincount(thumbnail.ravel(), minlength=256)
    # The background is flat, tissue is not: the fullest of 16 coarse bins is background.
    bright = int(histogram.reshape(16, 16).sum(axis=1).argmax()) >= 8
    if bright:
        thumbnail, histogram = 255 - thumbnail, histogram[::-1]
    mask = _largest_piece(_without_thin_lines(thumbnail > _threshold(histogram)))
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return Breast((0, 0, width, height), "left", bright)
    half = small[0] // 2
    side: Side = "left" if mask[:, :half].sum() >= mask[:, small[0] - half :].sum() else "right"
    margin = round(MARGIN_SHARE * max(height, width))
    box = (
        max(0, int(columns[0] * width // small[0]) - margin),
        max(0, int(rows[0] * height // small[1]) - margin),
        min(width, -int(-(columns[-1] + 1) * width // small[0]) + margin),
        min(height, -int(-(rows[-1] + 1) * height // small[1]) + margin),
    )
    return Breast(box, side, bright)


def _threshold(histogram: NDArray[np.int64]) -> int:
    """Half-way between the background and Otsu's threshold, which by itself would cut off the fatty rim."""
    levels = np.arange(256)
    below = np.cumsum(histogram)
    total, mass = int(below[-1]), np.cumsum(histogram * levels)
    above = total - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (mass * total - below * mass[-1]).astype(np.float64) ** 2 / (below * above)
    otsu = int(np.nanargmax(np.where((below > 0) & (above > 0), between, -1.0)))
    background = int(histogram.argmax())
    return background + max(4, (otsu - background) // 2)


def _without_thin_lines(mask: Mask) -> Mask:
    """Erode and dilate once: the frames and scratches of scanned film are one thumbnail pixel wide."""
    return _shifted(_shifted(mask, all_of=True), all_of=False)


def _shifted(mask: Mask, *, all_of: bool) -> Mask:
    padded = np.pad(mask, 1, constant_values=False)
    height, width = mask.shape
    result = mask.copy()
    for row in range(3):
        for column in range(3):
            window = padded[row : row + height, column : column + width]
            result = (result & window) if all_of else (result | window)
    return result


def _largest_piece(mask: Mask) -> Mask:
    """The largest 4-connected piece, by joining runs of neighbouring rows; a label on the film is a smaller one."""
    parents: list[int] = []
    runs: list[tuple[int, int, int]] = []
    above: list[int] = []
    for row in range(mask.shape[0]):
        edges = np.flatnonzero(np.diff(mask[row].astype(np.int8), prepend=0, append=0))
        here: list[int] = []
        for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            me = len(runs)
            runs.append((row, start, end))
            parents.append(me)
            here.append(me)
            for other in above:
                if runs[other][1] < end and start < runs[other][2]:
                    parents[_root(parents, other)] = _root(parents, me)
        above = here
    sizes: dict[int, int] = {}
    for i, (_, start, end) in enumerate(runs):
        root = _root(parents, i)
        sizes[root] = sizes.get(root, 0) + end - start
    piece = np.zeros_like(mask)
    if sizes:
        winner = max(sizes, key=lambda root: sizes[root])
        for i, (row, start, end) in enumerate(runs):
            piece[row, start:end] = _root(parents, i) == winner or piece[row, start:end]
    return piece


def _root(parents: list[int], i: int) -> int:
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = parents[i]
    return i

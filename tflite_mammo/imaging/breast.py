"""Where the breast lies. In: grey 8-bit pixels. Out: its box, its side and whether the background is bright.

Everything is done on a thumbnail with integers, so a Pi and a workstation find the same box. What decides is the
background: flat, at the end of the image's range, and along its edges. An image without one, such as a crop of a
lesion or an ultrasound, has nothing to be cut off or turned round.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tflite_mammo.imaging.pieces import Mask, grown, largest_piece, without_thin_lines

Side = Literal["left", "right"]
Thumbnail = NDArray[np.uint8]

THUMBNAIL_PX = 128
MARGIN_SHARE = 0.01
EDGE_PX = 6
"""The strip of the thumbnail along its edges in which background is looked for: wider than the frames of film."""
FLAT_LEVELS = 8
"""How far background may stray from the darkest (or the brightest) of the image."""
BACKGROUND_SHARE = 1 / 3
"""Of that strip. Of 1,046 mammograms looked at all but one have 0.41 or more; crops of lesions have 0.25 of bright."""
WALL_SHARE = 0.05
"""Of the breast's width: the columns at either end, of which those at the chest wall are fuller."""


@dataclass(frozen=True)
class Breast:
    box: tuple[int, int, int, int]
    """Left, top, right, bottom in pixels of the image; the whole image when nothing stands out."""
    side: Side
    """The edge of the image at which the chest wall lies; left when there is no telling."""
    bright_background: bool
    """True when the image is stored inverted, as MONOCHROME1 is."""
    mask: Mask = field(compare=False)
    """The breast on a thumbnail of at most 128 pixels each way; all of it where there is no background."""
    litter: Mask = field(compare=False)
    """What else stands out on that thumbnail: stickers, labels, tape, frames of the film."""
    background: int = field(compare=False)
    """The grey level of the background as it is stored."""


def find_breast(grey: NDArray[np.uint8]) -> Breast:
    height, width = grey.shape
    thumbnail = _thumbnail(grey)
    edge = _edge(thumbnail)
    share, bright = _background(thumbnail, edge)
    if share < BACKGROUND_SHARE:
        everything = np.ones(thumbnail.shape, np.bool_)
        return Breast((0, 0, width, height), "left", False, everything, ~everything, 0)
    if bright:
        thumbnail, edge = 255 - thumbnail, 255 - edge
    background = int(np.bincount(edge).argmax())
    shown = thumbnail > _threshold(thumbnail, edge, background)
    mask = largest_piece(without_thin_lines(shown))
    litter = grown(shown & ~grown(mask, 2)) & ~grown(mask)
    found = (mask, litter, 255 - background if bright else background)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0 or mask.all():
        return Breast((0, 0, width, height), "left", bright, *found)
    small_height, small_width = mask.shape
    margin = round(MARGIN_SHARE * max(height, width))
    box = (
        max(0, int(columns[0] * width // small_width) - margin),
        max(0, int(rows[0] * height // small_height) - margin),
        min(width, -int(-(columns[-1] + 1) * width // small_width) + margin),
        min(height, -int(-(rows[-1] + 1) * height // small_height) + margin),
    )
    return Breast(box, _side(mask[:, columns[0] : columns[-1] + 1]), bright, *found)


def _thumbnail(grey: NDArray[np.uint8]) -> Thumbnail:
    height, width = grey.shape
    scale = max(height, width) / THUMBNAIL_PX
    small = (max(1, round(width / scale)), max(1, round(height / scale)))
    return np.asarray(Image.fromarray(grey).resize(small, Image.Resampling.BOX))


def _edge(thumbnail: Thumbnail) -> Thumbnail:
    inner = np.zeros(thumbnail.shape, np.bool_)
    inner[EDGE_PX:-EDGE_PX, EDGE_PX:-EDGE_PX] = True
    return thumbnail[~inner]


def _background(thumbnail: Thumbnail, edge: Thumbnail) -> tuple[float, bool]:
    """The share of the edge that is flat and at one end of the image's range, and whether that is the bright end."""
    levels, last = np.sort(thumbnail, axis=None).astype(int), thumbnail.size - 1
    darkest, brightest = int(levels[last // 100]), int(levels[last - last // 100])
    dark = int((edge <= darkest + FLAT_LEVELS).sum())
    light = int((edge >= brightest - FLAT_LEVELS).sum())
    return max(dark, light) / edge.size, light > dark or (light == dark and brightest >= 128)


def _threshold(thumbnail: Thumbnail, edge: Thumbnail, background: int) -> int:
    """Just above the background as it lies along the edges, haze of film included. In: a dark background.

    Never more than half-way to Otsu's threshold, which by itself would cut off the fatty rim.
    """
    half_way = background + max(4, (_otsu(thumbnail) - background) // 2)
    flat = np.sort(edge[edge <= min(half_way, background + 2 * FLAT_LEVELS)])
    return min(half_way, int(flat[flat.size * 9 // 10]) + FLAT_LEVELS)


def _otsu(thumbnail: Thumbnail) -> int:
    histogram, levels = np.bincount(thumbnail.ravel(), minlength=256), np.arange(256)
    below = np.cumsum(histogram)
    total, mass = int(below[-1]), np.cumsum(histogram * levels)
    above = total - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (mass * total - below * mass[-1]).astype(np.float64) ** 2 / (below * above)
    return int(np.nanargmax(np.where((below > 0) & (above > 0), between, -1.0)))


def _side(breast: Mask) -> Side:
    """The chest wall is straight and the nipple's side is round: of the outermost columns the wall's are fuller."""
    columns = max(1, round(WALL_SHARE * breast.shape[1]))
    left, right = int(breast[:, :columns].sum()), int(breast[:, -columns:].sum())
    return "left" if left >= right else "right"

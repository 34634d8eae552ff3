"""A prepared tensor with what speaks for the finding laid over it: tensor, map, box and peak in, a picture out."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tflite_mammo.placing import Placed
from tflite_mammo.preprocess import Bytes

LEAST, MOST = (255, 110, 0), (255, 240, 60)
"""From orange to yellow, and less and less translucent."""
OPACITY = 0.6
BOX_COLOUR = (60, 220, 255)
CROSS_PX = 5
GAP_PX = 4


def map_picture(
    tensor: Bytes,
    heat: NDArray[np.float32],
    box: Placed | None = None,
    peak: tuple[float, float] | None = None,
    edge: int = 224,
) -> Image.Image:
    """`edge` pixels along the longer side; box and peak are given in pixels of the tensor."""
    height, width = tensor.shape[:2]
    scale = edge / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    image = Image.fromarray(tensor[:, :, 0] if tensor.shape[2] == 1 else tensor).convert("RGB")
    picture = _heated(image.resize(size, Image.Resampling.BILINEAR), heat)
    pen = ImageDraw.Draw(picture)
    if box:
        left, top, right, bottom = (round(side * scale) for side in box)
        pen.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=BOX_COLOUR)
    if peak:
        _cross(pen, round(peak[0] * scale), round(peak[1] * scale))
    return picture


def _heated(image: Image.Image, heat: NDArray[np.float32]) -> Image.Image:
    """Only what speaks for the finding is coloured, each map by its own highest value."""
    if heat.max() <= 0:
        return image
    own = Image.fromarray(np.maximum(heat / heat.max(), 0).astype(np.float32))
    strength = np.asarray(own.resize(image.size, Image.Resampling.BILINEAR))[:, :, None]
    colour = np.array(LEAST) + strength * (np.array(MOST) - np.array(LEAST))
    opacity = OPACITY * strength
    return Image.fromarray(np.rint(np.asarray(image) * (1 - opacity) + colour * opacity).astype(np.uint8))


def _cross(pen: ImageDraw.ImageDraw, x: int, y: int) -> None:
    for width, colour in ((3, "black"), (1, "white")):  # seen on dark and on bright
        pen.line((x - CROSS_PX, y, x + CROSS_PX, y), fill=colour, width=width)
        pen.line((x, y - CROSS_PX, x, y + CROSS_PX), fill=colour, width=width)


def beside(
    tensor: Bytes, heat: NDArray[np.float32] | None, box: Placed | None, peak: tuple[float, float] | None = None
) -> Image.Image:
    """As prepared, and to the right of it with its map where there is one."""
    nothing = np.zeros((1, 1), np.float32)
    plain = map_picture(tensor, nothing, None if heat is not None else box)
    if heat is None:
        return plain
    both = Image.new("RGB", (2 * plain.width + GAP_PX, plain.height))
    both.paste(plain, (0, 0))
    both.paste(map_picture(tensor, heat, box, peak), (plain.width + GAP_PX, 0))
    return both

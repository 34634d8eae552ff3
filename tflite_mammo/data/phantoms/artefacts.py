"""What happens to an image after the breast: label stickers, film borders. Drawn alike for every class."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tflite_mammo.data.phantoms.tissue import Plane

STICKER_SHARE = 0.5
BORDER_SHARE = 0.15
INVERTED_SHARE = 0.1


def add_sticker(plane: Plane, text: str, at_left: bool, rng: np.random.Generator) -> None:
    """A bright label such as 'R MLO', in the upper or lower corner of the side away from the chest wall."""
    rows, columns = plane.shape
    font = ImageFont.load_default(size=max(8, rows // 24))
    left, top, right, bottom = (int(v) for v in font.getbbox(text))
    label = Image.new("L", (right - left + 8, bottom - top + 8), 0)
    framed = bool(rng.random() < 0.5)
    draw = ImageDraw.Draw(label)
    if framed:
        draw.rectangle((0, 0, label.width - 1, label.height - 1), fill=200)
    draw.text((4 - left, 4 - top), text, fill=30 if framed else 230, font=font)
    shape = np.asarray(label, dtype=np.float32) / 255
    height, width = min(shape.shape[0], rows), min(shape.shape[1], columns)
    inset = int(rng.integers(0, max(1, columns // 20)))
    column = min(inset, columns - width) if at_left else max(columns - width - inset, 0)
    row = int(rng.integers(rows // 40, rows // 12 + 1)) if rng.random() < 0.7 else rows - height - rows // 20
    window = plane[row : row + height, column : column + width]
    np.maximum(window, shape[:height, :width], out=window)


def add_border(plane: Plane, rng: np.random.Generator) -> None:
    """The bright edge of a digitised film on one to three sides; the chest wall (left) stays as it is."""
    width = max(1, round(plane.shape[0] * float(rng.uniform(0.003, 0.010))))
    value = float(rng.uniform(0.5, 0.95))
    for side in rng.permutation(3)[: int(rng.integers(1, 4))]:
        edge = (plane[:width], plane[-width:], plane[:, -width:])[int(side)]
        edge[...] = value

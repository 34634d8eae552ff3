"""Where an image comes to lie on its tensor. Pixels and the lesion's box both go this way, so they cannot disagree.

In: what preprocess.py found to look at. Out: the pixels on the tensor's canvas, a box in the tensor's pixels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tflite_mammo.imaging.read import Box

Placed = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the tensor, whose own edges are 0 and its width or height."""


@dataclass(frozen=True)
class Placing:
    shrunk_by: int
    """What the image was averaged down by before anything else."""
    crop: Box
    """What is looked at, in pixels of the shrunken image."""
    mirrored: bool
    canvas: tuple[int, int]
    """Width and height of the tensor."""
    place: Box
    """Where on the tensor the crop lies; black is about it."""

    def cut(self, shrunken: NDArray[np.uint8]) -> NDArray[np.uint8]:
        left, top, right, bottom = self.crop
        return shrunken[top:bottom, left:right][:, :: -1 if self.mirrored else 1]

    def laid(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What `cut` gave, on the tensor."""
        left, top, right, bottom = self.place
        canvas = np.zeros((self.canvas[1], self.canvas[0], *image.shape[2:]), np.uint8)
        canvas[top:bottom, left:right] = np.asarray(
            Image.fromarray(np.ascontiguousarray(image)).resize(
                (right - left, bottom - top), Image.Resampling.BILINEAR, reducing_gap=2.0
            )
        )
        return canvas

    def of_box(self, box: Box) -> Placed | None:
        """A box in pixels of the image as it was before it was shrunken; None where none of it is looked at."""
        columns = self._along(0, box[0], box[2])
        rows = self._along(1, box[1], box[3])
        if self.mirrored:
            columns = 1 - columns[1], 1 - columns[0]
        if columns[0] >= columns[1] or rows[0] >= rows[1]:
            return None
        left, top, right, bottom = self.place
        width, height = right - left, bottom - top
        return left + columns[0] * width, top + rows[0] * height, left + columns[1] * width, top + rows[1] * height

    def _along(self, axis: int, start: int, end: int) -> tuple[float, float]:
        """Which shares of the crop's width or height a box takes, cut to the crop."""
        first, last = self.crop[axis], self.crop[axis + 2]
        low, high = ((edge / self.shrunk_by - first) / (last - first) for edge in (start, end))
        return min(max(low, 0.0), 1.0), min(max(high, 0.0), 1.0)

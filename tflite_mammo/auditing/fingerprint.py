"""A tensor to its fingerprint: what stays the same when an image is turned, mirrored, cropped, brightened, saved anew.

Small marked places with a description of what lies about each (SIFT, whose descriptions turn and scale with the
image), found on a picture whose local contrast has been evened out, so that brightness and CLAHE change little.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tflite_mammo.preprocess import Bytes

Detail = NDArray[np.float32]

PX = 128
"""Copies are told apart at this size as well as at 224, in a third of the time."""
MARKS = 100
EVEN_OUT_PX = 4.5
"""The reach within which contrast is evened out."""
LEAST_CONTRAST = 4.0
"""Grey levels; below it lies noise, which must not be blown up into marks."""

_BINS = np.arange(128).reshape(4, 4, 8)
UPSIDE_DOWN = _BINS[::-1][:, :, -np.arange(8) % 8].reshape(-1)
"""A description's 4 x 4 places x 8 directions as they would be had the image been mirrored."""


@dataclass(frozen=True)
class Fingerprint:
    points: NDArray[np.float32]
    """x and y of each mark, on a picture of PX pixels."""
    marks: NDArray[np.uint8]
    """Marks x 128."""

    def mirrored(self) -> "Fingerprint":
        """Of the same image upside down. Mirrored left to right is that, turned; and marks do not mind turning."""
        points = self.points.copy()
        points[:, 1] = PX - 1 - points[:, 1]
        return Fingerprint(points, self.marks[:, UPSIDE_DOWN])


def fingerprint(tensor: Bytes) -> Fingerprint:
    grey = np.clip(128 + 40 * detail_of(tensor), 0, 255).astype(np.uint8)
    sift = cv2.SIFT.create(nfeatures=MARKS, contrastThreshold=0.02, edgeThreshold=20)
    keypoints, marks = sift.detectAndCompute(grey, None)
    if marks is None:
        return Fingerprint(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.uint8))
    points = np.array([keypoint.pt for keypoint in keypoints], np.float32)
    return Fingerprint(points, marks.astype(np.uint8))


def detail_of(tensor: Bytes) -> Detail:
    """The picture at PX without its slow changes of brightness, every region with about the same contrast."""
    grey = tensor[:, :, 0] if tensor.shape[2] == 1 else cv2.cvtColor(tensor, cv2.COLOR_RGB2GRAY)
    scale = PX / max(grey.shape)
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    small = np.zeros((PX, PX), np.float32)
    small[: size[1], : size[0]] = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    rest = small - cv2.GaussianBlur(small, (0, 0), EVEN_OUT_PX)
    power = cv2.GaussianBlur(rest * rest, (0, 0), EVEN_OUT_PX)
    detail: Detail = rest / np.sqrt(power + LEAST_CONTRAST**2)
    return detail

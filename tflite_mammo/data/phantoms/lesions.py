"""Lesions: what makes a phantom benign or malignant.

Benign: smooth round or oval masses, coarse calcifications. Malignant: irregular or spiculated masses, clusters of
fine calcifications. A share borrows the other class's look and many are faint, so that no network is always right.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.data.phantoms.tissue import Plane
from tflite_mammo.imaging import Box

Kind = Literal["mass", "calcification"]
Label = Literal["benign", "malignant"]

CALCIFICATION_SHARE = 0.3
LOOKALIKE_SHARE = 0.12
"""Lesions drawn in the other class's manner: circumscribed cancers and irregular benign masses exist."""


@dataclass(frozen=True)
class Lesion:
    """What both views of one lesion share; lengths are shares of the image's height."""

    label: Label
    kind: Kind
    suspicious: bool
    radius: float
    contrast: float
    depth: float
    height: float
    oval: float
    irregularity: float

    @classmethod
    def draw(cls, label: Label, rng: np.random.Generator) -> "Lesion":
        kind: Kind = "calcification" if rng.random() < CALCIFICATION_SHARE else "mass"
        suspicious = (label == "malignant") != (rng.random() < LOOKALIKE_SHARE)
        return cls(
            label=label,
            kind=kind,
            suspicious=bool(suspicious),
            radius=float(rng.uniform(0.032, 0.065)),
            contrast=float(rng.uniform(0.16, 0.40)),
            depth=float(rng.uniform(0.25, 0.65)),
            height=float(rng.uniform(-0.45, 0.45)),
            oval=float(rng.uniform(0.7, 1.0)),
            irregularity=float(rng.uniform(0.5, 1.0)),
        )

    def in_view(self, rng: np.random.Generator) -> "Lesion":
        """The same lesion from another direction: its depth is kept, its height and size change a little."""
        return replace(
            self,
            height=float(np.clip(self.height + rng.normal(0, 0.12), -0.5, 0.5)),
            radius=self.radius * float(rng.uniform(0.92, 1.08)),
            contrast=self.contrast * float(rng.uniform(0.85, 1.15)),
        )


def add_lesion(plane: Plane, inside: Plane, lesion: Lesion, rng: np.random.Generator) -> Box:
    """Draw into `plane` and return the box (left, top, right, bottom) of what was drawn."""
    size_px = plane.shape[0]
    row, column = _centre(inside, lesion)
    reach_px = max(6, round(lesion.radius * size_px * (2.6 if lesion.suspicious else 1.5)))
    top, left = max(0, row - reach_px), max(0, column - reach_px)
    bottom, right = min(plane.shape[0], row + reach_px + 1), min(plane.shape[1], column + reach_px + 1)
    y = np.arange(top, bottom, dtype=np.float32)[:, None] - row
    x = np.arange(left, right, dtype=np.float32)[None, :] - column
    draw = _mass if lesion.kind == "mass" else _calcifications
    patch = draw(x, y, lesion, lesion.radius * size_px, rng) * np.minimum(1.0, inside[top:bottom, left:right] * 8)
    plane[top:bottom, left:right] += patch
    rows, columns = np.nonzero(patch > 0.02)
    if rows.size == 0:
        return left, top, right, bottom
    return left + int(columns.min()), top + int(rows.min()), left + int(columns.max()) + 1, top + int(rows.max()) + 1


def _centre(inside: Plane, lesion: Lesion) -> tuple[int, int]:
    """The pixel that lies at the lesion's depth and height within this view's outline."""
    reach = (inside > 0).sum(axis=1)
    rows = np.flatnonzero(reach > 0.4 * reach.max())
    row = int(rows[0] + (lesion.height + 0.5) * (rows[-1] - rows[0]))
    return row, int(reach[row] * lesion.depth)


def _mass(x: Plane, y: Plane, lesion: Lesion, radius: float, rng: np.random.Generator) -> Plane:
    turn = rng.uniform(0, np.pi)
    u = x * np.cos(turn) + y * np.sin(turn)
    v = (y * np.cos(turn) - x * np.sin(turn)) / lesion.oval
    r, angle = np.hypot(u, v), np.arctan2(v, u)
    if not lesion.suspicious:
        return _soft(lesion.contrast * (1.0 - 0.25 * (r / radius) ** 2), radius - r, 0.06 * radius)
    edge = np.full_like(r, radius * 0.8)
    for k in range(3, 9):
        edge += radius * lesion.irregularity * rng.normal(0, 0.16 / k**0.5) * np.cos(k * angle + rng.uniform(0, 6.3))
    body = _soft(lesion.contrast * (1.0 - 0.2 * (r / radius) ** 2), edge - r, 0.14 * radius)
    return np.maximum(body, _spicules(r, angle, lesion, radius, rng))


def _spicules(r: Plane, angle: Plane, lesion: Lesion, radius: float, rng: np.random.Generator) -> Plane:
    count = int(rng.integers(9, 18))
    directions = rng.uniform(0, 2 * np.pi, count)
    lengths = radius * rng.uniform(1.3, 2.5, count)
    widths = radius * rng.uniform(0.05, 0.11, count)
    strengths = lesion.contrast * rng.uniform(0.4, 0.9, count)
    rays = np.zeros_like(r)
    for direction, length, width, strength in zip(directions, lengths, widths, strengths, strict=True):
        across = np.sin(angle - direction) * r
        along = np.cos(angle - direction) * r
        taper = np.clip(1.0 - along / length, 0.0, 1.0) * (along > 0)
        rays = np.maximum(rays, strength * taper**0.5 * np.exp(-((across / width) ** 2)))
    return rays


def _calcifications(x: Plane, y: Plane, lesion: Lesion, radius: float, rng: np.random.Generator) -> Plane:
    if lesion.suspicious:
        count, sizes = int(rng.integers(12, 30)), radius * rng.uniform(0.05, 0.11, 30)
        spread = radius * 1.1
    else:
        count, sizes = int(rng.integers(1, 4)), radius * rng.uniform(0.28, 0.50, 30)
        spread = radius * 0.6
    plane = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.float32)
    for i in range(count):
        dx, dy = rng.normal(0, spread * 0.5, 2)
        r2 = (x - dx) ** 2 + ((y - dy) / lesion.oval) ** 2
        # Below a pixel a grain keeps its mass and loses its height, as it does on a detector.
        width = max(float(sizes[i]), 0.7)
        height = 1.3 * lesion.contrast * min(1.0, (float(sizes[i]) / width) ** 2) * rng.uniform(0.7, 1.2)
        plane = np.maximum(plane, height * np.exp(-((r2 / width**2) ** 2)))
    return plane


def _soft(height: NDArray[np.float32], inward_px: Plane, softness_px: float) -> Plane:
    """`height` inside, 0 outside, over an edge of a stated softness."""
    step = 1.0 / (1.0 + np.exp(-np.clip(inward_px / max(softness_px, 0.5), -30, 30)))
    result: Plane = (np.maximum(height, 0.0) * step).astype(np.float32)
    return result

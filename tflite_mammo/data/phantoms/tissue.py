"""The breast without its lesion: outline, skin, pectoral muscle and power-law parenchyma, chest wall at the left.

Values are shares of the display range, 0 to 1; lengths are shares of the image's height.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
View = Literal["CC", "MLO"]

ASPECT = 0.8
"""Width over height, as of the 24 x 30 cm and 18 x 24 cm detectors."""


@dataclass(frozen=True)
class Anatomy:
    """What the views of one breast share."""

    depth: float
    half_height: float
    density: float
    roundness: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Anatomy":
        return cls(
            depth=float(rng.uniform(0.45, 0.72)),
            half_height=float(rng.uniform(0.30, 0.42)),
            density=float(rng.beta(2.0, 2.5)),
            roundness=float(rng.uniform(1.8, 2.6)),
        )


def breast_plane(anatomy: Anatomy, view: View, size_px: int, rng: np.random.Generator) -> tuple[Plane, Plane]:
    """The drawn breast, and how deep each pixel lies inside it (0 at the skin and outside, 1 at the chest wall)."""
    rows, columns = size_px, round(size_px * ASPECT)
    y, x = _places(rows, size_px)[:, None], _places(columns, size_px)[None, :]
    reach = _outline(anatomy, view, y, rng)
    inside = np.clip(1.0 - x / np.maximum(reach, 1e-3), 0.0, 1.0)
    noise = power_law(rows, columns, rng)
    gland = np.exp(-(((x - 0.45 * anatomy.depth) / (0.42 * anatomy.depth)) ** 2)) * np.exp(
        -(((y - 0.5) / (0.75 * anatomy.half_height)) ** 2)
    )
    # A soft step turns the power-law field into clumps of glandular tissue in fat.
    clumps = 1.0 / (1.0 + np.exp(-2.2 * (noise + 1.6 * anatomy.density - 0.9)))
    plane = 0.20 + 0.05 * noise + (0.12 + 0.40 * anatomy.density) * gland * clumps
    edge_px = inside * reach * size_px
    plane *= np.minimum(1.0, 0.35 + edge_px / (0.10 * size_px))
    plane += 0.10 * np.exp(-(((edge_px - 2.0) / 1.5) ** 2))
    if view == "MLO":
        plane += _pectoral(x, y, rng) * (0.26 + 0.03 * noise)
    plane *= np.clip(edge_px, 0.0, 1.0)
    return plane.astype(np.float32), inside.astype(np.float32)


def _places(count: int, size_px: int) -> Plane:
    """Pixel centres in shares of the image's height."""
    return ((np.arange(count) + 0.5) / size_px).astype(np.float32)


def power_law(rows: int, columns: int, rng: np.random.Generator) -> Plane:
    """A field whose power falls as 1/f^3, mean 0, deviation 1: the spectrum measured on mammograms."""
    spectrum = np.fft.rfft2(rng.standard_normal((rows, columns), dtype=np.float32))
    field = np.fft.irfft2(spectrum * _amplitude(rows, columns), s=(rows, columns)).astype(np.float32)
    scaled: Plane = (field - field.mean()) / field.std()
    return scaled


@lru_cache(maxsize=4)
def _amplitude(rows: int, columns: int) -> Plane:
    # rfft2 halves the last axis; both axes in cycles per image height. Below 2 cycles the field is held flat,
    # or a single slope over the whole image would carry most of the power.
    f = np.hypot(np.fft.fftfreq(rows, 1 / rows)[:, None], np.fft.rfftfreq(columns, 1 / rows)[None, :])
    amplitude: Plane = (np.maximum(f, 2.0) ** -1.5).astype(np.float32)
    return amplitude


def _outline(anatomy: Anatomy, view: View, y: Plane, rng: np.random.Generator) -> Plane:
    """How far the breast reaches from the chest wall, row by row."""
    centre, half = (0.5, anatomy.half_height) if view == "CC" else (0.56, anatomy.half_height * 1.08)
    t = (y - centre) / half
    phase, wobble = rng.uniform(0, 2 * np.pi, 2).tolist(), rng.uniform(0.005, 0.02, 2).tolist()
    reach = anatomy.depth * np.maximum(1.0 - np.abs(t) ** anatomy.roundness, 0.0) ** 0.5
    if view == "MLO":  # the axilla: tissue goes on to the upper edge
        tail = 0.40 * anatomy.depth * np.clip((centre + 0.2 * half - y) / half, 0.0, 1.0) ** 0.7
        reach = (reach**3 + tail**3) ** (1 / 3)  # a smooth maximum: no step where the breast meets the axilla
    wave = wobble[0] * np.sin(5 * y + phase[0]) + wobble[1] * np.sin(11 * y + phase[1])
    outline: Plane = (reach * (1.0 + wave)).astype(np.float32)
    return outline


def _pectoral(x: Plane, y: Plane, rng: np.random.Generator) -> Plane:
    """A wedge in the upper corner at the chest wall."""
    width, length = float(rng.uniform(0.16, 0.30)), float(rng.uniform(0.45, 0.70))
    edge = width * (1.0 - y / length) + 0.02 * np.sin(4.0 * y)
    wedge: Plane = np.clip((edge - x) / 0.012, 0.0, 1.0).astype(np.float32)
    return wedge

"""A patient number and a seed to four drawn views, in memory. The same numbers give the same pixels, bit for bit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.data.phantoms.artefacts import (
    BORDER_SHARE,
    INVERTED_SHARE,
    STICKER_SHARE,
    add_border,
    add_sticker,
)
from tflite_mammo.data.phantoms.lesions import Label, Lesion, add_lesion
from tflite_mammo.data.phantoms.tissue import Anatomy, View, breast_plane
from tflite_mammo.imaging import Box

CMMD_MALIGNANT_SHARE = 4174 / 5590
BOTH_BREASTS_SHARE = 0.4
NOISE = 0.012
VIEWS: tuple[View, ...] = ("CC", "MLO")


@dataclass(frozen=True)
class PhantomView:
    patient: str
    side: str
    view: View
    label: str
    """benign, malignant, or normal for the breast without a lesion."""
    kind: str
    """mass, calcification, or nothing where there is no lesion."""
    box: Box | None
    inverted: bool
    density: float
    pixels: NDArray[np.uint16]
    """12 bits, 0 to 4095, chest wall at the left for a left breast and at the right for a right one."""


def draw_patient(number: int, seed: int, size_px: int, malignant_share: float) -> list[PhantomView]:
    rng = np.random.default_rng([seed, number])
    first = "left" if rng.random() < 0.5 else "right"
    both = bool(rng.random() < BOTH_BREASTS_SHARE)
    anatomy = Anatomy.draw(rng)
    views = []
    for side in ("left", "right"):
        lesion = Lesion.draw(_label(malignant_share, rng), rng) if both or side == first else None
        for view in VIEWS:
            views.append(_draw_view(f"P{number:05d}", side, view, anatomy, lesion, size_px, rng))
    return views


def _label(malignant_share: float, rng: np.random.Generator) -> Label:
    return "malignant" if rng.random() < malignant_share else "benign"


def _draw_view(
    patient: str, side: str, view: View, anatomy: Anatomy, lesion: Lesion | None, size_px: int, rng: np.random.Generator
) -> PhantomView:
    plane, inside = breast_plane(anatomy, view, size_px, rng)
    box = add_lesion(plane, inside, lesion.in_view(rng), rng) if lesion else None
    plane += NOISE * rng.standard_normal(plane.shape, dtype=np.float32) * np.sqrt(np.maximum(plane, 0.02))
    if rng.random() < BORDER_SHARE:
        add_border(plane, rng)
    if side == "right":
        plane = np.ascontiguousarray(plane[:, ::-1])
        box = (plane.shape[1] - box[2], box[1], plane.shape[1] - box[0], box[3]) if box else None
    if rng.random() < STICKER_SHARE:
        add_sticker(plane, f"{side[0].upper()} {view}", side == "right", rng)
    inverted = bool(rng.random() < INVERTED_SHARE)
    pixels = np.rint(np.clip(plane, 0.0, 1.0) * 4095).astype(np.uint16)
    return PhantomView(
        patient=patient,
        side=side,
        view=view,
        label=lesion.label if lesion else "normal",
        kind=lesion.kind if lesion else "",
        box=box,
        inverted=inverted,
        density=round(anatomy.density, 3),
        pixels=4095 - pixels if inverted else pixels,
    )

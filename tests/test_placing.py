"""Where a lesion's box lies on the tensor, told by pixels: a bright rectangle is drawn, and the tensor is looked at."""

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tflite_mammo.imaging.read import Box, read_picture
from tflite_mammo.placing import Placed
from tflite_mammo.preprocess import PreprocessSpec, preprocess, read_for, tensor_and_box

SPEC = PreprocessSpec(height=64, width=48)
WIDE = PreprocessSpec(height=40, width=96)
LESION = (10, 60, 30, 84)
"""In a breast of 140x100 pixels."""


def breast(by: int = 1, side: str = "left") -> tuple[NDArray[np.uint8], Box]:
    """Half an ellipse, plain but for a bright rectangle; the image and the rectangle's box."""
    y, x = np.indices((140 * by, 100 * by)) / by
    image = np.where((x / 70) ** 2 + ((y - 75) / 50) ** 2 < 1, 90, 0).astype(np.uint8)
    left, top, right, bottom = (edge * by for edge in LESION)
    image[top:bottom, left:right] = 250
    if side == "right":
        return image[:, ::-1], (100 * by - right, top, 100 * by - left, bottom)
    return image, (left, top, right, bottom)


def bright(tensor: NDArray[np.uint8]) -> Placed:
    seen = tensor.max(axis=2) > 170
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    return float(columns[0]), float(rows[0]), float(columns[-1]) + 1, float(rows[-1]) + 1


def expect_there(image: NDArray[np.uint8], spec: PreprocessSpec, box: Box, within: float = 1.0) -> Placed:
    tensor, placed = tensor_and_box(image, spec, box)
    assert placed is not None
    np.testing.assert_allclose(placed, bright(tensor), atol=within)
    np.testing.assert_array_equal(tensor, preprocess(image, spec, box))
    return placed


SPECS = list(
    product((SPEC, WIDE), ("none", "breast", "roi"), ("keep", "left"), ("letterbox", "stretch"), ("keep", "dark"))
)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("by", [1, 3, 8])
@pytest.mark.parametrize(("base", "crop", "orient", "fit", "polarity"), SPECS)
def test_the_box_lies_where_the_lesion_is_seen(
    base: PreprocessSpec, crop: Any, orient: Any, fit: Any, polarity: Any, by: int, side: str
) -> None:
    spec = replace(base, crop=crop, orient=orient, fit=fit, polarity=polarity)
    image, box = breast(by, side)
    expect_there(image, spec, box)


def test_an_inverted_film_in_colour_and_contrast_keeps_its_boxes_place() -> None:
    image, box = breast(3, "right")
    placed = expect_there(image, SPEC, box)
    inverted = np.repeat(255 - image[:, :, None], 3, axis=2)
    assert tensor_and_box(inverted, replace(SPEC, channels=3, contrast="standardise"), box)[1] == placed


def test_a_mirrored_image_has_its_box_at_the_same_place() -> None:
    left, right = (expect_there(*_with_spec(side)) for side in ("left", "right"))
    np.testing.assert_allclose(left, right, atol=1.0)
    kept = expect_there(*_with_spec("right", orient="keep"))
    assert kept[0] > left[2]


def _with_spec(side: str, **changes: Any) -> tuple[NDArray[np.uint8], PreprocessSpec, Box]:
    image, box = breast(1, side)
    return image, replace(SPEC, **changes), box


def test_a_box_is_placed_to_a_part_of_a_pixel() -> None:
    spec = PreprocessSpec(height=10, width=10, crop="none", orient="keep", polarity="keep")
    placed = tensor_and_box(np.zeros((80, 80), np.uint8), spec, (3, 0, 30, 80))[1]
    assert placed == pytest.approx((0.375, 0, 3.75, 10))


@pytest.mark.parametrize("crop", ["none", "breast", "roi"])
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_jpeg_decoded_small_has_its_box_where_the_lesion_is_seen(suffix: str, crop: Any, tmp_path: Path) -> None:
    image, box = breast(12, "right")
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(image).save(path)
    spec = replace(SPEC, crop=crop)
    picture = read_for(path, spec, box)
    assert (picture.pixels.shape != read_picture(path).pixels.shape) == (suffix == "jpg")
    expect_there(np.asarray(picture.pixels, np.uint8), spec, picture.on_pixels(box))


def test_of_a_lesion_that_the_crop_cuts_the_part_that_is_seen_has_its_box() -> None:
    image, (left, top, _, bottom) = breast()
    tensor, placed = tensor_and_box(image, replace(SPEC, fit="stretch"), (left, top, 95, bottom))  # the breast: to 70
    assert placed is not None
    assert placed[2] == 48
    np.testing.assert_allclose([placed[i] for i in (0, 1, 3)], [bright(tensor)[i] for i in (0, 1, 3)], atol=1.0)


def test_a_lesion_outside_the_crop_has_no_box_on_the_tensor() -> None:
    image, _ = breast()
    assert tensor_and_box(image, SPEC, (90, 130, 100, 140))[1] is None
    assert tensor_and_box(image, replace(SPEC, crop="none"), (90, 130, 100, 140))[1] is not None


@pytest.mark.parametrize("box", [(0, 0, 900, 900), (200, 10, 220, 30), (-30, 10, 20, 30), (20, 10, 20, 30)])
@pytest.mark.parametrize("crop", ["none", "breast"])
def test_a_box_of_another_image_is_not_placed(box: Box, crop: Any) -> None:
    assert tensor_and_box(breast()[0], replace(SPEC, crop=crop), box)[1] is None


def test_a_box_that_sticks_out_by_a_trifle_ends_with_the_tensor() -> None:
    spec = replace(SPEC, crop="none", orient="keep", fit="stretch")
    assert tensor_and_box(breast()[0], spec, (-2, -1, 101, 142))[1] == (0, 0, 48, 64)


def test_without_a_box_none_is_placed() -> None:
    assert tensor_and_box(breast()[0], SPEC, None)[1] is None

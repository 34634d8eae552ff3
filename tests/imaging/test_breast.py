from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from tflite_mammo.imaging import find_breast

HEIGHT, WIDTH = 400, 320
TOLERANCE_PX = 12
"""Two pixels of the thumbnail (3 each) and the margin (4), rounded up."""


def breast(reach: int = 180, top: int = 80, bottom: int = 320) -> NDArray[np.uint8]:
    """Half an ellipse at the left edge, brighter towards the chest wall, on black."""
    y, x = np.indices((HEIGHT, WIDTH))
    middle, half = (top + bottom) / 2, (bottom - top) / 2
    depth = 1 - (x / reach) ** 2 - ((y - middle) / half) ** 2
    return np.where(depth > 0, 90 + 80 * depth, 0).astype(np.uint8)


def assert_near(box: tuple[int, int, int, int], expected: tuple[int, int, int, int]) -> None:
    np.testing.assert_allclose(box, expected, atol=TOLERANCE_PX)


@pytest.mark.parametrize(("reach", "top", "bottom"), [(180, 80, 320), (120, 30, 200), (250, 150, 390)])
def test_the_box_follows_the_outline(reach: int, top: int, bottom: int) -> None:
    found = find_breast(breast(reach, top, bottom))
    assert_near(found.box, (0, top, reach, bottom))
    assert found.side == "left"
    assert not found.bright_background


def test_the_box_cuts_nothing_off() -> None:
    image = breast()
    left, top, right, bottom = find_breast(image).box
    assert image[top:bottom, left:right].sum() == image.sum()


def test_the_side_is_that_of_the_chest_wall() -> None:
    found = find_breast(breast()[:, ::-1])
    assert found.side == "right"
    assert_near(found.box, (WIDTH - 180, 80, WIDTH, 320))


@pytest.mark.parametrize("rows", [slice(5, 45), slice(355, 395)])
def test_a_sticker_is_no_breast(rows: slice) -> None:
    image = breast()
    image[rows, 250:310] = 230
    assert find_breast(image) == find_breast(breast())


def test_a_thin_bright_border_is_no_breast_even_where_it_touches_one() -> None:
    image = breast()
    image[:3] = image[-3:] = 240
    image[:, :3] = image[:, -3:] = 240
    assert_near(find_breast(image).box, (0, 80, 180, 320))


def test_a_dim_rim_of_fat_belongs_to_the_breast() -> None:
    core = np.where(breast(110, 130, 270) > 0, 200, 0)
    assert_near(find_breast(np.maximum(core, np.minimum(breast(), 70)).astype(np.uint8)).box, (0, 80, 180, 320))


def test_a_bright_background_is_found() -> None:
    found = find_breast(255 - breast())
    assert found.bright_background
    assert found.side == "left"
    assert_near(found.box, (0, 80, 180, 320))


def test_grain_in_the_background_is_no_breast() -> None:
    y, x = np.indices((HEIGHT, WIDTH))
    image = np.maximum(breast(), (x * 7 + y * 13) % 5).astype(np.uint8)
    assert_near(find_breast(image).box, (0, 80, 180, 320))


@pytest.mark.parametrize(("level", "bright"), [(0, False), (60, False), (200, True), (255, True)])
def test_a_blank_image_gives_the_whole_image(level: int, bright: bool) -> None:
    found = find_breast(np.full((HEIGHT, WIDTH), level, np.uint8))
    assert found.box == (0, 0, WIDTH, HEIGHT)
    assert found.bright_background == bright


def test_a_shade_that_hardly_differs_from_the_background_is_no_breast() -> None:
    image = np.full((HEIGHT, WIDTH), 20, np.uint8)
    image[100:300, :150] = 23
    assert find_breast(image).box == (0, 0, WIDTH, HEIGHT)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (3, 2)])
def test_the_smallest_and_thinnest_images_have_a_box_within_them(shape: tuple[int, int]) -> None:
    left, top, right, bottom = find_breast(np.arange(shape[0] * shape[1], dtype=np.uint8).reshape(shape)).box
    assert 0 <= left < right <= shape[1]
    assert 0 <= top < bottom <= shape[0]


@pytest.mark.parametrize("side", ["left", "right"])
def test_size_makes_no_difference(side: Literal["left", "right"]) -> None:
    image = breast() if side == "left" else np.ascontiguousarray(breast()[:, ::-1])
    twice = np.repeat(np.repeat(image, 2, axis=0), 2, axis=1)
    assert find_breast(twice).box == tuple(2 * edge for edge in find_breast(image).box)
    assert find_breast(twice).side == side

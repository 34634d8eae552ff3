from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

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
    thumbnail_px = 800 / 128
    np.testing.assert_allclose(find_breast(twice).box, 2 * np.array(find_breast(image).box), atol=thumbnail_px)
    assert find_breast(twice).side == side


def lesion(of: int = 90) -> NDArray[np.uint8]:
    """A tight crop: a bright mass in uneven tissue, and nothing else."""
    y, x = np.indices((120, 100))
    tissue = of + 30 * np.sin(x / 11) * np.cos(y / 17) + (x * 7 + y * 13) % 9
    return np.where((x - 55) ** 2 + (y - 60) ** 2 < 900, tissue + 60, tissue).astype(np.uint8)


@pytest.mark.parametrize("of", [50, 90, 150, 160])
@pytest.mark.parametrize("inverted", [False, True])
def test_a_crop_without_background_is_left_as_it_is(of: int, inverted: bool) -> None:
    image = 255 - lesion(of) if inverted else lesion(of)
    found = find_breast(image)
    assert (found.box, found.side, found.bright_background) == ((0, 0, 100, 120), "left", False)


def test_a_bright_image_on_little_dark_background_is_not_inverted() -> None:
    image = np.full((HEIGHT, WIDTH), 160, np.uint8)
    y, x = np.indices((HEIGHT, WIDTH))
    image += ((x * 3 + y * 5) % 20).astype(np.uint8)
    image[:30] = image[-30:] = image[:, -25:] = 0  # less than a third of the image
    found = find_breast(image)
    assert not found.bright_background
    assert_near(found.box, (0, 30, WIDTH - 25, HEIGHT - 30))


@pytest.mark.parametrize("inverted", [False, True])
def test_fat_hardly_brighter_than_the_background_belongs_to_the_breast(inverted: bool) -> None:
    image = np.minimum(breast(), 14).astype(np.uint8)
    image[150:250, :90] = 230
    found = find_breast(255 - image if inverted else image)
    assert_near(found.box, (0, 80, 180, 320))
    assert found.bright_background == inverted


def test_haze_of_film_is_no_breast() -> None:
    y, x = np.indices((HEIGHT, WIDTH))
    film = np.where(x < 300, 6 + (y * x) % 5, 0)  # and beyond the film's edge nothing at all
    assert_near(find_breast(np.maximum(breast(), film).astype(np.uint8)).box, (0, 80, 180, 320))


def test_a_wide_white_frame_on_three_sides_is_neither_breast_nor_background() -> None:
    image = breast()
    image[:6] = image[-6:] = image[:, -6:] = 240
    found = find_breast(image)
    assert not found.bright_background
    assert found.side == "left"


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_chest_wall_is_known_where_film_leaves_a_margin_behind_it(mirrored: bool) -> None:
    image = np.zeros((HEIGHT, 2 * WIDTH), np.uint8)
    image[:, 400 : 400 + 200] = breast()[:, :200]  # in the right half, and yet the wall is its left edge
    found = find_breast(image[:, ::-1] if mirrored else image)
    assert found.side == ("right" if mirrored else "left")


def test_the_mask_is_the_breast_on_a_thumbnail() -> None:
    mask = find_breast(breast()).mask
    expected = np.asarray(Image.fromarray(breast()).resize((102, 128), Image.Resampling.BOX)) > 40
    assert mask.shape == expected.shape
    assert (mask != expected).mean() < 0.02


def test_without_background_the_mask_is_everything() -> None:
    assert find_breast(lesion()).mask.all()

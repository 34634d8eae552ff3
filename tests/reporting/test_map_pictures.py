"""Maps laid over images: what is coloured, and where box and peak are drawn."""

import numpy as np
import pytest

from tflite_mammo.reporting.map_pictures import BOX_COLOUR, map_picture

GREY = np.full((32, 32, 1), 100, np.uint8)
NOTHING = np.zeros((4, 4), np.float32)


def spot(row: int, column: int, value: float = 1.0) -> np.ndarray:
    heat = np.full((4, 4), -5, np.float32)
    heat[row, column] = value
    return heat


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("heat", [NOTHING, NOTHING - 2])
def test_where_nothing_speaks_for_the_finding_the_image_stays_as_it_is(heat: np.ndarray, channels: int) -> None:
    tensor = np.random.default_rng(0).integers(0, 256, (32, 32, channels)).astype(np.uint8)
    picture = np.asarray(map_picture(tensor, heat, edge=32))
    np.testing.assert_array_equal(picture, np.broadcast_to(tensor, (32, 32, 3)))


@pytest.mark.parametrize("value", [0.001, 1.0, 900.0])
def test_only_what_speaks_for_it_is_coloured_and_the_highest_most(value: float) -> None:
    picture = np.asarray(map_picture(GREY, spot(1, 2, value), edge=64)).astype(int)
    warmth = picture[:, :, 0] - picture[:, :, 2]
    row, column = divmod(int(warmth.argmax()), 64)
    assert (row // 16, column // 16) == (1, 2)
    assert warmth.max() > 90
    assert (picture[:16, :16] == 100).all()
    assert (picture[48:] == 100).all()


def test_a_stronger_place_is_yellower() -> None:
    heat = NOTHING.copy()
    heat[0, 0], heat[3, 3] = 1.0, 0.3
    picture = np.asarray(map_picture(GREY * 0, heat, edge=64)).astype(float)
    strong, weak = picture[4, 4], picture[60, 60]
    assert strong[0] > weak[0]
    assert strong[1] / strong[0] > weak[1] / weak[0]


def test_the_longer_side_has_the_length_asked_for() -> None:
    assert map_picture(np.zeros((64, 48, 1), np.uint8), NOTHING).size == (168, 224)
    assert map_picture(np.zeros((48, 64, 3), np.uint8), NOTHING, edge=100).size == (100, 75)


def test_the_box_is_a_thin_outline_at_its_place() -> None:
    picture = np.asarray(map_picture(GREY, NOTHING, box=(4.0, 8.0, 12.0, 24.0), edge=64))
    drawn = (picture == BOX_COLOUR).all(axis=2)
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    assert (columns[0], rows[0], columns[-1], rows[-1]) == (8, 16, 23, 47)
    assert not drawn[17:47, 9:23].any()


def test_a_box_smaller_than_a_pixel_is_drawn_all_the_same() -> None:
    picture = np.asarray(map_picture(GREY, NOTHING, box=(4.1, 8.1, 4.2, 8.2), edge=32))
    assert (picture == BOX_COLOUR).all(axis=2)[8, 4]


def test_the_peak_is_a_cross_at_its_place() -> None:
    picture = np.asarray(map_picture(GREY, NOTHING, peak=(10.0, 20.0), edge=64))
    white = (picture == 255).all(axis=2)
    assert np.flatnonzero(white[40]).tolist() == list(range(15, 26))
    assert np.flatnonzero(white[:, 20]).tolist() == list(range(35, 46))

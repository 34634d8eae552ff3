"""Where a map is highest, against the box."""

import numpy as np
import pytest

from tflite_mammo.evaluation.pointing import pointing
from tflite_mammo.evaluation.proportions import wilson


def maps(*peaks: tuple[int, int] | None) -> np.ndarray:
    """Of 3 x 4 cells, with one highest cell or none."""
    heats = np.full((len(peaks), 3, 4), 0.25, np.float32)
    for heat, peak in zip(heats, peaks, strict=True):
        if peak:
            heat[peak] = 0.5
    return heats


def box(count: int) -> np.ndarray:
    cells = np.zeros((count, 3, 4), np.bool_)
    cells[:, 1, 1:] = True
    return cells


def test_a_map_that_is_highest_inside_the_box_is_a_hit() -> None:
    found = pointing("Grad-CAM", maps((1, 1), (1, 3), (1, 0), (2, 2)), box(4), list("abcd"))
    assert (found.maps, found.images, found.empty, found.share.value) == ("Grad-CAM", 4, 0, 0.5)
    assert (found.share.low, found.share.high) == pytest.approx(wilson(0.5, 4))
    assert found.share.by == "Wilson"


def test_a_map_without_a_highest_cell_is_a_miss() -> None:
    everywhere = np.ones((2, 3, 4), np.bool_)
    found = pointing("", maps(None, (0, 0)), everywhere, ["a", "b"])
    assert (found.empty, found.share.value, found.images) == (1, 0.5, 2)


def test_chance_is_the_mean_share_of_cells_in_the_boxes() -> None:
    cells = box(2)
    cells[1] = True
    assert pointing("", maps((0, 0), (0, 0)), cells, ["a", "b"]).by_chance == pytest.approx((3 / 12 + 1) / 2)


def test_images_of_one_patient_count_as_one_where_they_are_alike() -> None:
    found = pointing("", maps(*[(1, 1)] * 6), box(6), list("aabbcc"))
    assert (found.share.value, found.share.low, found.share.high) == (1, pytest.approx(wilson(1, 3)[0]), 1)

"""The breast in real images, where a copy of them lies beside the project or where MAMMO_SAMPLES points."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tflite_mammo.imaging import find_breast, image_files, read_pixels

SAMPLES = Path(os.environ.get("MAMMO_SAMPLES", Path(__file__).parents[3] / "shared" / "data"))


def images(name: str, every: int = 1) -> list[tuple[Path, NDArray[np.uint8]]]:
    if not (SAMPLES / name).is_dir():
        pytest.skip(f"{SAMPLES / name} is not there")
    files = image_files(SAMPLES / name)[::every]
    return [(path, np.asarray(Image.fromarray(read_pixels(path)).convert("L"))) for path in files]


def test_the_films_of_mini_mias_lie_on_the_sides_that_their_numbers_tell() -> None:
    for path, grey in images("mini-mias"):
        found = find_breast(grey)
        assert found.side == ("right" if int(path.stem[3:]) % 2 else "left"), path.name
        assert not found.bright_background, path.name
        assert found.box[2] - found.box[0] < 0.7 * grey.shape[1], path.name


def test_no_screening_image_is_taken_for_inverted_where_its_corners_are_black() -> None:
    for path, grey in images("rsna-subset", every=10):
        corners = [int(np.median(grey[rows, columns])) for rows in (slice(40), slice(-40, None))
                   for columns in (slice(40), slice(-40, None))]  # fmt: skip
        if find_breast(grey).bright_background:
            assert max(corners) > 200, path.name
        else:
            assert min(corners) < 60, path.name


def test_ultrasound_is_neither_inverted_nor_cut_down() -> None:
    for path, grey in images("busi", every=10):
        found = find_breast(grey)
        left, top, right, bottom = found.box
        assert not found.bright_background, path.name
        assert (right - left) * (bottom - top) > 0.5 * grey.size, path.name

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflite_mammo.data.manifest import Example
from tflite_mammo.data.reading import read_row
from tflite_mammo.data.rows import Done
from tflite_mammo.imaging.read import Box
from tflite_mammo.preprocess import PreprocessSpec

ROI = PreprocessSpec(height=16, width=16, crop="roi")


def write(root: Path, mask_size: tuple[int, int] = (60, 40), lesion: Box | None = (10, 5, 20, 12)) -> None:
    """An image of 60 by 40 pixels and a mask, light where the lesion lies."""
    Image.fromarray(np.tile(np.arange(60, dtype=np.uint8), (40, 1))).save(root / "a.png")
    mask = Image.new("L", mask_size)
    if lesion:
        mask.paste(255, lesion)
    mask.save(root / "mask.png")


def read(root: Path, spec: PreprocessSpec = ROI, box: Box | None = None) -> Done:
    return read_row((0, Example("a.png", "benign", "P1", box=box, mask="mask.png")), root=root, spec=spec)[0]


def test_the_box_is_round_everything_in_the_mask(tmp_path: Path) -> None:
    write(tmp_path)
    done = read(tmp_path)
    assert (done.reason, done.box, done.width, done.height) == ("", (10, 5, 20, 12), 60, 40)


@pytest.mark.parametrize("size", [(60, 41), (59, 40), (40, 60), (120, 80)])
def test_a_mask_of_another_size_than_its_image_is_a_problem(size: tuple[int, int], tmp_path: Path) -> None:
    write(tmp_path, size)
    wrong = f"its mask is {size[0]}x{size[1]}, the image 60x40; expected the same size"
    assert read(tmp_path).reason.startswith(wrong)


def test_a_mask_is_held_against_the_stored_size_of_an_image_that_is_read_smaller(tmp_path: Path) -> None:
    write(tmp_path, (600, 400), (100, 50, 500, 350))
    Image.new("L", (600, 400), 90).save(tmp_path / "a.png", format="JPEG")
    assert (read(tmp_path).reason, read(tmp_path).box) == ("", (100, 50, 500, 350))


def test_an_empty_mask_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path, lesion=None)
    assert read(tmp_path).reason == "its mask mask.png is empty; expected the lesion in it"


@pytest.mark.parametrize(("crop", "box"), [("breast", None), ("none", None), ("roi", (1, 2, 30, 30))])
def test_a_mask_is_read_only_where_the_lesion_is_asked_for_and_no_box_is_known(
    crop: str, box: Box | None, tmp_path: Path
) -> None:
    write(tmp_path, (10, 10))
    done = read(tmp_path, PreprocessSpec(height=16, width=16, crop=crop), box)  # type: ignore[arg-type]
    assert (done.reason, done.box) == ("", box)

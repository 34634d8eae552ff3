from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tflite_mammo.errors import MammoError
from tflite_mammo.imaging import image_files, read_pixels

RAMP_8 = np.arange(0, 240, 4, dtype=np.uint8).reshape(6, 10)
RAMP_16 = np.arange(60, dtype=np.uint16).reshape(6, 10) * np.uint16(1000)
COLOURS = np.stack([RAMP_8, RAMP_8[::-1], RAMP_8 // 2], axis=2)


def save(path: Path, pixels: NDArray[Any], mode: str | None = None, **options: Any) -> Path:
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path, **options)
    return path


@pytest.mark.parametrize("suffix", ["png", "tif", "tiff", "pgm", "bmp"])
def test_8_bit_grey_is_read_as_it_was_stored(suffix: str, tmp_path: Path) -> None:
    pixels = read_pixels(save(tmp_path / f"a.{suffix}", RAMP_8))
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, RAMP_8)


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_16_bit_grey_keeps_its_16_bits(suffix: str, tmp_path: Path) -> None:
    pixels = read_pixels(save(tmp_path / f"a.{suffix}", RAMP_16))
    assert pixels.dtype == np.uint16
    np.testing.assert_array_equal(pixels, RAMP_16)


def test_a_grey_jpeg_stays_grey(tmp_path: Path) -> None:
    pixels = read_pixels(save(tmp_path / "a.jpg", RAMP_8, quality=95))
    assert (pixels.dtype, pixels.shape) == (np.uint8, RAMP_8.shape)
    np.testing.assert_allclose(pixels.astype(int), RAMP_8.astype(int), atol=6)


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_colour_is_read_in_the_order_red_green_blue(suffix: str, tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_pixels(save(tmp_path / f"a.{suffix}", COLOURS)), COLOURS)


def test_a_palette_is_looked_up(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8))
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    image.save(tmp_path / "a.png")
    expected = [[[10, 20, 30], [40, 50, 60]], [[70, 80, 90], [40, 50, 60]]]
    np.testing.assert_array_equal(read_pixels(tmp_path / "a.png"), expected)


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_one_bit_becomes_black_and_white(suffix: str, tmp_path: Path) -> None:
    checks = np.indices((6, 10)).sum(axis=0) % 2 == 1
    np.testing.assert_array_equal(read_pixels(save(tmp_path / f"a.{suffix}", checks)), checks * np.uint8(255))


@pytest.mark.parametrize("suffix", ["tif", "jpg"])
def test_cmyk_becomes_red_green_blue(suffix: str, tmp_path: Path) -> None:
    grey = np.repeat(np.full((8, 8, 1), 120, np.uint8), 3, axis=2)
    pixels = read_pixels(save(tmp_path / f"a.{suffix}", grey, "CMYK"))
    assert pixels.shape == (8, 8, 3)
    np.testing.assert_allclose(pixels.astype(int), 120, atol=2)


def test_transparency_is_dropped(tmp_path: Path) -> None:
    opacity = np.full((6, 10, 1), 128, np.uint8)
    pixels = read_pixels(save(tmp_path / "a.png", np.concatenate([COLOURS, opacity], axis=2)))
    np.testing.assert_array_equal(pixels, COLOURS)


def test_transparent_grey_stays_grey(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_pixels(save(tmp_path / "a.png", RAMP_8, "LA")), RAMP_8)


def test_a_file_of_zero_bytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    with pytest.raises(MammoError, match=r"a.png: unreadable image \(not an image in a known format\); replace the"):
        read_pixels(tmp_path / "a.png")


def test_text_that_is_named_an_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("patient,label\n1,benign\n")
    with pytest.raises(MammoError, match=r"a.png: unreadable image \(not an image in a known format\)"):
        read_pixels(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "pgm", "bmp"])
def test_a_truncated_file_is_refused(suffix: str, tmp_path: Path) -> None:
    rows, columns = np.indices((200, 200))
    path = save(tmp_path / f"a.{suffix}", (rows * columns * 37 % 251).astype(np.uint8))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(MammoError, match=rf"a.{suffix}: unreadable image \(.*truncated.*\); replace the file or leave"):
        read_pixels(path)


def test_a_suffix_that_lies_about_the_format_does_no_harm(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_pixels(save(tmp_path / "a.jpg", RAMP_8, format="PNG")), RAMP_8)


@pytest.mark.parametrize("suffix", ["gif", "tif"])
def test_several_frames_in_one_file_are_refused(suffix: str, tmp_path: Path) -> None:
    second = Image.fromarray(RAMP_8[::-1])
    path = save(tmp_path / f"a.{suffix}", RAMP_8, save_all=True, append_images=[second])
    with pytest.raises(MammoError, match=rf"a.{suffix}: 2 frames in one file; expected a single image"):
        read_pixels(path)


def test_a_single_frame_gif_is_read(tmp_path: Path) -> None:
    pixels = read_pixels(save(tmp_path / "a.gif", RAMP_8))
    np.testing.assert_array_equal(pixels, np.repeat(RAMP_8[:, :, None], 3, axis=2))


def test_floating_point_pixels_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", RAMP_8.astype(np.float32) / 255)
    with pytest.raises(MammoError, match=r"a.tif: floating-point pixels; expected 8 or 16 bits"):
        read_pixels(path)


@pytest.mark.parametrize(("offset", "found"), [(-1, "from -1 to 58"), (70_000, "from 70000 to 70059")])
def test_32_bits_that_do_not_fit_into_16_are_refused(offset: int, found: str, tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", np.arange(60, dtype=np.int32).reshape(6, 10) + offset)
    with pytest.raises(MammoError, match=f"a.tif: values {found}; expected 16 bits, 0 to 65535"):
        read_pixels(path)


def test_32_bits_that_fit_into_16_are_read(tmp_path: Path) -> None:
    pixels = read_pixels(save(tmp_path / "a.tif", RAMP_16.astype(np.int32)))
    assert pixels.dtype == np.uint16
    np.testing.assert_array_equal(pixels, RAMP_16)


@pytest.mark.parametrize("name", ["a.png", "a.dcm", "a"])
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=f"{name}: no such file$"):
        read_pixels(tmp_path / name)


def test_too_many_pixels_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tflite_mammo.imaging.read.MAX_PIXELS", 59)
    with pytest.raises(MammoError, match=r"a.png: 10x6 pixels; the limit is \d+ million, scale it down"):
        read_pixels(save(tmp_path / "a.png", RAMP_8))


def test_just_as_many_pixels_as_allowed_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tflite_mammo.imaging.read.MAX_PIXELS", 60)
    assert read_pixels(save(tmp_path / "a.png", RAMP_8)).shape == (6, 10)


def test_what_pillow_calls_a_bomb_is_refused_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "a.png", RAMP_8)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    with pytest.raises(MammoError, match=r"a.png: too large an image; the limit is 89 million pixels"):
        read_pixels(path)


def test_image_files_are_listed_in_order_and_nothing_else_is(tmp_path: Path) -> None:
    for name in ("b/2.PNG", "b/1.jpeg", "a.dcm", "notes.txt", "table.csv", "c.bmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    found = [path.relative_to(tmp_path).as_posix() for path in image_files(tmp_path)]
    assert found == ["a.dcm", "b/1.jpeg", "b/2.PNG", "c.bmp"]

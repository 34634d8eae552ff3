import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tflite_mammo.errors import MammoError
from tflite_mammo.imaging import Picture, image_files, read_picture, read_pixels

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


def palette(path: Path, colours: list[int]) -> Path:
    image = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8))
    image.putpalette(colours)
    image.save(path)
    return path


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_a_grey_palette_is_looked_up(suffix: str, tmp_path: Path) -> None:
    path = palette(tmp_path / f"a.{suffix}", [10, 10, 10, 40, 40, 40, 7, 7, 7])
    np.testing.assert_array_equal(read_pixels(path), [[10, 40], [7, 40]])


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_a_palette_of_colours_is_refused(suffix: str, tmp_path: Path) -> None:
    path = palette(tmp_path / f"a.{suffix}", [10, 10, 10, 40, 40, 41, 7, 7, 7])
    with pytest.raises(MammoError, match=rf"a.{suffix}: a palette of colours; expected grey of 8 or 16 bits or RGB"):
        read_pixels(path)


CHECKS = np.indices((6, 10)).sum(axis=0) % 2 == 1


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_one_bit_is_refused_as_an_image(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=rf"a.{suffix}: 1 bit per pixel; expected grey of 8 or 16 bits or RGB, export"):
        read_pixels(save(tmp_path / f"a.{suffix}", CHECKS))


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_one_bit_is_right_for_a_mask(suffix: str, tmp_path: Path) -> None:
    mask = read_picture(save(tmp_path / f"a.{suffix}", CHECKS), mask=True)
    np.testing.assert_array_equal(mask.pixels, CHECKS * np.uint8(255))


@pytest.mark.parametrize("suffix", ["tif", "jpg"])
def test_cmyk_is_refused(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=rf"a.{suffix}: CMYK colours; expected grey of 8 or 16 bits or RGB, export it"):
        read_pixels(save(tmp_path / f"a.{suffix}", COLOURS, "CMYK"))


def test_transparency_is_dropped(tmp_path: Path) -> None:
    opacity = np.full((6, 10, 1), 128, np.uint8)
    pixels = read_pixels(save(tmp_path / "a.png", np.concatenate([COLOURS, opacity], axis=2)))
    np.testing.assert_array_equal(pixels, COLOURS)


def test_transparent_grey_stays_grey(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_pixels(save(tmp_path / "a.png", RAMP_8, "LA")), RAMP_8)


def test_a_file_of_zero_bytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    with pytest.raises(MammoError, match=r"a.png: unreadable image \(an empty file\); replace the file or leave it"):
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
    np.testing.assert_array_equal(pixels, RAMP_8)


def test_floating_point_pixels_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", RAMP_8.astype(np.float32) / 255)
    with pytest.raises(MammoError, match=r"a.tif: floating-point pixels; expected grey of 8 or 16 bits"):
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


def test_a_header_that_declares_too_many_pixels_is_refused_before_they_are_decoded(tmp_path: Path) -> None:
    path = declaring(tmp_path / "a.png", 10_000, 10_000)
    with pytest.raises(MammoError, match=r"a.png: too large an image; the limit is 89 million pixels"):
        read_pixels(path)


def declaring(path: Path, width: int, height: int) -> Path:
    """A grey PNG that is a header and the start of its pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    begun = struct.pack(">I", zlib.crc32(header)) + struct.pack(">I", 9) + b"IDAT"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + begun)
    return path


def test_just_as_many_pixels_as_allowed_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tflite_mammo.imaging.read.MAX_PIXELS", 60)
    assert read_pixels(save(tmp_path / "a.png", RAMP_8)).shape == (6, 10)


def test_what_pillow_calls_a_bomb_is_refused_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "a.png", RAMP_8)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    with pytest.raises(MammoError, match=r"a.png: too large an image; the limit is 89 million pixels"):
        read_pixels(path)


@pytest.mark.parametrize("name", ["a.png", "a"])
def test_a_link_that_leads_to_itself_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).symlink_to(name)
    with pytest.raises(MammoError, match=f"{name}: a link that leads to itself$"):
        read_pixels(tmp_path / name)


@pytest.mark.parametrize("name", ["a.png", "a"])
@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_refused_and_not_waited_for(name: str, make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / name)
    with pytest.raises(MammoError, match=f"{name}: not a file but a folder or a device"):
        read_pixels(tmp_path / name)


def test_a_pipe_without_an_images_suffix_is_not_listed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert image_files(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "reason"), [("x" * 300 + ".png", "File name too long"), ("a.png/b", "Not a directory")]
)
def test_a_path_that_cannot_be_is_told_like_any_bad_file(name: str, reason: str, tmp_path: Path) -> None:
    save(tmp_path / "a.png", RAMP_8)
    with pytest.raises(MammoError, match=rf"unreadable image \({reason}\); replace the file"):
        read_pixels(tmp_path / name)


def test_a_file_that_may_not_be_read_is_told_without_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    save(tmp_path / "a.png", RAMP_8)
    monkeypatch.setattr(Image, "open", refuse)
    with pytest.raises(MammoError, match=r"a.png: unreadable image \(Permission denied\); replace the file"):
        read_pixels(tmp_path / "a.png")


def test_a_link_to_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("gone.png")
    with pytest.raises(MammoError, match=r"a.png: a link to a file that is not there$"):
        read_pixels(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a.png", "IM1"])
def test_a_dicom_file_is_known_by_its_content(name: str, tmp_path: Path) -> None:
    pytest.importorskip("pydicom", reason="needs the extra dicom")
    (tmp_path / name).write_bytes(bytes(128) + b"DICM")
    with pytest.raises(MammoError, match=f"{name}: holds no image"):
        read_pixels(tmp_path / name)


PHOTO = (np.indices((480, 640)).sum(axis=0) // 5).astype(np.uint8)
"""Smooth, so that a JPEG keeps it."""


@pytest.mark.parametrize(("by", "expected"), [(1, 1), (2, 2), (3, 2), (4, 4), (7, 4), (8, 8), (50, 8)])
def test_a_jpeg_is_decoded_no_smaller_than_it_may_be(by: int, expected: int, tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", PHOTO, quality=95)
    picture = read_picture(path, may_shrink=lambda width, height: by)
    assert picture.pixels.shape == (480 // expected, 640 // expected)
    assert (picture.width, picture.height) == (640, 480)


def test_what_may_be_shrunk_is_asked_with_the_stored_size(tmp_path: Path) -> None:
    asked: set[tuple[int, int]] = set()

    def may_shrink(width: int, height: int) -> int:
        asked.add((width, height))
        return 1

    read_picture(save(tmp_path / "a.jpg", PHOTO), may_shrink=may_shrink)
    assert asked == {(640, 480)}


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_only_a_jpeg_is_decoded_smaller(suffix: str, tmp_path: Path) -> None:
    picture = read_picture(save(tmp_path / f"a.{suffix}", PHOTO), may_shrink=lambda width, height: 8)
    np.testing.assert_array_equal(picture.pixels, PHOTO)


@pytest.mark.parametrize(("grey", "shape"), [(True, (240, 320)), (False, (240, 320, 3))])
def test_colours_of_a_jpeg_are_decoded_only_where_they_are_wanted(
    grey: bool, shape: tuple[int, ...], tmp_path: Path
) -> None:
    path = save(tmp_path / "a.jpg", np.stack([PHOTO, PHOTO, PHOTO], axis=2), quality=95)
    picture = read_picture(path, may_shrink=lambda width, height: 2, grey=grey)
    assert picture.pixels.shape == shape
    assert np.abs(picture.pixels.reshape(240, 320, -1)[:, :, 0].astype(int) - PHOTO[::2, ::2]).max() <= 3


def test_pixels_as_stored_are_not_shrunk(tmp_path: Path) -> None:
    assert read_pixels(save(tmp_path / "a.jpg", PHOTO)).shape == PHOTO.shape


def test_a_box_goes_along_when_the_pixels_are_fewer() -> None:
    picture = Picture(np.zeros((240, 320), np.uint8), 640, 480)
    assert picture.on_pixels((100, 40, 200, 60)) == (50, 20, 100, 30)
    assert picture.on_pixels((101, 41, 201, 61)) == (50, 20, 101, 31)  # outwards, so that nothing of it is cut
    assert Picture(np.zeros((480, 640), np.uint8), 640, 480).on_pixels((1, 2, 3, 4)) == (1, 2, 3, 4)


def listed(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in image_files(folder)]


def test_files_that_are_dicom_by_content_alone_are_listed(tmp_path: Path) -> None:
    (tmp_path / "IM1").write_bytes(bytes(128) + b"DICM")
    (tmp_path / "IM2").write_bytes(bytes(128) + b"DIC")
    assert listed(tmp_path) == ["IM1"]


def test_a_link_that_leads_nowhere_is_listed_for_somebody_to_be_told(tmp_path: Path) -> None:
    (tmp_path / "gone.png").symlink_to("nowhere.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    assert listed(tmp_path) == ["gone.png", "loop.png"]


def test_a_linked_folder_is_followed(tmp_path: Path) -> None:
    save(tmp_path / "a.png", RAMP_8)
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "far").symlink_to(tmp_path, target_is_directory=True)
    assert listed(tmp_path / "top") == ["far/a.png"]


@pytest.mark.parametrize("order", [("real", "link"), ("link", "real")])
def test_of_a_folder_and_a_link_to_it_the_first_by_name_is_listed_once(order: tuple[str, str], tmp_path: Path) -> None:
    for kind in order:
        if kind == "real":
            (tmp_path / "b").mkdir()
            save(tmp_path / "b" / "1.png", RAMP_8)
        else:
            (tmp_path / "a").symlink_to("b", target_is_directory=True)
            (tmp_path / "c").symlink_to("b", target_is_directory=True)
    assert listed(tmp_path) == ["a/1.png"]


def test_a_link_to_a_folder_above_ends(tmp_path: Path) -> None:
    save(tmp_path / "1.png", RAMP_8)
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    assert listed(tmp_path) == ["1.png"]


def test_image_files_are_listed_in_order_and_nothing_else_is(tmp_path: Path) -> None:
    for name in ("b/2.PNG", "b/1.jpeg", "a.dcm", "notes.txt", "table.csv", "c.bmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    found = [path.relative_to(tmp_path).as_posix() for path in image_files(tmp_path)]
    assert found == ["a.dcm", "b/1.jpeg", "b/2.PNG", "c.bmp"]


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir

    def refuse(place: str) -> object:
        if str(place).endswith("closed"):
            raise PermissionError(13, "Permission denied", place)
        return scandir(place)

    (tmp_path / "closed").mkdir()
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(MammoError, match=r"closed: the folder cannot be listed \(Permission denied\); give yourself"):
        image_files(tmp_path)


def test_a_folder_that_is_not_there_holds_no_images(tmp_path: Path) -> None:
    assert image_files(tmp_path / "normal") == []

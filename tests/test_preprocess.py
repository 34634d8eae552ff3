"""The road from pixels to tensor, setting by setting, and golden tensors that no platform may change.

`python tests/test_preprocess.py` writes golden/preprocess.npz anew. Do so only together with a higher BYTES_VERSION:
other bytes from the same spec are another model's input.
"""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tflite_mammo.errors import MammoError
from tflite_mammo.imaging.read import Box, Pixels
from tflite_mammo.preprocess import BYTES_VERSION, PreprocessSpec, preprocess, read_for, tensor_of

GOLDEN = Path(__file__).parent / "golden" / "preprocess.npz"
PLAIN = PreprocessSpec(height=8, width=8, crop="none", orient="keep", polarity="keep")
"""Every setting that changes an image off; an 8x8 image passes through it as it is."""
SMALL = PreprocessSpec(height=32, width=32)
OTHER: dict[str, Any] = {
    "height": 225, "width": 225, "channels": 3, "crop": "none", "context_percent": 50, "orient": "keep",
    "polarity": "keep", "window": "full", "contrast": "standardise", "fit": "stretch",
}  # fmt: skip
"""For every setting a value that is not its default."""


def breast() -> NDArray[np.uint8]:
    """Half an ellipse at the left edge of 90x70 pixels, with a pattern in it; whole numbers only."""
    y, x = np.indices((90, 70))
    inside = (3 * x) ** 2 + (4 * (y - 40)) ** 2 < 120**2
    return np.where(inside, 96 + (7 * x + 13 * y + x * y) % 120, 0).astype(np.uint8)


def film() -> NDArray[np.uint8]:
    """A breast of 630x490 pixels, far more than a tensor holds, with a pattern finer than the tensor's pixels."""
    y, x = np.indices((630, 490))
    return np.where(breast()[y // 7, x // 7] > 0, 60 + (3 * x + 5 * y + x * y) % 150, 0).astype(np.uint8)


def colours() -> NDArray[np.uint8]:
    return np.stack([breast(), breast() // 2, breast() // 3], axis=2)


def deep() -> NDArray[np.uint16]:
    return breast().astype(np.uint16) * np.uint16(37) + np.uint16(1000)


def golden_cases() -> dict[str, tuple[Pixels, PreprocessSpec]]:
    return {
        "grey": (breast(), SMALL),
        "16_bits_range": (deep(), SMALL),
        "16_bits_full": (deep(), replace(SMALL, window="full")),
        "colour_to_grey": (colours(), SMALL),
        "grey_to_colour": (breast(), replace(SMALL, height=16, width=16, channels=3)),
        "colour": (colours(), replace(SMALL, height=16, width=16, channels=3)),
        "stretch": (breast(), replace(SMALL, width=16, fit="stretch")),
        "standardise": (breast(), replace(SMALL, contrast="standardise")),
        "bright_background": (255 - breast(), SMALL),
        "right_sided": (breast()[:, ::-1], SMALL),
        "as_it_is": (breast(), replace(PLAIN, height=24, width=32)),
        "wide": (breast()[:50], replace(PLAIN, height=32, width=32)),
        "much_reduced": (film(), SMALL),
        "enlarged": (breast()[24:44, 10:30], replace(PLAIN, height=32, width=32)),
    }


@pytest.mark.parametrize("name", golden_cases())
def test_tensors_are_the_golden_ones_to_the_byte(name: str) -> None:
    with np.load(GOLDEN) as golden:
        np.testing.assert_array_equal(preprocess(*golden_cases()[name]), golden[name])


def test_every_golden_tensor_has_its_case() -> None:
    with np.load(GOLDEN) as golden:
        assert sorted(golden) == sorted(golden_cases())


def test_the_default_fingerprint_stays_as_it_is() -> None:
    assert (BYTES_VERSION, PreprocessSpec().fingerprint) == (2, "d11fcd654876")


@pytest.mark.parametrize("name", [field.name for field in fields(PreprocessSpec)])
def test_the_fingerprint_changes_with_every_setting(name: str) -> None:
    assert replace(PreprocessSpec(), **{name: OTHER[name]}).fingerprint != PreprocessSpec().fingerprint


def test_no_two_settings_share_a_fingerprint() -> None:
    assert len({replace(PreprocessSpec(), **{name: OTHER[name]}).fingerprint for name in OTHER}) == len(OTHER)


def test_the_fingerprint_changes_with_the_version_of_the_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    before = PreprocessSpec().fingerprint
    monkeypatch.setattr("tflite_mammo.preprocess.BYTES_VERSION", BYTES_VERSION + 1)
    assert PreprocessSpec().fingerprint != before


def test_differences_name_each_setting_here_and_there() -> None:
    other = PreprocessSpec(height=64, fit="stretch")
    assert PreprocessSpec().differences(other) == "height 224 against 64, fit letterbox against stretch"
    assert other.differences(other) == ""


@pytest.mark.parametrize("size", [(7, 224), (224, 4097)])
def test_a_size_out_of_range_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=f"size {size[0]}x{size[1]}; expected 8 to 4096 each way"):
        PreprocessSpec(*size)


def test_two_channels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"2 channels; expected 1 \(grey\) or 3 \(colour\)"):
        PreprocessSpec(channels=2)


@pytest.mark.parametrize("shape", [(5,), (5, 5, 4), (5, 5, 1), (0, 5), (5, 0, 3), (2, 5, 5, 3)])
def test_pixels_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(MammoError, match=r"pixels of shape \(.*\); expected \(height, width\) or \(height, width, 3\)"):
        preprocess(np.zeros(shape, np.uint8), PLAIN)


@pytest.mark.parametrize("kind", ["float32", "int16", "int64", "bool"])
def test_pixels_of_another_type_are_refused(kind: str) -> None:
    pixels: Any = np.zeros((5, 5), kind)
    with pytest.raises(MammoError, match=f"pixels of type {kind}; expected uint8 or uint16"):
        preprocess(pixels, PLAIN)


@pytest.mark.parametrize("pixels", [breast(), deep(), colours(), breast()[:1, :1], breast().T, breast()[::2, ::-1]])
@pytest.mark.parametrize("spec", [SMALL, PLAIN, PreprocessSpec(height=20, width=12, channels=3, fit="stretch")])
def test_any_pixels_become_bytes_of_the_specs_shape(pixels: Pixels, spec: PreprocessSpec) -> None:
    tensor = preprocess(pixels, spec)
    assert (tensor.dtype, tensor.shape) == (np.uint8, spec.shape)


def test_the_pixels_given_are_left_as_they_were() -> None:
    pixels = breast()
    preprocess(pixels, replace(SMALL, contrast="standardise"))
    np.testing.assert_array_equal(pixels, breast())


def test_an_image_of_the_right_size_passes_as_it_is_where_nothing_is_asked_for() -> None:
    image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    np.testing.assert_array_equal(preprocess(image, PLAIN)[:, :, 0], image)


def test_crop_leaves_no_empty_margin_round_the_breast() -> None:
    spec = replace(SMALL, fit="stretch")
    kept, cropped = preprocess(breast(), replace(spec, crop="none")), preprocess(breast(), spec)
    assert kept[-5:].max() == kept[:, -10:].max() == 0
    assert cropped[-5:].max() > 0
    assert cropped[:, -10:].max() > 0


@pytest.mark.parametrize("fit", ["letterbox", "stretch"])
@pytest.mark.parametrize("crop", ["breast", "none"])
def test_a_right_breast_turned_left_gives_the_tensor_of_its_mirror_image(fit: Any, crop: Any) -> None:
    spec = replace(SMALL, fit=fit, crop=crop)
    np.testing.assert_array_equal(preprocess(breast()[:, ::-1], spec), preprocess(breast(), spec))


def test_a_right_breast_may_keep_its_side() -> None:
    spec = replace(SMALL, fit="stretch", orient="keep")
    np.testing.assert_array_equal(preprocess(breast()[:, ::-1], spec), preprocess(breast(), spec)[:, ::-1])


@pytest.mark.parametrize("pixels", [breast(), colours()])
def test_a_bright_background_is_made_dark(pixels: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(preprocess(255 - pixels, SMALL), preprocess(pixels, SMALL))


def test_a_bright_background_may_be_kept() -> None:
    spec = replace(SMALL, polarity="keep", fit="stretch")
    tensor = preprocess(255 - breast(), spec).astype(int)
    np.testing.assert_allclose(tensor, 255 - preprocess(breast(), spec).astype(int), atol=1)


def test_a_full_window_keeps_a_narrow_range_narrow() -> None:
    image = np.linspace(0, 4095, 64, dtype=np.uint16).reshape(8, 8)
    assert preprocess(image, replace(PLAIN, window="full")).max() == 16
    assert preprocess(image, replace(PLAIN, window="range")).max() == 255


def test_a_range_window_runs_from_the_lowest_value_to_the_highest_and_rounds_halves_up() -> None:
    image = np.full((8, 8), 1000, np.uint16)
    image[0, :3] = 1000, 1001, 1002
    assert preprocess(image, PLAIN)[0, :3, 0].tolist() == [0, 128, 255]


def test_a_full_window_takes_white_to_white() -> None:
    image = np.full((8, 8), 65535, np.uint16)
    image[0, :3] = 0, 128, 129  # 128 * 255 / 65535 is just below a half, 129 just above
    assert preprocess(image, replace(PLAIN, window="full"))[0, :4, 0].tolist() == [0, 0, 1, 255]


def test_sixteen_bits_of_one_value_are_black_in_a_range_window() -> None:
    assert preprocess(np.full((8, 8), 700, np.uint16), PLAIN).max() == 0


def test_the_window_leaves_8_bits_alone() -> None:
    np.testing.assert_array_equal(preprocess(breast(), replace(SMALL, window="full")), preprocess(breast(), SMALL))


def test_standardise_takes_the_mean_to_128_and_three_deviations_to_the_ends() -> None:
    image = np.zeros((8, 8), np.uint8)
    image[:4] = 200  # mean 100, deviation 100: one deviation is 127 / 3 = 42
    tensor = preprocess(image, replace(PLAIN, contrast="standardise"))
    assert sorted(np.unique(tensor)) == [86, 170]


def test_standardise_does_not_see_brightness_or_contrast() -> None:
    image = (np.indices((8, 8)).sum(axis=0) * 5).astype(np.uint8)
    spec = replace(PLAIN, contrast="standardise")
    np.testing.assert_array_equal(preprocess(image * 3 + 20, spec), preprocess(image, spec))


def test_standardise_makes_a_flat_image_middle_grey() -> None:
    assert np.unique(preprocess(np.full((8, 8), 9, np.uint8), replace(PLAIN, contrast="standardise"))) == [128]


def test_letterbox_keeps_proportions_and_fills_with_black() -> None:
    tensor = preprocess(np.full((10, 20), 200, np.uint8), PLAIN)[:, :, 0]
    assert tensor[2:6].min() == 200
    assert tensor[:2].max() == tensor[6:].max() == 0


def test_letterbox_stands_in_the_middle_where_sides_are_kept_and_at_the_left_where_turned() -> None:
    tall = np.full((20, 10), 100, np.uint8)
    assert preprocess(tall, PLAIN)[0, :, 0].tolist() == [0, 0, 100, 100, 100, 100, 0, 0]
    assert preprocess(tall, replace(PLAIN, orient="left"))[0, :, 0].tolist() == [100, 100, 100, 100, 0, 0, 0, 0]


def test_stretch_fills_the_whole_tensor() -> None:
    assert preprocess(np.full((10, 20), 200, np.uint8), replace(PLAIN, fit="stretch")).min() == 200


def test_grey_in_three_channels_is_the_same_thrice() -> None:
    tensor = preprocess(breast(), replace(SMALL, channels=3))
    np.testing.assert_array_equal(tensor, np.repeat(preprocess(breast(), SMALL), 3, axis=2))


def test_colour_in_one_channel_is_weighed_as_the_eye_does() -> None:
    image = np.zeros((8, 8, 3), np.uint8)
    for column in range(3):
        image[:, column, column] = 255
    assert preprocess(image, PLAIN)[0, :3, 0].tolist() == [76, 150, 29]


def test_colour_in_three_channels_keeps_its_colours() -> None:
    image = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
    np.testing.assert_array_equal(preprocess(image, replace(PLAIN, channels=3)), image)


ROI = replace(PLAIN, crop="roi", context_percent=0)
PLACES = np.stack(np.indices((90, 70)), axis=2).astype(np.uint8)
"""Every pixel says where it lies: row, column."""


def seen(box: Box, context_percent: int = 0, size: int = 8) -> tuple[int, int, int, int]:
    """First and last row and column that a crop of PLACES shows."""
    spec = replace(ROI, height=size, width=size, channels=3, context_percent=context_percent)
    tensor = preprocess(np.concatenate([PLACES, PLACES[:, :, :1]], axis=2), spec, box)
    return int(tensor[0, 0, 0]), int(tensor[-1, -1, 0]), int(tensor[0, 0, 1]), int(tensor[-1, -1, 1])


def test_a_square_box_is_cut_out_to_the_pixel() -> None:
    assert seen((20, 30, 28, 38)) == (30, 37, 20, 27)


@pytest.mark.parametrize(("percent", "expected"), [(25, (28, 39, 18, 29)), (50, (26, 41, 16, 31))])
def test_context_is_added_at_each_side(percent: int, expected: tuple[int, ...]) -> None:
    assert seen((20, 30, 28, 38), percent, size=expected[1] - expected[0] + 1) == expected


def test_a_box_that_is_no_square_stands_in_the_middle_of_one() -> None:
    assert seen((20, 30, 24, 38)) == (30, 37, 18, 25)
    assert seen((20, 30, 28, 34)) == (28, 35, 20, 27)


@pytest.mark.parametrize(
    ("box", "expected"),
    [((0, 0, 4, 8), (0, 7, 0, 7)), ((66, 82, 70, 90), (82, 89, 62, 69)), ((20, 0, 28, 2), (0, 7, 20, 27))],
)
def test_a_square_that_would_stick_out_is_moved_into_the_image(box: Box, expected: tuple[int, ...]) -> None:
    assert seen(box) == expected


def test_a_square_larger_than_the_image_shows_what_there_is() -> None:
    tensor = preprocess(np.full((20, 40), 200, np.uint8), replace(ROI, context_percent=400), (10, 5, 30, 15))
    assert tensor[2:6].min() == 200
    assert tensor[:2].max() == tensor[6:].max() == 0


@pytest.mark.parametrize(
    "box", [(-2, 0, 5, 5), (0, 0, 73, 5), (0, 85, 5, 93), (70, 5, 71, 9), (5, 5, 5, 9), (0, 9, 5, 9)]
)
def test_a_box_that_does_not_lie_in_its_image_is_refused(box: Box) -> None:
    with pytest.raises(MammoError, match=r"the lesion's box \(.*\) does not lie in an image of 70x90 pixels"):
        preprocess(breast(), ROI, box)


def test_a_box_that_sticks_out_by_a_trifle_is_cut_to_the_image() -> None:
    cut = preprocess(breast(), ROI, (0, 0, 70, 90))
    np.testing.assert_array_equal(preprocess(breast(), ROI, (-1, -1, 71, 91)), cut)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_box_outside_is_told_in_the_stored_images_pixels(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    with_a_square(path)
    with pytest.raises(
        MammoError, match=r"the lesion's box \(10, 10, 760, 90\) does not lie in an image of 720x960 pix"
    ):
        tensor_of(path, ROI, (10, 10, 760, 90))


def test_a_box_that_is_not_asked_for_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(breast()).save(path)
    np.testing.assert_array_equal(tensor_of(path, SMALL, (0, 0, 900, 900)), preprocess(breast(), SMALL))


def test_a_crop_of_the_lesion_needs_its_box(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"^no box of a lesion, and crop is 'roi'; give its box"):
        preprocess(breast(), ROI)
    with pytest.raises(MammoError, match=r"a.png: no box of a lesion, and crop is 'roi'"):
        read_for(tmp_path / "a.png", ROI)


def test_a_lesion_is_turned_as_its_breast_is() -> None:
    spec = replace(SMALL, crop="roi")
    left, right = (10, 30, 26, 46), (70 - 26, 30, 70 - 10, 46)
    np.testing.assert_array_equal(preprocess(breast()[:, ::-1], spec, right), preprocess(breast(), spec, left))


@pytest.mark.parametrize("percent", [-1, 401])
def test_a_context_out_of_range_is_refused(percent: int) -> None:
    with pytest.raises(ValueError, match=f"a context of {percent} percent; expected 0 to 400"):
        PreprocessSpec(context_percent=percent)


def test_what_is_far_larger_than_the_tensor_is_averaged_not_sampled() -> None:
    checks = np.where(np.indices((320, 320)).sum(axis=0) % 2, 255, 0).astype(np.uint8)
    assert set(preprocess(checks, PLAIN).ravel()) <= {127, 128}


def test_a_fine_pattern_twice_the_tensors_size_is_not_averaged_away_first() -> None:
    stripes = np.repeat(np.where(np.arange(31) % 2, 255, 0)[None].astype(np.uint8), 31, axis=0)
    plain = np.asarray(Image.fromarray(stripes).resize((8, 8), Image.Resampling.BILINEAR, reducing_gap=2.0))
    np.testing.assert_array_equal(preprocess(stripes, PLAIN)[:, :, 0], plain)


def soft(height: int, width: int) -> NDArray[np.uint8]:
    """A breast at the left edge with a smooth pattern, as large as a detector's image is."""
    y, x = np.indices((height, width)) / height
    inside = (1.6 * x) ** 2 + (2 * (y - 0.5)) ** 2 < 0.8**2
    return np.where(inside, 120 + 60 * np.sin(9 * x) * np.cos(7 * y), 0).astype(np.uint8)


LARGER = PreprocessSpec(height=112, width=112)


@pytest.mark.parametrize("by", [2, 3, 4, 8])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("crop", ["breast", "none"])
def test_a_jpeg_decoded_small_gives_nearly_the_tensor_of_one_decoded_whole(
    by: int, channels: int, crop: Any, tmp_path: Path
) -> None:
    spec = replace(LARGER, channels=channels, crop=crop)
    image = soft(336 * by, 252 * by)
    Image.fromarray(image).save(tmp_path / "a.jpg", quality=95)
    picture = read_for(tmp_path / "a.jpg", spec)
    assert picture.pixels.shape[0] < image.shape[0]
    whole = preprocess(np.asarray(Image.open(tmp_path / "a.jpg")), spec).astype(int)
    difference = np.abs(tensor_of(tmp_path / "a.jpg", spec).astype(int) - whole)
    assert difference.mean() < 1.5


@pytest.mark.parametrize(
    ("size", "shape"), [((127, 400), (127, 400)), ((128, 128), (64, 64)), ((300, 1000), (75, 250))]
)
def test_a_jpeg_keeps_twice_the_tensors_size(size: tuple[int, int], shape: tuple[int, int], tmp_path: Path) -> None:
    Image.fromarray(soft(*size)).save(tmp_path / "a.jpg")
    assert read_for(tmp_path / "a.jpg", SMALL).pixels.shape == shape


def with_a_square(path: Path) -> Box:
    """An image of 960x720, dark but for a bright square; its box."""
    image = np.full((960, 720), 20, np.uint8)
    image[600:680, 401:481] = 220
    Image.fromarray(image).save(path, **({"quality": 95} if path.suffix == ".jpg" else {}))
    return 401, 600, 481, 680


@pytest.mark.parametrize("suffix", ["png", "jpg"])
@pytest.mark.parametrize("size", [8, 16, 96])
def test_the_crop_lies_about_the_lesion_however_the_file_is_decoded(suffix: str, size: int, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    box = with_a_square(path)
    spec = replace(ROI, height=size, width=size, context_percent=50)
    decoded = read_for(path, spec, box).pixels.shape[0]
    assert (decoded < 960) == (suffix == "jpg" and size < 96)  # what is looked at is 160 pixels wide
    bright = tensor_of(path, spec, box)[:, :, 0] > 120
    rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
    for found in (rows, columns):
        assert abs(found[0] - size // 4) <= 1
        assert abs(found[-1] - (3 * size // 4 - 1)) <= 1


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_small_lesion_in_a_large_image_keeps_its_resolution(suffix: str, tmp_path: Path) -> None:
    image = np.full((1600, 1200), 20, np.uint8)
    image[800:816, 600:616] = np.where(np.arange(16) % 2, 240, 20)
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(image).save(path, **({"quality": 100} if suffix == "jpg" else {}))
    tensor = tensor_of(path, replace(ROI, height=16, width=16), (600, 800, 616, 816))[:, :, 0]
    np.testing.assert_allclose(tensor.astype(int), image[800:816, 600:616].astype(int), atol=12)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_a_small_image_goes_the_whole_road_as_it_is_stored(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(soft(60, 50)).save(path)
    np.testing.assert_array_equal(tensor_of(path, SMALL), preprocess(np.asarray(Image.open(path)), SMALL))


if __name__ == "__main__":
    np.savez_compressed(GOLDEN, **{name: preprocess(*case) for name, case in golden_cases().items()})

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

from tflite_mammo.errors import MammoError
from tflite_mammo.imaging.read import Pixels
from tflite_mammo.preprocess import BYTES_VERSION, PreprocessSpec, preprocess

GOLDEN = Path(__file__).parent / "golden" / "preprocess.npz"
PLAIN = PreprocessSpec(height=8, width=8, crop="none", orient="keep", polarity="keep")
"""Every setting that changes an image off; an 8x8 image passes through it as it is."""
SMALL = PreprocessSpec(height=32, width=32)
OTHER: dict[str, Any] = {
    "height": 225, "width": 225, "channels": 3, "crop": "none", "orient": "keep",
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
    assert (BYTES_VERSION, PreprocessSpec().fingerprint) == (1, "b86432c30204")


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


if __name__ == "__main__":
    np.savez_compressed(GOLDEN, **{name: preprocess(*case) for name, case in golden_cases().items()})

"""Augmentation: on in training, nothing at all in inference, never outside 0..255, as strong as asked."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from tflite_mammo.training.augment import augmentation, augmented
from tflite_mammo.training.tables import Augment

EVERYTHING = Augment(
    flip="both", rotation_degrees=20, zoom=0.2, shift=0.1, brightness=0.2, contrast=0.2, saturation=0.2, noise=0.1,
    erase=0.5,
)  # fmt: skip
PIXELS = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3)).astype(np.float32)
GREY = np.full((64, 32, 32, 1), 100, np.float32)


def _steps(augment: Augment, channels: int = 3) -> keras.Sequential:
    steps = augmentation(augment, channels, 0)
    assert steps is not None
    return steps


def _shown(augment: Augment, pixels: np.ndarray) -> np.ndarray:
    return np.asarray(_steps(augment, pixels.shape[-1])(pixels, training=True))


def test_nothing_asked_for_is_no_layer_at_all() -> None:
    assert augmentation(Augment(), 1, 0) is None


def test_training_changes_the_image_and_keeps_its_range() -> None:
    changed = _shown(EVERYTHING, PIXELS)
    assert not np.array_equal(changed, PIXELS)
    assert changed.min() >= -1e-3
    assert changed.max() <= 255 + 1e-3


@pytest.mark.parametrize("name", ["rotation_degrees", "zoom", "shift", "brightness", "contrast", "saturation", "noise"])
def test_each_kind_alone_changes_the_image(name: str) -> None:
    strength = 20.0 if name == "rotation_degrees" else 0.2
    assert not np.allclose(_shown(replace(Augment(), **{name: strength}), PIXELS), PIXELS, atol=0.5)


def test_inference_leaves_the_image_alone() -> None:
    np.testing.assert_allclose(np.asarray(_steps(EVERYTHING)(PIXELS, training=False)), PIXELS, atol=1e-3)


def test_grey_images_get_no_saturation_layer() -> None:
    assert augmentation(Augment(saturation=0.2), 1, 0) is None
    assert augmentation(Augment(saturation=0.2), 3, 0) is not None


def test_noise_has_the_deviation_asked_for_as_a_share_of_white() -> None:
    assert (_shown(Augment(noise=0.05), GREY) - GREY).std() == pytest.approx(0.05 * 255, rel=0.05)


def test_a_flip_is_that_way_round_and_no_other() -> None:
    flipped = _shown(Augment(flip="vertical"), np.repeat(PIXELS, 4, axis=0))
    kinds = {0 if np.array_equal(new, old) else 1 if np.array_equal(new, old[::-1]) else 2
             for new, old in zip(flipped, np.repeat(PIXELS, 4, axis=0), strict=True)}  # fmt: skip
    assert kinds == {0, 1}


def test_erasing_paints_a_grey_rectangle_on_the_share_of_images_asked_for() -> None:
    images = np.repeat(GREY, 4, axis=0)
    erased = [image for image in _shown(Augment(erase=0.5), images) if not np.array_equal(image, images[0])]
    assert 0.35 < len(erased) / len(images) < 0.65
    assert all(set(np.unique(image)) == {100.0, 127.5} for image in erased)


def test_what_is_shown_to_people_is_pixels_again() -> None:
    shown = augmented(_steps(EVERYTHING), PIXELS.astype(np.uint8))
    assert (shown.dtype, shown.shape) == (np.uint8, PIXELS.shape)

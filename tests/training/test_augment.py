"""Augmentation: on in training, nothing at all in inference, never outside 0..255."""

import numpy as np

from tflite_mammo.training.augment import augmentation
from tflite_mammo.training.recipe import Augment

EVERYTHING = Augment(
    flip="both", rotation_degrees=20, zoom=0.2, shift=0.1, brightness=0.2, contrast=0.2, saturation=0.2
)
PIXELS = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.float32)


def test_nothing_asked_for_is_no_layer_at_all() -> None:
    assert augmentation(Augment(), 1, 0) is None


def test_training_changes_the_image_and_keeps_its_range() -> None:
    layers = augmentation(EVERYTHING, 3, 0)
    assert layers is not None
    changed = np.asarray(layers(PIXELS, training=True))
    assert not np.array_equal(changed, PIXELS)
    assert changed.min() >= -1e-3
    assert changed.max() <= 255 + 1e-3


def test_inference_leaves_the_image_alone() -> None:
    layers = augmentation(EVERYTHING, 3, 0)
    assert layers is not None
    np.testing.assert_allclose(np.asarray(layers(PIXELS, training=False)), PIXELS, atol=1e-4)


def test_grey_images_get_no_saturation_layer() -> None:
    assert augmentation(Augment(saturation=0.2), 1, 0) is None
    assert augmentation(Augment(saturation=0.2), 3, 0) is not None

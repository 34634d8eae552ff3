"""Augmentation as Keras layers: drawn anew for every image of every epoch, on the accelerator, in memory only."""

import keras
import numpy as np
from keras import layers

from tflite_mammo.preprocess import Bytes
from tflite_mammo.training.tables import Augment

PIXEL_RANGE = (0, 255)
GREY = 127.5


def augmentation(augment: Augment, channels: int, seed: int) -> keras.Sequential | None:
    steps = [*_moves(augment, seed), *_colours(augment, channels, seed), *_damage(augment, seed)]
    return keras.Sequential(steps, name="augment") if steps else None


def _moves(augment: Augment, seed: int) -> list[keras.layers.Layer]:
    empty = {"fill_mode": "constant", "fill_value": 0.0}
    steps = []
    if augment.flip != "none":
        mode = "horizontal_and_vertical" if augment.flip == "both" else augment.flip
        steps.append(layers.RandomFlip(mode, seed=seed))
    if augment.rotation_degrees:
        steps.append(layers.RandomRotation(augment.rotation_degrees / 360, seed=seed + 1, **empty))
    if augment.zoom:
        steps.append(layers.RandomZoom(augment.zoom, seed=seed + 2, **empty))
    if augment.shift:
        steps.append(layers.RandomTranslation(augment.shift, augment.shift, seed=seed + 3, **empty))
    return steps


def _colours(augment: Augment, channels: int, seed: int) -> list[keras.layers.Layer]:
    steps = []
    if augment.brightness:
        steps.append(layers.RandomBrightness(augment.brightness, value_range=PIXEL_RANGE, seed=seed + 4))
    if augment.contrast:
        steps.append(layers.RandomContrast(augment.contrast, value_range=PIXEL_RANGE, seed=seed + 5))
    if augment.saturation and channels == 3:  # grey has none
        # Keras draws the factor around 0.5, where a colour keeps its saturation. The layer clips saturation at the top
        # of its value range, which is right for 0..1 only: told 0..255, it lets colours leave their range.
        around = (0.5 - augment.saturation / 2, 0.5 + augment.saturation / 2)
        steps.append(layers.Rescaling(1 / PIXEL_RANGE[1]))
        steps.append(layers.RandomSaturation(around, value_range=(0, 1), seed=seed + 6))
        steps.append(layers.Rescaling(PIXEL_RANGE[1]))
    return steps


def _damage(augment: Augment, seed: int) -> list[keras.layers.Layer]:
    steps: list[keras.layers.Layer] = []
    if augment.noise:
        # Keras takes deviations up to 1 only.
        noise = layers.GaussianNoise(augment.noise, seed=seed + 7)
        steps += [layers.Rescaling(1 / PIXEL_RANGE[1]), noise, layers.Rescaling(PIXEL_RANGE[1]), _WithinRange()]
    if augment.erase:
        # Given as one number, Keras would draw the chance itself between 0 and it.
        chance = (augment.erase, augment.erase)
        steps.append(layers.RandomErasing(chance, fill_value=GREY, value_range=PIXEL_RANGE, seed=seed + 8))
    return steps


class _WithinRange(keras.layers.Layer):  # type: ignore[misc]
    def call(self, pixels: keras.KerasTensor) -> keras.KerasTensor:
        return keras.ops.clip(pixels, *PIXEL_RANGE)


def augmented(steps: keras.Sequential, pixels: Bytes) -> Bytes:
    """What the network is shown instead of these images, for people to look at."""
    shown = np.asarray(steps(pixels.astype(np.float32), training=True))
    pixels_shown: Bytes = np.clip(np.rint(shown), *PIXEL_RANGE).astype(np.uint8)
    return pixels_shown

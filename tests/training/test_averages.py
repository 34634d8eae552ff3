"""Batch norm's averages after training: those of the training images, whatever the moving ones had come to."""

import keras
import numpy as np

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.training.averages import adapting, settle
from tflite_mammo.training.network import Network, Normalisation


def _network(shape: tuple[int, int, int]) -> Network:
    """The normed pixels themselves, so that the averages can be worked out by hand."""
    inputs = keras.Input(shape)
    base = keras.Model(inputs, keras.layers.BatchNormalization(name="norm", momentum=0.99)(inputs))
    pixels = keras.Input(shape)
    normalised = keras.layers.Rescaling(1 / 255, name="normalise")(pixels)
    return Network(keras.Model(pixels, base(normalised)), base, Normalisation((1 / 255,) * 3, (0.0,) * 3))


def test_the_averages_are_those_of_the_training_images(prepared: Dataset) -> None:
    network = _network(prepared.info.spec.shape)
    rows = prepared.part("train").rows
    size = next(size for size in range(rows.size // 2, 0, -1) if rows.size % size == 0)
    settle(network, prepared, size, seed=0)
    pixels = prepared.images[rows].astype(np.float64) / 255
    norm = network.base.get_layer("norm")
    np.testing.assert_allclose(np.asarray(norm.moving_mean), pixels.mean(axis=(0, 1, 2)), rtol=1e-4)
    np.testing.assert_allclose(np.asarray(norm.moving_variance), pixels.var(axis=(0, 1, 2)), rtol=1e-3)
    assert norm.momentum == 0.99


def test_only_batch_norm_that_trains_adapts() -> None:
    base = _network((8, 8, 1)).base
    assert adapting(base) == [base.get_layer("norm")]
    base.get_layer("norm").trainable = False
    assert adapting(base) == []

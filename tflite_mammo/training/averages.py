"""Batch norm's averages taken anew over the training images, where the recipe lets batch norm adapt.

While it trains, a layer keeps moving averages of what it saw. On small sets they lag far behind the weights, and a
network that answers well in training answers nonsense afterwards.
"""

import keras
import numpy as np
from keras import layers

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.preprocess import Bytes
from tflite_mammo.training.network import Network
from tflite_mammo.training.scoring import answer
from tflite_mammo.training.trainer import reseed

IMAGES_AT_MOST = 4096


def adapting(base: keras.Model) -> list[keras.layers.Layer]:
    """The batch norm layers that train."""
    return [norm for norm in base.layers if isinstance(norm, layers.BatchNormalization) and norm.trainable]


def scores_by_batch(network: Network, pixels: Bytes) -> np.ndarray:
    """The scores where batch norm goes by this batch instead of by its averages, and the head drops nothing."""
    layers_of = network.model.layers
    enter = network.model.get_layer("normalise").output
    leave = keras.Model(layers_of[layers_of.index(network.base) + 1].input, network.model.output)
    return answer(keras.Model(network.model.input, leave(InTraining(network.base)(enter))), pixels)


def settle(network: Network, dataset: Dataset, batch_size: int, seed: int) -> None:
    """Give the layers that train the averages over training images as a device shows them, which is not augmented."""
    norms = adapting(network.base)
    rows = np.random.default_rng(seed).permutation(dataset.part("train").rows)[:IMAGES_AT_MOST]
    found: list[list[np.ndarray]] = [[] for _ in norms]
    kept = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0  # its averages become those of the last batch alone
    enter = network.model.get_layer("normalise").output
    # Only what it leaves in its batch norm is wanted, so a number per image comes out.
    training = keras.Model(network.model.input, keras.ops.mean(InTraining(network.base)(enter), axis=(1, 2, 3)))
    reseed(network.model, seed, 0)  # a backbone may drop paths at random
    for start in range(0, rows.size - batch_size + 1, batch_size):
        answer(training, dataset.images[rows[start : start + batch_size]])
        for moments, norm in zip(found, norms, strict=True):
            moments.append(np.stack([np.asarray(norm.moving_mean), np.asarray(norm.moving_variance)]))
    for moments, norm, momentum in zip(found, norms, kept, strict=True):
        means, variances = np.stack(moments)[:, 0], np.stack(moments)[:, 1]
        norm.moving_mean.assign(means.mean(axis=0))
        norm.moving_variance.assign(variances.mean(axis=0) + means.var(axis=0))  # within batches, and between them
        norm.momentum = momentum


class InTraining(keras.layers.Layer):  # type: ignore[misc]
    """A backbone in training mode within a network that is asked for answers: compiled, which JAX needs to be fast."""

    def __init__(self, base: keras.Model) -> None:
        super().__init__()
        self.base = base

    def call(self, pixels: keras.KerasTensor) -> keras.KerasTensor:
        return self.base(pixels, training=True)

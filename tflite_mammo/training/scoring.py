"""A network and a part of a dataset to Scores, in inference mode."""

from collections.abc import Iterator

import keras
import numpy as np
from numpy.typing import NDArray

from tflite_mammo.data.dataset import Dataset, Part
from tflite_mammo.preprocess import Bytes
from tflite_mammo.scores import Scores
from tflite_mammo.training.devices import in_equal_parts

SCORED_AT_ONCE = 32


def keras_scores(model: keras.Model, dataset: Dataset, part: Part) -> Scores:
    return dataset.scores(part, class_scores(model, dataset, part))


def class_scores(model: keras.Model, dataset: Dataset, part: Part) -> NDArray[np.float32]:
    """As they come, numbers or not."""
    return np.concatenate(list(in_blocks(model, dataset.images, part.rows))).astype(np.float32)


def in_blocks(model: keras.Model, images: Bytes, rows: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
    """What a network says of these rows. Whole blocks only: one compiled shape, equal parts for every device."""
    devices = len(keras.distribution.list_devices()) if keras.distribution.distribution() else 1
    size = -(-SCORED_AT_ONCE // devices) * devices
    for start in range(0, rows.size, size):
        block = rows[start : start + size]
        yield answer(model, images[np.resize(block, size)])[: block.size]


def answer(model: keras.Model, pixels: Bytes) -> NDArray[np.float32]:
    """What a network says of one block of images."""
    answers: NDArray[np.float32] = np.asarray(model.predict_on_batch(in_equal_parts(pixels)))
    return answers

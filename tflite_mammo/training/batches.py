"""The training part in shuffled batches, straight from the memory-mapped array, balanced as the recipe says."""

import keras
import numpy as np
from numpy.typing import NDArray

from tflite_mammo.data.dataset import Part
from tflite_mammo.preprocess import Bytes
from tflite_mammo.training.recipe import Balance

Batch = tuple[Bytes, NDArray[np.int64], NDArray[np.float32]]


class TrainingBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Epoch e of seed s is always the same order, wherever and whenever it is drawn."""

    def __init__(self, images: Bytes, part: Part, balance: Balance, batch_size: int, seed: int) -> None:
        super().__init__()
        self._images, self._rows, self._labels = images, part.rows, part.labels
        self._batch_size, self._seed, self._epoch = batch_size, seed, 0
        self._oversample = balance.oversample
        counts = np.bincount(part.labels)
        weights = part.labels.size / (counts.size * counts) if balance.class_weights else np.ones(counts.size)
        self._weights = weights.astype(np.float32)
        self._counts = counts
        self._order = self._draw()

    def __len__(self) -> int:
        return -(-self._order.size // self._batch_size)

    @property
    def images_per_epoch(self) -> int:
        return int(self._order.size)

    def __getitem__(self, index: int) -> Batch:
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        labels = self._labels[chosen]
        return self._images[self._rows[chosen]], labels, self._weights[labels]

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._order = self._draw()

    def _draw(self) -> NDArray[np.int64]:
        rng = np.random.default_rng([self._seed, self._epoch])
        order = np.arange(self._labels.size)
        if self._oversample:
            most = int(self._counts.max())
            for label, count in enumerate(self._counts):
                members = np.flatnonzero(self._labels == label)
                order = np.concatenate([order, rng.choice(members, most - count)])
        return rng.permutation(order)

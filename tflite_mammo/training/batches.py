"""The training part in shuffled batches, straight from the memory-mapped array, balanced as the recipe says."""

import keras
import numpy as np
from numpy.typing import NDArray

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.errors import MammoError
from tflite_mammo.preprocess import Bytes
from tflite_mammo.training.tables import Balance

Batch = tuple[Bytes, NDArray[np.float32], NDArray[np.float32]]
"""Images, a column per class, a weight per image."""


class TrainingBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """Epoch e of seed s is always the same order, wherever and whenever it is drawn."""

    def __init__(self, dataset: Dataset, balance: Balance, batch_size: int, seed: int) -> None:
        super().__init__()
        part, classes = dataset.part("train"), dataset.info.classes
        self._counts = np.bincount(part.labels, minlength=len(classes))
        if not self._counts.all():
            lacking = classes[int(np.argmin(self._counts))]
            raise MammoError(f"{dataset.folder}: its train part holds no {lacking}; prepare it with more patients")
        if len(classes) < 2:
            raise MammoError(f"{dataset.folder}: one class only, {classes[0]}; two are needed to tell one from another")
        if batch_size > part.labels.size:
            raise MammoError(
                f"batches of {batch_size} from a train part of {part.labels.size} images; "
                "set a smaller batch_size in the recipe, or pass --batch-size"
            )
        self._images, self._rows, self._labels = dataset.images, part.rows, part.labels
        self._batch_size, self._seed, self._oversample = batch_size, seed, balance.oversample
        weights = part.labels.size / (self._counts.size * self._counts)
        self._weights = (weights if balance.class_weights else np.ones(len(classes))).astype(np.float32)
        self._one_hot = np.eye(len(classes), dtype=np.float32)
        self.start_epoch(0)

    def __len__(self) -> int:
        return self._order.size // self._batch_size

    def __getitem__(self, index: int) -> Batch:
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        labels = self._labels[chosen]
        return self._images[self._rows[chosen]], self._one_hot[labels], self._weights[labels]

    @property
    def images_per_epoch(self) -> int:
        return int(self._order.size)

    @property
    def order(self) -> NDArray[np.int64]:
        """Which images of the training part this epoch shows, in which order."""
        return self._order

    def start_epoch(self, epoch: int) -> None:
        rng = np.random.default_rng([self._seed, epoch])
        order = np.arange(self._labels.size)
        if self._oversample:
            most = int(self._counts.max())
            for label, count in enumerate(self._counts):
                members = np.flatnonzero(self._labels == label)
                order = np.concatenate([order, _drawn(rng, members, most - count)])
        order = rng.permutation(order)
        # The last batch is filled up: one compiled shape, the same weight for every step, equal parts for every device.
        lacking = -order.size % self._batch_size
        self._order = np.concatenate([order, rng.choice(self._labels.size, lacking, replace=False)])


def _drawn(rng: np.random.Generator, members: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Each member as often as the next, give or take one."""
    rounds = [rng.permutation(members) for _ in range(-(-count // members.size))]
    return np.concatenate([*rounds, members[:0]])[:count]

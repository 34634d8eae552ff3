"""Batches: balanced as asked, shuffled anew each epoch, the same for the same seed, training images only."""

import numpy as np

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.training.batches import TrainingBatches
from tflite_mammo.training.recipe import Balance


def _labels(batches: TrainingBatches) -> np.ndarray:
    return np.concatenate([batches[i][1] for i in range(len(batches))])


def _pixels(batches: TrainingBatches) -> set[bytes]:
    return {image.tobytes() for i in range(len(batches)) for image in batches[i][0]}


def _batches(dataset: Dataset, balance: Balance | None = None, seed: int = 0) -> TrainingBatches:
    return TrainingBatches(dataset.images, dataset.part("train"), balance or Balance(), 4, seed)


def test_oversampling_makes_the_classes_equally_frequent(prepared: Dataset) -> None:
    plain = np.bincount(_labels(_batches(prepared)))
    balanced = np.bincount(_labels(_batches(prepared, Balance(oversample=True))))
    assert plain[0] != plain[1]
    assert list(balanced) == [plain.max()] * 2


def test_oversampled_copies_come_from_training_images_only(prepared: Dataset) -> None:
    part = prepared.part("train")
    training = {prepared.images[row].tobytes() for row in part.rows}
    assert _pixels(_batches(prepared, Balance(oversample=True))) <= training


def test_class_weights_give_each_class_the_same_total(prepared: Dataset) -> None:
    batches = _batches(prepared, Balance(class_weights=True))
    totals = np.zeros(2)
    for i in range(len(batches)):
        _, labels, weights = batches[i]
        np.add.at(totals, labels, weights)
    np.testing.assert_allclose(totals[0], totals[1], rtol=1e-5)


def test_the_order_is_new_each_epoch_and_the_same_for_the_same_seed(prepared: Dataset) -> None:
    one, same, other = _batches(prepared), _batches(prepared), _batches(prepared, seed=1)
    first = one[0][0].copy()
    np.testing.assert_array_equal(first, same[0][0])
    assert not np.array_equal(first, other[0][0])
    one.on_epoch_end()
    assert not np.array_equal(first, one[0][0])


def test_every_training_image_comes_once_an_epoch_without_oversampling(prepared: Dataset) -> None:
    assert _labels(_batches(prepared)).size == prepared.part("train").rows.size

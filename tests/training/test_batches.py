"""Batches: balanced as asked, shuffled anew each epoch, the same for the same seed, training images only, all whole."""

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.data.dataset import Dataset, Part
from tflite_mammo.errors import MammoError
from tflite_mammo.training.batches import TrainingBatches
from tflite_mammo.training.tables import Balance

SIZE = 4


def _batches(dataset: Dataset, balance: Balance | None = None, seed: int = 0, size: int = SIZE) -> TrainingBatches:
    return TrainingBatches(dataset, balance or Balance(), size, seed)


def _labels(batches: TrainingBatches) -> np.ndarray:
    return np.concatenate([batches[i][1].argmax(axis=1) for i in range(len(batches))])


def _pixels(batches: TrainingBatches) -> Counter[bytes]:
    return Counter(image.tobytes() for i in range(len(batches)) for image in batches[i][0])


def test_oversampling_makes_the_classes_equally_frequent(prepared: Dataset) -> None:
    plain = np.bincount(prepared.part("train").labels)
    batches = _batches(prepared, Balance(oversample=True), size=1)
    assert plain[0] != plain[1]
    assert list(np.bincount(_labels(batches))) == [plain.max()] * 2


def test_oversampling_draws_every_image_of_the_smaller_class_as_often_as_the_next(prepared: Dataset) -> None:
    part = prepared.part("train")
    smaller = int(np.argmin(np.bincount(part.labels)))
    drawn = _batches(prepared, Balance(oversample=True), size=1).order
    times = np.bincount(drawn, minlength=part.labels.size)[part.labels == smaller]
    assert times.max() - times.min() <= 1


def test_oversampled_copies_come_from_training_images_only(prepared: Dataset) -> None:
    part = prepared.part("train")
    training = {prepared.images[row].tobytes() for row in part.rows}
    assert set(_pixels(_batches(prepared, Balance(oversample=True)))) <= training


def test_class_weights_give_each_class_the_same_total(prepared: Dataset) -> None:
    batches = _batches(prepared, Balance(class_weights=True), size=1)
    totals = np.zeros(2)
    for i in range(len(batches)):
        _, labels, weights = batches[i]
        totals += labels.T @ weights
    np.testing.assert_allclose(totals[0], totals[1], rtol=1e-5)


def test_the_order_is_new_each_epoch_and_the_same_for_the_same_seed(prepared: Dataset) -> None:
    one, same, other = _batches(prepared), _batches(prepared), _batches(prepared, seed=1)
    first = one[0][0].copy()
    np.testing.assert_array_equal(first, same[0][0])
    assert not np.array_equal(first, other[0][0])
    one.start_epoch(1)
    assert not np.array_equal(first, one[0][0])
    one.start_epoch(0)
    np.testing.assert_array_equal(first, one[0][0])


def test_every_training_image_comes_once_an_epoch_and_the_last_batch_is_filled_up(prepared: Dataset) -> None:
    count = prepared.part("train").rows.size
    size = next(size for size in range(4, 20) if count % size)
    batches = _batches(prepared, size=size)
    assert all(batches[i][0].shape[0] == size for i in range(len(batches)))
    assert set(batches.order) == set(range(count))
    assert batches.images_per_epoch == len(batches) * size < count + size


def test_labels_come_as_a_column_per_class_beside_their_images(prepared: Dataset) -> None:
    part = prepared.part("train")
    of_image = {prepared.images[row].tobytes(): label for row, label in zip(part.rows, part.labels, strict=True)}
    images, labels, weights = _batches(prepared)[0]
    assert images.dtype == np.uint8
    assert [of_image[image.tobytes()] for image in images] == labels.argmax(axis=1).tolist()
    assert labels.sum() == weights.sum() == SIZE


def test_a_batch_larger_than_the_part_is_refused(prepared: Dataset) -> None:
    count = prepared.part("train").rows.size
    with pytest.raises(MammoError, match=rf"batches of {count + 1} from a train part of {count} images"):
        _batches(prepared, size=count + 1)


def test_a_train_part_without_one_of_the_classes_is_refused(prepared: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    part = prepared.part("train")
    only = Part("train", part.rows[part.labels == 1], part.labels[part.labels == 1], part.examples)
    monkeypatch.setattr(prepared, "part", lambda _: only)
    with pytest.raises(MammoError, match="its train part holds no benign; prepare it with more patients"):
        _batches(prepared)


def test_data_of_one_class_is_refused(prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(prepared.folder, tmp_path / "one")
    dataset = Dataset(tmp_path / "one")
    part = dataset.part("train")
    kept = part.labels == 0
    monkeypatch.setattr(dataset, "info", replace(dataset.info, classes=("benign",)))
    monkeypatch.setattr(dataset, "part", lambda _: Part("train", part.rows[kept], part.labels[kept], part.examples))
    with pytest.raises(MammoError, match="one class only, benign; two are needed"):
        _batches(dataset)

"""What a training waits for: a step against one that waits for no image, the reading alone, a whole epoch."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

import keras
import numpy as np
import pytest
from drawn import collection
from pairs import Ratio, in_turns, record
from pytest_benchmark.fixture import BenchmarkFixture

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.training.batches import Batch, TrainingBatches
from tflite_mammo.training.fit import fit
from tflite_mammo.training.network import Network, assemble
from tflite_mammo.training.recipe import Recipe, read_recipe, with_changes
from tflite_mammo.training.tables import Augment, Balance
from tflite_mammo.training.trainer import trainer_of

Keep = Callable[[str, dict[str, float]], None]

BATCH = 32
ORIGINALS = 300
EPOCHS = 4
LEAST_AGAINST_FILES = {"originals": 20.0, "files at 224 px": 3.0}
MOST_AGAINST_CONSTANT = {"resnet50": 1.10, "small-cnn": 1.25}
FITS = {"resnet50": (8, 3, 5), "small-cnn": (32, 20, 15)}
"""Images of a step, steps of a fit, pairs of fits."""


class FirstBatches(TrainingBatches):
    """As many as a fit of this benchmark takes."""

    steps = 1

    def __len__(self) -> int:
        return self.steps


class OneBatch(keras.utils.PyDataset):  # type: ignore[misc]
    """Always the same, in memory: an input side that costs nothing."""

    def __init__(self, batch: Batch, steps: int) -> None:
        super().__init__()
        self._batch, self._steps = batch, steps

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int) -> Batch:
        return self._batch


def _augmented(backbone: str, batch_size: int) -> Recipe:
    """The backbone's own recipe, with resnet50-u60's augmentation; `assemble` reads no weights."""
    u60 = read_recipe("resnet50-u60")
    recipe = u60 if backbone == "resnet50" else replace(read_recipe(backbone), augment=u60.augment)
    return with_changes(recipe, batch_size=batch_size)


def _network(recipe: Recipe, dataset: Dataset) -> Network:
    return assemble(recipe, dataset.info.spec.shape, len(dataset.info.classes))


def _trainer(network: Network, recipe: Recipe, dataset: Dataset) -> keras.Model:
    return trainer_of(network, recipe, recipe.stages[0], dataset, 1)


def _fits(trainer: keras.Model, batches: keras.utils.PyDataset) -> Callable[[], object]:
    return lambda: trainer.fit(batches, epochs=1, verbose=0, shuffle=False)


def _kept(benchmark: BenchmarkFixture, keep: Keep, name: str, ratio: Ratio) -> float:
    record(benchmark, name, ratio)
    keep("training", {name: round(ratio.median, 3)})
    return ratio.median


@pytest.mark.parametrize("backbone", ["small-cnn", "resnet50"])
def test_the_network_never_waits_for_its_images(
    benchmark: BenchmarkFixture, keep: Keep, prepared: Path, backbone: str
) -> None:
    """The constant batch goes through the same augmentation; without it is told too, as what augmentation costs."""
    dataset, (size, steps, pairs) = Dataset(prepared), FITS[backbone]
    recipe = _augmented(backbone, size)
    network = _network(recipe, dataset)
    trainer = _trainer(network, recipe, dataset)
    bare = _trainer(network, replace(recipe, augment=Augment()), dataset)
    batches = FirstBatches(dataset, recipe.balance, size, recipe.seed)
    batches.steps = steps
    constant = OneBatch(batches[0], steps)
    ours = _fits(trainer, batches)
    plain = in_turns(ours, _fits(bare, constant), pairs=3)
    _kept(benchmark, keep, f"{backbone}: step / step on a constant batch that is not augmented", plain)
    fed = in_turns(ours, _fits(trainer, constant), pairs)
    ratio = _kept(benchmark, keep, f"{backbone}: step / step on a constant batch", fed)
    benchmark.pedantic(ours, rounds=1)
    assert ratio <= MOST_AGAINST_CONSTANT[backbone]


def _epochs(batches: TrainingBatches, count: int) -> Callable[[], None]:
    """Every batch handed to the backend, as a fit does."""

    def read() -> None:
        for epoch in range(count):
            batches.start_epoch(epoch)
            for number in range(len(batches)):
                keras.ops.convert_to_tensor(batches[number][0])

    return read


def _from_directory(folder: Path) -> Callable[[], None]:
    files = keras.utils.image_dataset_from_directory(
        folder, color_mode="grayscale", image_size=(224, 224), batch_size=BATCH, shuffle=True, seed=0, verbose=False
    ).prefetch(-1)  # tf.data.AUTOTUNE

    def read() -> None:
        for _ in files:
            pass

    return read


def _rates(ratio: Ratio, ours: int, theirs: int) -> Ratio:
    """Images a second, ours / theirs, out of the seconds for so many images."""
    share = ours / theirs
    return Ratio(ratio.ours_s, ratio.peer_s, *(share / value for value in (ratio.median, ratio.high, ratio.low)))


@pytest.mark.parametrize("files", ["originals", "files at 224 px"])
def test_prepared_images_are_read_faster_than_files(
    benchmark: BenchmarkFixture, keep: Keep, prepared: Path, small_files: Path, tmp_path: Path, files: str
) -> None:
    original = files == "originals"
    folder, count = (collection(tmp_path, "jpg", ORIGINALS), ORIGINALS) if original else (small_files, 2500)
    batches = TrainingBatches(Dataset(prepared), Balance(), BATCH, 0)
    rounds = 5  # or the shorter of the two would last hundredths of a second
    ours = _epochs(batches, rounds)
    ratio = _rates(in_turns(ours, _from_directory(folder)), rounds * batches.images_per_epoch, count)
    faster = _kept(benchmark, keep, f"images a second / image_dataset_from_directory, {files}", ratio)
    benchmark.pedantic(ours, rounds=3)
    assert faster >= LEAST_AGAINST_FILES[files]


class _Ends(keras.callbacks.Callback):  # type: ignore[misc]
    """When each step was done; epochs are told apart by their number of steps."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def advance(self, steps: int) -> None:
        self.times += [time.perf_counter()] * steps

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self.advance(1)

    def epoch_s(self, steps: int) -> float:
        """From one epoch's last step to the next one's; so the first, which compiles, is left out."""
        return median(np.diff(self.times[steps - 1 :: steps]).tolist())


def _arrays(dataset: Dataset, name: str) -> tuple[np.ndarray, np.ndarray]:
    part = dataset.part(name)
    return dataset.images[part.rows], np.eye(len(dataset.info.classes), dtype=np.float32)[part.labels]


def _whole_epochs(dataset: Dataset, recipe: Recipe, folders: Iterator[Path]) -> tuple[float, float, float]:
    """Seconds of an epoch of ours, of its steps alone, and of an epoch of plain model.fit on arrays in memory."""
    steps, ours, peer = len(TrainingBatches(dataset, recipe.balance, BATCH, 0)), _Ends(), _Ends()
    network, folder = _network(recipe, dataset), next(folders)
    folder.mkdir()
    fitted = fit(network, recipe, dataset, folder, advance=ours.advance, notice=print)
    alone = median(epoch.seconds for epoch in fitted.history[1:])
    (images, labels), validation = _arrays(dataset, "train"), _arrays(dataset, "validation")
    plain = _trainer(_network(recipe, dataset), recipe, dataset)
    told = {"validation_data": validation, "callbacks": [peer], "verbose": 0}
    plain.fit(images, labels, batch_size=BATCH, epochs=EPOCHS, **told)
    return ours.epoch_s(steps), alone, peer.epoch_s(steps)


def test_what_an_epoch_costs_besides_its_steps(
    benchmark: BenchmarkFixture, keep: Keep, prepared: Path, tmp_path: Path
) -> None:
    dataset = Dataset(prepared)
    recipe = with_changes(read_recipe("small-cnn"), epochs=EPOCHS, batch_size=BATCH)
    folders = (tmp_path / f"run{number}" for number in range(3))
    rounds = benchmark.pedantic(lambda: [_whole_epochs(dataset, recipe, folders) for _ in range(3)], rounds=1)
    figures = {
        "small-cnn: epoch / epoch of plain model.fit": median(ours / peer for ours, _, peer in rounds),
        "small-cnn: epoch / its steps alone": median(ours / alone for ours, alone, _ in rounds),
    }
    print("\n", figures)
    kept = {name: round(value, 3) for name, value in figures.items()}
    benchmark.extra_info |= kept
    keep("training", kept)

"""Fitting: the stages of a recipe, one after the other; the validation part is scored after each epoch."""

import time
from dataclasses import dataclass

import keras
import numpy as np

from tflite_mammo.console import Advance
from tflite_mammo.data.dataset import Dataset, Part
from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.metrics import auc_of
from tflite_mammo.scores import Scores
from tflite_mammo.training.augment import augmentation
from tflite_mammo.training.batches import TrainingBatches
from tflite_mammo.training.network import Network, unfreeze
from tflite_mammo.training.recipe import Recipe, Stage

SMALLEST = 1e-7
SCORED_AT_ONCE = 32
OPTIMIZERS = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop, "sgd": keras.optimizers.SGD}


@dataclass(frozen=True)
class Epoch:
    epoch: int
    stage: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    val_auc: float
    seconds: float
    images_per_second: float


def keras_scores(model: keras.Model, dataset: Dataset, part: Part) -> Scores:
    """The network's scores of one part, in inference mode."""
    blocks = [
        np.asarray(model.predict_on_batch(dataset.images[part.rows[i : i + SCORED_AT_ONCE]].astype(np.float32)))
        for i in range(0, part.rows.size, SCORED_AT_ONCE)
    ]
    return dataset.scores(part, np.concatenate(blocks).astype(np.float32))


def steps_in(recipe: Recipe, dataset: Dataset) -> int:
    """How many batches the whole recipe takes; what a progress bar counts."""
    return recipe.epochs * len(_batches(recipe, dataset))


def fit(network: Network, recipe: Recipe, dataset: Dataset, advance: Advance) -> list[Epoch]:
    """Train `network` in place and return the history; afterwards it holds the weights that the recipe keeps."""
    batches = _batches(recipe, dataset)
    watch = _Watch(network.model, dataset, batches.images_per_epoch, advance)
    for number, stage in enumerate(recipe.stages, 1):
        unfreeze(network.base, stage.unfreeze, batch_norm_frozen=recipe.batch_norm == "frozen")
        trainer = _trainer(network.model, recipe, stage, dataset)
        watch.stage = number
        trainer.fit(batches, epochs=stage.epochs, verbose=0, callbacks=[watch], shuffle=False)
    if recipe.keep == "best" and watch.best is not None:
        network.model.set_weights(watch.best)
    return watch.history


def _batches(recipe: Recipe, dataset: Dataset) -> TrainingBatches:
    return TrainingBatches(dataset.images, dataset.part("train"), recipe.balance, recipe.batch_size, recipe.seed)


def _trainer(model: keras.Model, recipe: Recipe, stage: Stage, dataset: Dataset) -> keras.Model:
    """The network behind its augmentation. Only the network is saved; augmentation never reaches a device."""
    shape = dataset.info.spec.shape
    pixels = keras.Input(shape, name="pixels")
    augment = augmentation(recipe.augment, shape[2], recipe.seed)
    trainer = keras.Model(pixels, model(augment(pixels) if augment else pixels))
    trainer.compile(
        optimizer=OPTIMIZERS[stage.optimizer](stage.learning_rate),
        loss="sparse_categorical_crossentropy",
        weighted_metrics=["accuracy"],
    )
    return trainer


class _Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Scores the validation part after each epoch, keeps the best weights and tells how far the fit has come."""

    def __init__(self, model: keras.Model, dataset: Dataset, images_per_epoch: int, advance: Advance) -> None:
        super().__init__()
        self.stage = 0
        self.history: list[Epoch] = []
        self.best: list[np.ndarray] | None = None
        self._network, self._dataset, self._advance = model, dataset, advance
        self._validation = dataset.part("validation")
        self._images = images_per_epoch
        self._started = 0.0

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self._started = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self._advance(1)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        seconds = time.monotonic() - self._started
        loss, accuracy = (float((logs or {})[name]) for name in ("loss", "accuracy"))
        if not np.isfinite(loss):
            raise MammoError(f"epoch {len(self.history) + 1}: the loss is {loss}; lower the recipe's learning_rate")
        scores = keras_scores(self._network, self._dataset, self._validation)
        labels = self._validation.labels
        chosen = scores.values[np.arange(labels.size), labels]
        row = Epoch(
            epoch=len(self.history) + 1,
            stage=self.stage,
            loss=loss,
            accuracy=accuracy,
            val_loss=float(-np.log(np.maximum(chosen, SMALLEST)).mean()),
            val_accuracy=float((scores.values.argmax(axis=1) == labels).mean()),
            val_auc=auc_of(scores.finding, scores.positive),
            seconds=round(seconds, 2),
            images_per_second=round(self._images / seconds, 1),
        )
        if not self.history or row.val_loss < min(epoch.val_loss for epoch in self.history):
            self.best = self._network.get_weights()
        self.history.append(row)

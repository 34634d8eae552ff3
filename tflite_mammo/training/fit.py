"""Fitting: the stages of a recipe, one after the other, each epoch judged on the validation part and kept on disk."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from tflite_mammo.console import Advance
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.scores import Scores
from tflite_mammo.training.averages import adapting, settle
from tflite_mammo.training.batches import TrainingBatches
from tflite_mammo.training.checkpoint import Checkpoint, Weights, expect_shapes, read_checkpoint, write_checkpoint
from tflite_mammo.training.examine import Examiner
from tflite_mammo.training.history import Epoch, TensorBoard, validation_figures, write_history
from tflite_mammo.training.network import Network, in_float32
from tflite_mammo.training.recipe import Recipe
from tflite_mammo.training.standing import Standing
from tflite_mammo.training.trainer import expect_stages, reseed, trainer_of
from tflite_mammo.training.watch import Sign

Notice = Callable[[str], None]
"""Told what a person should know while it runs."""


@dataclass(frozen=True)
class Fitted:
    network: Network
    """With the weights that the recipe keeps, in float32; as it was where it is lost."""
    history: tuple[Epoch, ...]
    taken_up: int
    """How many of its epochs an earlier try had trained."""
    signs: tuple[Sign, ...]
    """Of a collapse, seen in the network that is kept."""
    validation: Scores | None
    """What that network says of the validation part; nothing where it is lost."""


def steps_in(recipe: Recipe, dataset: Dataset) -> int:
    """How many batches the whole recipe takes; what a progress bar counts."""
    return recipe.epochs * len(_batches(recipe, dataset))


def fit(
    network: Network, recipe: Recipe, dataset: Dataset, folder: Path, *, advance: Advance, notice: Notice
) -> Fitted:
    """Train `network` in place, going on from what `folder` holds of an earlier try; every epoch is kept there."""
    return _Fit(network, recipe, dataset, folder, advance, notice).run()


def _batches(recipe: Recipe, dataset: Dataset) -> TrainingBatches:
    return TrainingBatches(dataset, recipe.balance, recipe.batch_size, recipe.seed)


class _Fit:
    def __init__(
        self, network: Network, recipe: Recipe, dataset: Dataset, folder: Path, advance: Advance, notice: Notice
    ) -> None:
        self._network, self._recipe, self._dataset, self._folder = network, recipe, dataset, folder
        self._advance, self._notice = advance, notice
        self._batches = _batches(recipe, dataset)
        self._examiner = Examiner(network, dataset, self._batches, adapts=_adapts(network, recipe))
        self._standing = Standing(fold=dataset.fold or 0)
        self._best: Weights = []
        self._taken_up = 0

    def run(self) -> Fitted:
        expect_stages(self._network, self._recipe)
        checkpoint = read_checkpoint(self._folder)
        if checkpoint:
            self._take_up(checkpoint)
        self._examiner.start()
        self._curves = TensorBoard(self._folder / "tensorboard", self._standing.history)
        try:
            while not self._lost and self._standing.stage <= len(self._recipe.stages):
                self._train_stage(checkpoint.optimizer if checkpoint else None)
                checkpoint = None
        finally:
            self._curves.close()
        return self._fitted()

    def _take_up(self, checkpoint: Checkpoint) -> None:
        model = self._network.model
        expect_shapes(checkpoint.weights, model.get_weights(), self._folder)
        model.set_weights(checkpoint.weights)
        self._standing, self._best = checkpoint.standing, checkpoint.best or checkpoint.weights
        self._taken_up = len(checkpoint.standing.history)
        write_history(self._standing.history, self._folder / "history.csv")
        self._advance(self._taken_up * len(self._batches))

    def _train_stage(self, optimizer: Weights | None) -> None:
        stage = self._recipe.stages[self._standing.stage - 1]
        trainer = trainer_of(self._network, self._recipe, stage, self._dataset, len(self._batches))
        if optimizer is not None:
            state = trainer.optimizer.variables
            expect_shapes(optimizer, state, self._folder)
            for variable, value in zip(state, optimizer, strict=True):
                variable.assign(value)
        while not self._lost and not self._standing.done(self._recipe):
            known = {sign.sign for sign in self._standing.signs}
            self._train_epoch(trainer)
            for sign in self._standing.signs:
                if sign.sign not in known:  # once is enough
                    self._notice(sign.words)
        self._advance((stage.epochs - self._standing.stage_epochs) * len(self._batches))
        if not self._lost:
            self._end_stage()

    def _end_stage(self) -> None:
        """The next one starts from what is kept, with averages of its own, which it may freeze."""
        keeps_best = self._recipe.keep == "best"
        if keeps_best:
            self._network.model.set_weights(self._best)
        of_this_stage = self._standing.history[self._standing.best_epoch - 1].stage == self._standing.stage
        if _adapts(self._network, self._recipe) and (of_this_stage or not keeps_best):
            settle(self._network, self._dataset, self._recipe.batch_size, self._recipe.seed)
            self._best = self._network.model.get_weights()
        self._standing = self._standing.next_stage()

    @property
    def _lost(self) -> bool:
        """To go on would be in vain. Where only the head has trained, on features that say nothing, it would not."""
        last = self._standing.stage >= len(self._recipe.stages)
        only_head = not last and self._recipe.stages[self._standing.stage - 1].unfreeze == "none"
        return any(sign.final and not (only_head and sign.sign == "constant") for sign in self._standing.signs)

    def _train_epoch(self, trainer: keras.Model) -> None:
        number = len(self._standing.history) + 1
        self._batches.start_epoch(number)
        reseed(trainer, self._recipe.seed, number)
        started = time.monotonic()
        steps = [_Steps(self._advance)]
        fitted = trainer.fit(self._batches, epochs=1, verbose=0, callbacks=steps, shuffle=False)
        seconds = time.monotonic() - started
        logs = {name: float(values[0]) for name, values in fitted.history.items()}
        validation, signs = self._examiner.examine(number, logs["loss"], logs["accuracy"])
        if validation is None:  # nothing of it is worth keeping
            self._standing = replace(self._standing, signs=signs)
            return
        epoch = Epoch(
            epoch=number,
            stage=self._standing.stage,
            learning_rate=float(np.asarray(trainer.optimizer.learning_rate)),
            **logs,
            **validation_figures(validation),
            seconds=round(seconds, 2),
            images_per_second=round(self._batches.images_per_epoch / seconds, 1),
        )
        self._keep(epoch, signs, trainer)

    def _keep(self, epoch: Epoch, signs: tuple[Sign, ...], trainer: keras.Model) -> None:
        before, self._standing = self._standing, replace(self._standing.after(epoch, self._recipe), signs=signs)
        weights, best = self._network.model.get_weights(), self._standing.best_epoch == epoch.epoch
        if best:
            self._best = weights
        if self._standing.lowered > before.lowered:
            trainer.optimizer.learning_rate = self._standing.plateau_rate(self._recipe)
        state = [np.asarray(variable) for variable in trainer.optimizer.variables]
        write_checkpoint(
            self._folder,
            Checkpoint(self._standing, weights, state, [] if best or self._recipe.keep == "last" else self._best),
        )
        write_history(self._standing.history, self._folder / "history.csv")
        self._curves.add(epoch)

    def _fitted(self) -> Fitted:
        """The network that is kept, and whether it has collapsed by what it is now."""
        recipe, history, last = self._recipe, self._standing.history, self._standing.signs
        if self._lost:
            return Fitted(self._network, history, self._taken_up, last, None)
        network = in_float32(self._network, recipe, self._dataset)
        kept = history[self._standing.best_epoch - 1] if recipe.keep == "best" else history[-1]
        examiner = Examiner(network, self._dataset, self._batches, adapts=_adapts(network, recipe))
        examiner.start()
        validation, signs = examiner.examine(kept.epoch, kept.loss, kept.accuracy)
        # Compared with itself, a network that guesses stands still; that is a sign if the last epoch showed it too.
        stood_still = any(sign.sign == "flat" for sign in last)
        signs = tuple(sign for sign in signs if sign.sign != "flat" or stood_still)
        return Fitted(network, history, self._taken_up, signs, validation)


def _adapts(network: Network, recipe: Recipe) -> bool:
    return recipe.batch_norm == "adapt" and bool(adapting(network.base))


class _Steps(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells how far the fit has come: as a step starts, since at its end Keras would have to wait for the device.

    Not waited for, the device has its next batches at hand while it computes.
    """

    def __init__(self, advance: Advance) -> None:
        super().__init__()
        self._advance = advance

    def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
        self._advance(1)

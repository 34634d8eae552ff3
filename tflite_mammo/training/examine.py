"""After an epoch: the validation part and some training images scored in inference mode, and what that gives away."""

import numpy as np

from tflite_mammo.data.dataset import Dataset, Part
from tflite_mammo.scores import Scores
from tflite_mammo.training.averages import scores_by_batch
from tflite_mammo.training.batches import TrainingBatches
from tflite_mammo.training.network import Network
from tflite_mammo.training.scoring import SCORED_AT_ONCE, class_scores
from tflite_mammo.training.watch import CONSTANT, Seen, Sign, cross_entropy, lagging, no_number, signs_of

SAMPLE = 128
"""Training images."""


class Examiner:
    def __init__(self, network: Network, dataset: Dataset, batches: TrainingBatches, *, adapts: bool) -> None:
        """`adapts`: whether the recipe lets batch norm adapt, and there is any."""
        self._network, self._dataset, self._adapts = network, dataset, adapts
        self._validation, self._sample = dataset.part("validation"), _sample(dataset)
        shown = dataset.part("train").labels[batches.order]
        self._shares = np.bincount(shown, minlength=len(dataset.info.classes)) / shown.size
        self._loss_before: float | None = None

    def start(self) -> None:
        """What a loss that does not move is compared with: that of the network as it is."""
        values = self._values(self._sample)
        self._loss_before = (
            cross_entropy(self._dataset.scores(self._sample, values)) if np.isfinite(values).all() else None
        )

    def examine(self, epoch: int, loss: float, accuracy: float) -> tuple[Scores | None, tuple[Sign, ...]]:
        """The validation part's scores, none where they are no numbers; loss and accuracy are those in training."""
        sample, validation = self._values(self._sample), self._values(self._validation)
        if not np.isfinite([loss, sample.sum(), validation.sum()]).all():
            return None, (no_number(epoch, loss),)
        scores, drawn = self._dataset.scores(self._validation, validation), self._dataset.scores(self._sample, sample)
        signs = signs_of(Seen(epoch, accuracy, self._shares, drawn, scores, self._loss_before, self._adapts))
        self._loss_before = cross_entropy(drawn)
        if any(sign.sign == "constant" for sign in signs) and self._differ_in_training():
            signs = [lagging(epoch)]
        return scores, tuple(signs)

    def _differ_in_training(self) -> bool:
        """Whether images get scores of their own where batch norm goes by the batch instead of by its averages."""
        if not self._adapts:
            return False
        pixels = self._dataset.images[self._sample.rows[:SCORED_AT_ONCE]]
        return float(np.ptp(scores_by_batch(self._network, pixels), axis=0).max()) >= CONSTANT

    def _values(self, part: Part) -> np.ndarray:
        return class_scores(self._network.model, self._dataset, part)


def _sample(dataset: Dataset) -> Part:
    """As many of each class as there are to be had: where one is rare, a plain draw might hold none of it."""
    part = dataset.part("train")
    rng = np.random.default_rng(SAMPLE)
    by_class = [rng.permutation(np.flatnonzero(part.labels == label)) for label in range(len(dataset.info.classes))]
    chosen = np.concatenate([members[: SAMPLE // len(by_class)] for members in by_class])
    return Part("train", part.rows[chosen], part.labels[chosen], tuple(part.examples[i] for i in chosen))

"""The collapse watch: signs that a training gives one answer, or none, named while it runs, with their likely causes.

In: what an epoch gave in training mode; scores in inference mode of the validation part and some training images.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.ranked import auc_of
from tflite_mammo.scores import Scores

CONSTANT = 1e-5
"""A narrower range of scores than int8 or a threshold could ever tell apart."""
UNMOVED = 1e-4
"""Of the loss, as a share of it."""
GAP = 0.15
LAG = "batch norm's moving averages lag behind (train longer, in smaller batches, or with batch_norm = 'frozen')"

Kind = Literal["no number", "constant", "one class", "flat", "gap"]


class CollapseError(MammoError):
    """A training that came to nothing: not wrong use, but a verdict."""

    status = 1


@dataclass(frozen=True)
class Sign:
    sign: Kind
    words: str
    epoch: int

    @property
    def final(self) -> bool:
        """Whether to go on would be in vain: from one and the same score for everything no network comes back."""
        return self.sign in ("no number", "constant")


def no_number(epoch: int, loss: float) -> Sign:
    return Sign(
        "no number",
        f"epoch {epoch}: {'a score is no number' if np.isfinite(loss) else f'the loss is {loss}'}: the learning_rate "
        "is too high, or half precision overflows",
        epoch,
    )


def lagging(epoch: int) -> Sign:
    return Sign(
        "gap",
        f"epoch {epoch}: every image has the same score, though they differ in training: {LAG}",
        epoch,
    )


@dataclass(frozen=True)
class Seen:
    """What an epoch gave away."""

    epoch: int
    training_accuracy: float
    shares: NDArray[np.float64]
    """Of each class among the images that the epoch showed, copies included."""
    sample: Scores
    """Of training images, in inference mode, as the next."""
    validation: Scores
    loss_before: float | None
    """Of the same sample, an epoch ago."""
    adapts: bool
    """Whether batch norm has averages that may lag behind it."""

    @property
    def ranks(self) -> bool:
        """Whether it tells the finding from the rest better than chance would, counting all images that were scored."""
        finding = np.concatenate([self.sample.finding, self.validation.finding])
        return better_than_chance(finding, np.concatenate([self.sample.positive, self.validation.positive]))


def signs_of(seen: Seen) -> list[Sign]:
    signs = [sign for sign in (_constant(seen), _one_class(seen), _flat(seen), _gap(seen)) if sign]
    return signs[:1] if signs and signs[0].sign == "constant" else signs  # whatever else is seen follows from it


def _constant(seen: Seen) -> Sign | None:
    values = np.concatenate([seen.sample.values, seen.validation.values])
    if float(np.ptp(values, axis=0).max()) >= CONSTANT:
        return None
    return Sign(
        "constant",
        f"epoch {seen.epoch}: every image has the score {seen.validation.finding[0]:.4f}: weights made for other "
        "pixels saturate the network, a learning_rate that is too high or wild augmentation has killed its units, or "
        "nothing trains",
        seen.epoch,
    )


def _one_class(seen: Seen) -> Sign | None:
    """Of an unbalanced set everything may be called the larger class and still be ranked well: that is no collapse."""
    calls = np.concatenate([seen.sample.values, seen.validation.values]).argmax(axis=1)
    if np.unique(calls).size > 1 or seen.ranks:
        return None
    auc = auc_of(seen.sample.finding, seen.sample.positive)
    return Sign(
        "one class",
        f"epoch {seen.epoch}: every image is called {seen.validation.classes[int(calls[0])]}, and the ranking is no "
        f"better than chance (AUC {auc:.2f} on training images): too few epochs, a learning_rate that does not suit, "
        "classes out of balance ([balance]), or nothing to learn from",
        seen.epoch,
    )


def _flat(seen: Seen) -> Sign | None:
    loss, before = cross_entropy(seen.sample), seen.loss_before
    if before is None or abs(loss - before) > UNMOVED * loss or loss < _loss_of_guessing(seen.sample) or seen.ranks:
        return None
    return Sign(
        "flat",
        f"epoch {seen.epoch}: the loss stands still at {loss:.3f}, no better than guessing: the learning_rate is too "
        "low, or what trains is cut off from the answer",
        seen.epoch,
    )


def _gap(seen: Seen) -> Sign | None:
    """Between the same images at the same weights: the sample is of all classes alike, the epoch of its own mix."""
    labels = seen.sample.labels
    right = seen.sample.values.argmax(axis=1) == labels
    accuracy = sum(share * right[labels == label].mean() for label, share in enumerate(seen.shares) if share)
    least = max(GAP, 3 * float(np.sqrt(0.25 / len(seen.sample.rows))))
    if not seen.adapts or seen.training_accuracy - accuracy <= least:
        return None
    return Sign(
        "gap",
        f"epoch {seen.epoch}: accuracy {seen.training_accuracy:.2f} in training, {accuracy:.2f} on the same images "
        f"afterwards: {LAG}",
        seen.epoch,
    )


def better_than_chance(finding: NDArray[np.float64], positive: NDArray[np.bool_]) -> bool:
    """By more than a standard deviation of Mann and Whitney's statistic: enough to have learned something."""
    cases = int(positive.sum())
    others = positive.size - cases
    if not cases or not others:
        return False
    deviation = np.sqrt((positive.size + 1) / (12 * cases * others))
    return bool(auc_of(finding, positive) > 0.5 + deviation)


def cross_entropy(scores: Scores, least: float = 1e-7) -> float:
    chosen = scores.values[np.arange(len(scores.rows)), scores.labels]
    return float(-np.log(np.maximum(chosen, least)).mean())


def _loss_of_guessing(scores: Scores) -> float:
    """What the frequencies of the classes alone would give; a little less, so that a step away from it counts."""
    shares = np.bincount(scores.labels, minlength=len(scores.classes)) / len(scores.rows)
    shares = shares[shares > 0]
    return 0.98 * float(-(shares * np.log(shares)).sum())


def said(signs: Sequence[Sign]) -> str:
    return "; ".join(sign.words for sign in signs)

"""What every epoch gave: the row of history.csv, and the same as TensorBoard's curves."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median

from tflite_mammo.evaluation.ranked import auc_of
from tflite_mammo.files import whole_file
from tflite_mammo.scores import Scores
from tflite_mammo.training.watch import cross_entropy

HALF = 0.5


@dataclass(frozen=True)
class Epoch:
    """Training figures are the epoch's own average: augmented images, dropout, weights that change as it goes."""

    epoch: int
    stage: int
    learning_rate: float
    """At its end."""
    loss: float
    accuracy: float
    precision: float
    """Of the finding, called from .5 on, as recall."""
    recall: float
    val_loss: float
    val_accuracy: float
    val_precision: float
    val_recall: float
    val_auc: float
    seconds: float
    """Of the training alone."""
    images_per_second: float


def validation_figures(scores: Scores) -> dict[str, float]:
    """The columns of the validation part."""
    positive = scores.positive
    called = scores.finding >= HALF
    found = int((called & positive).sum())
    return {
        "val_loss": cross_entropy(scores),
        "val_accuracy": float((scores.values.argmax(axis=1) == scores.labels).mean()),
        "val_precision": found / max(int(called.sum()), 1),
        "val_recall": found / max(int(positive.sum()), 1),
        "val_auc": auc_of(scores.finding, positive),
    }


def median_rate(history: Sequence[Epoch]) -> float:
    """Of the training steps alone; the median epoch's, since the first one also holds what is compiled."""
    return median(epoch.images_per_second for epoch in history) if history else 0.0


def write_history(history: Sequence[Epoch], path: Path) -> None:
    with whole_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, [field.name for field in fields(Epoch)])
        table.writeheader()
        # Six digits: what was computed in float32 has no more.
        table.writerows({name: f"{value:.6g}" for name, value in asdict(epoch).items()} for epoch in history)


class TensorBoard:
    """Curves under `folder` for TensorBoard; what an earlier try drew is drawn again, so that nothing stands twice."""

    def __init__(self, folder: Path, history: Sequence[Epoch]) -> None:
        from tensorboardX import SummaryWriter

        for old in folder.glob("events.*"):
            old.unlink()
        self._writer = SummaryWriter(str(folder))
        for epoch in history:
            self.add(epoch)

    def add(self, epoch: Epoch) -> None:
        for name, value in asdict(epoch).items():
            if name not in ("epoch", "stage"):
                part = "validation" if name.startswith("val_") else "training"
                self._writer.add_scalar(f"{name.removeprefix('val_')}/{part}", value, epoch.epoch)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()

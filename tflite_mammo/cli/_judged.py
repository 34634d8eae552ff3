"""What can be judged: a run, a .tflite file or a scores.csv. Opened once, asked for its scores of any data."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tflite_mammo.cli._shared import data_for, data_of, start_keras
from tflite_mammo.errors import MammoError
from tflite_mammo.files import is_table

if TYPE_CHECKING:
    import keras

    from tflite_mammo.bundle import ModelCard
    from tflite_mammo.data.dataset import Dataset
    from tflite_mammo.predict import Classifier
    from tflite_mammo.scores import Scaling, Scores, Threshold
    from tflite_mammo.training.run import Run

Looked = tuple["Dataset | None", "Scores", str]
"""What was looked at, what was said of it, and what a reader must know of it."""


@dataclass(frozen=True)
class JudgedRun:
    run: "Run"

    @property
    def threshold(self) -> "Threshold":
        return self.run.evaluation.threshold

    @property
    def scaling(self) -> "Scaling":
        return self.run.evaluation.scaling

    @property
    def mammograms(self) -> bool:
        from tflite_mammo.data.adapters import shows_mammograms

        return shows_mammograms(self.run.data.adapter)

    @property
    def trained_on(self) -> str:
        """The fingerprint of the data."""
        return self.run.data.fingerprint

    @property
    def classes(self) -> tuple[str, ...]:
        return self.run.data.classes

    @cached_property
    def model(self) -> "keras.Model":
        start_keras()
        return self.run.model()

    def on(self, data: Path | None, split: str, fold: int | None) -> Looked:
        """Of the data that is given, or that it was trained on."""
        dataset = data_of(self.run, data, fold)
        dataset.expect_spec(self.run.data.spec, str(self.run.folder))
        dataset.expect_classes(self.classes, str(self.run.folder))
        part, model = dataset.part(split), self.model
        from tflite_mammo.training.scoring import keras_scores

        return dataset, keras_scores(model, dataset, part), _note(dataset, self.trained_on)


@dataclass(frozen=True)
class JudgedFile:
    path: Path
    classifier: "Classifier"

    @property
    def card(self) -> "ModelCard":
        return self.classifier.bundle.card

    @property
    def threshold(self) -> "Threshold":
        return self.card.threshold

    @property
    def scaling(self) -> "Scaling":
        return self.card.scaling

    @property
    def mammograms(self) -> bool:
        return self.card.mammograms

    @property
    def trained_on(self) -> str:
        return self.card.data

    @property
    def classes(self) -> tuple[str, ...]:
        return self.card.classes

    def on(self, data: Path | None, split: str, fold: int | None) -> Looked:
        if data is None:
            raise MammoError("--data is needed to judge a .tflite file; pass a folder from `tflite-mammo prepare`")
        dataset = data_for(self.path, self.trained_on, self.card.fold, data, fold)
        dataset.expect_spec(self.card.spec, str(self.path))
        dataset.expect_classes(self.classes, str(self.path))
        part = dataset.part(split)
        scores = dataset.scores(part, self.classifier.scores(dataset.tensors(part)))
        return dataset, scores, _note(dataset, self.trained_on)


@dataclass(frozen=True)
class JudgedTable:
    path: Path
    table: "Scores"
    mammograms: bool = True
    """A table does not say what it shows; it is taken to be mammograms."""

    threshold: None = None

    @property
    def scaling(self) -> "Scaling":
        from tflite_mammo.scores import AS_TRAINED

        return AS_TRAINED

    def on(self, data: Path | None, split: str, fold: int | None) -> Looked:
        """The data is of use for its pictures alone."""
        from tflite_mammo.data.dataset import Dataset

        dataset = Dataset(data, fold) if data else None
        try:
            scores = self.table.of_split(split)
        except MammoError as error:
            raise MammoError(f"{self.path}: {str(error).removeprefix('scores: ')}") from None
        return dataset, scores, "; ".join(self._notes(scores, split))

    def _notes(self, scores: "Scores", split: str) -> "Iterator[str]":
        """What a table alone can get wrong."""
        elsewhere = {row.patient for row in self.table.rows if row.split != split} - {""}
        shared = set(scores.patients) & elsewhere
        if shared:
            yield f"A LEAK: {len(shared)} patients of this part are in another part of the table too"
        grave = [name for name in scores.classes[:-1] if name.lower() in ("malignant", "cancer")]
        if grave:
            yield f"the finding is taken to be '{scores.classes[-1]}', the last score column, and not '{grave[0]}'"


Judged = JudgedRun | JudgedFile | JudgedTable


def opened(path: Path) -> Judged:
    if path.is_dir():
        from tflite_mammo.training.run import Run

        return JudgedRun(Run(path))
    if is_table(path):
        from tflite_mammo.scores import read_scores

        return JudgedTable(path, read_scores(path))
    if path.suffix.lower() in (".xlsx", ".xls", ".ods", ".tsv", ".txt"):
        raise MammoError(f"{path}: expected a run, a .tflite file or a table of scores; save the table as .csv")
    from tflite_mammo.predict import Classifier

    return JudgedFile(path, Classifier(path, threads=2))


def threshold_of_table(judged: JudgedTable, given: str | None, flag: str = "--threshold") -> "Threshold":
    """A number as it is; a rule is followed on the table's validation part."""
    from tflite_mammo.evaluation.threshold import given_threshold, lock_threshold, rule_of

    value = number_in(given)
    if value is not None:
        if not math.isfinite(value):
            raise MammoError(f"{flag} {given}: expected a number or a rule")
        return given_threshold(value)
    try:
        rule = rule_of("youden" if given is None else given)
    except ValueError as error:
        raise MammoError(f"{flag}: {error}, or a number") from None
    if not any(row.split == "validation" for row in judged.table.rows):
        raise MammoError(
            f"{judged.path} has no row of split 'validation' to lock a threshold on; pass the number with {flag}"
        )
    return lock_threshold(judged.table.of_split("validation"), rule, "validation part of the table")


def number_in(given: str | None) -> float | None:
    try:
        return None if given is None else float(given)
    except ValueError:
        return None


def _note(dataset: "Dataset", trained_on: str) -> str:
    if dataset.info.fingerprint == trained_on:
        return ""
    return (
        f"judged on {dataset.info.source}, data {dataset.info.fingerprint[:12]}, not on the data of the training "
        f"({trained_on[:12]}); where it is of the same collection, these patients may have been trained on"
    )

"""A Run: the folder that holds everything needed to repeat a training and to judge what came of it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tflite_mammo.auditing.report import AuditRecord
from tflite_mammo.data.dataset import DatasetInfo
from tflite_mammo.errors import MammoError, first_line
from tflite_mammo.evaluation.evaluate import Evaluation
from tflite_mammo.files import read_table
from tflite_mammo.schema import read_json, read_toml
from tflite_mammo.scores import Scores, read_scores
from tflite_mammo.training.recipe import Recipe
from tflite_mammo.training.unfinished import COLLAPSE

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Environment:
    """What environment.json holds: with what, on what and for how long it was trained."""

    recipe: str
    seed: int
    tflite_mammo: str
    python: str
    keras: str
    backend: str
    backend_version: str
    numpy: str
    machine: str
    devices: tuple[str, ...]
    started: str
    minutes: float
    images_per_second: float
    """Of the training steps alone, in the median epoch."""
    parameters: int
    data: str
    """Fingerprint of the prepared images and manifest."""
    fold: int
    """Which of the data's folds; 0 where it has one split."""
    data_folder: str
    """Where they lay; for finding them again on this machine, never copied into a card."""


class Run:
    """An opened run folder. Everything is read when asked for."""

    FILES = (
        "recipe.toml",
        "audit.json",
        "model.keras",
        "data.json",
        "environment.json",
        "evaluation.json",
        "scores.csv",
        "history.csv",
    )

    def __init__(self, folder: Path) -> None:
        if (folder / COLLAPSE).is_file():
            raise MammoError(f"{folder} holds a training that collapsed, which has no verdict; see its {COLLAPSE}")
        missing = [name for name in self.FILES if not (folder / name).is_file()]
        if missing:
            raise MammoError(f"{folder}: no {missing[0]}; expected a folder that `tflite-mammo train` wrote")
        self.folder = folder

    @cached_property
    def data(self) -> DatasetInfo:
        """What the training data said of itself: classes, preprocessing, source, fingerprint."""
        return read_json(DatasetInfo, self.folder / "data.json")

    @cached_property
    def audit(self) -> AuditRecord:
        """What the audit of the training data found."""
        return read_json(AuditRecord, self.folder / "audit.json")

    @cached_property
    def environment(self) -> Environment:
        return read_json(Environment, self.folder / "environment.json")

    @cached_property
    def recipe(self) -> Recipe:
        return read_run_recipe(self.folder, self.environment.recipe)

    @cached_property
    def evaluation(self) -> Evaluation:
        """Of the test part, at the threshold locked on the validation part."""
        try:
            return read_json(Evaluation, self.folder / "evaluation.json")
        except MammoError as error:
            raise MammoError(f"{error}; if the run is of another version, train it again with this one") from error

    @cached_property
    def scores(self) -> Scores:
        """Of the validation and test parts."""
        return read_scores(self.folder / "scores.csv")

    @cached_property
    def history(self) -> list[dict[str, float]]:
        """One row per epoch: loss, accuracy, and both on the validation part."""
        return read_history(self.folder / "history.csv")

    def model(self) -> "keras.Model":
        import keras

        try:
            return keras.saving.load_model(self.folder / "model.keras", compile=False)
        except Exception as error:  # Keras raises ValueError, TypeError, OSError and zipfile's own on a broken archive
            raise MammoError(
                f"{self.folder}/model.keras cannot be loaded ({first_line(error)}); train it again"
            ) from error


def read_run_recipe(folder: Path, name: str) -> Recipe:
    """The resolved one that the folder holds, which may be of a run that is not whole."""
    return read_toml(Recipe, folder / "recipe.toml", name=name)


def read_history(path: Path) -> list[dict[str, float]]:
    _, lines = read_table(path)
    if not lines:
        raise MammoError(f"{path}: no epoch; train it again")
    try:
        return [{name: float(value) for name, value in row.items()} for _, row in lines]
    except (TypeError, ValueError):
        raise MammoError(f"{path}: a cell is no number; train it again") from None

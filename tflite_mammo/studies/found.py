"""A folder to every run below it, finished or not: one row each, from the files alone."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.figure import NO_FIGURE, Figure
from tflite_mammo.files import is_held
from tflite_mammo.training.run import Run, read_history
from tflite_mammo.training.unfinished import is_collapsed, is_partial, read_collapse

OK = "ok"
LEAK = "LEAK ACCEPTED"
SIGNS = frozenset({"recipe.toml", "model.keras", "environment.json"})
"""A folder that holds one of these is meant to be a run."""


@dataclass(frozen=True)
class FoundRun:
    run: str
    """Its path from where was looked."""
    state: str
    recipe: str = ""
    seed: int | None = None
    fold: int = 0
    epochs: int = 0
    auc: Figure = NO_FIGURE
    accuracy: Figure = NO_FIGURE
    minutes: float | None = None
    images_per_second: float | None = None
    data: str = ""
    damaged: bool = False


def find_runs(folder: Path) -> list[FoundRun]:
    """By recipe, then fold and seed; those without a recipe's name, which have not come to their end, last."""
    if not folder.is_dir():
        raise MammoError(f"{folder}: no such folder")
    rows = [_row(path, path.relative_to(folder).as_posix()) for path in _candidates(folder)]
    return sorted(rows, key=lambda row: (not row.recipe, row.damaged, row.recipe, row.fold, row.seed or 0, row.run))


def state_of(run: Run) -> str:
    return LEAK if run.audit.accepted else OK


def _candidates(folder: Path) -> Iterator[Path]:
    """A run's own folders and hidden ones hold no further runs."""
    for place, below, names in os.walk(folder):
        path = Path(place)
        if is_partial(path) or is_collapsed(path) or SIGNS & set(names):
            yield path
            below.clear()
        below[:] = sorted(name for name in below if not name.startswith(".") or is_partial(path / name))


def _row(folder: Path, name: str) -> FoundRun:
    try:
        if is_partial(folder):
            return _stopped(folder, name)
        if is_collapsed(folder):
            collapse = read_collapse(folder)
            return FoundRun(name, f"collapsed at epoch {collapse.epoch}: {collapse.sign}", epochs=collapse.epoch)
        return _finished(Run(folder), name)
    except (MammoError, OSError, ValueError, KeyError, IndexError) as error:
        words = str(error).removeprefix(f"{folder}/").removeprefix(f"{folder}: ")
        return FoundRun(name, f"damaged: {words}", damaged=True)


def _stopped(folder: Path, name: str) -> FoundRun:
    history = folder / "history.csv"
    epochs = len(read_history(history)) if history.is_file() else 0
    doing = "training now" if is_held(folder) else "stopped"
    return FoundRun(name, f"{doing} at epoch {epochs}" if epochs else doing, epochs=epochs)


def _finished(run: Run, name: str) -> FoundRun:
    environment, figures = run.environment, run.evaluation.figures
    return FoundRun(
        run=name,
        state=state_of(run),
        recipe=environment.recipe,
        seed=environment.seed,
        fold=environment.fold,
        epochs=len(run.history),
        auc=figures["auc"],
        accuracy=figures["accuracy"],
        minutes=environment.minutes,
        images_per_second=environment.images_per_second,
        data=environment.data,
    )

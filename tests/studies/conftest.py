"""A small study, and runs that are copies of the session's: what a study makes of runs needs no training."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tflite_mammo.studies.study import Reported, Study
from tflite_mammo.training.recipe import recipe_toml
from tflite_mammo.training.run import Run

CopyRun = Callable[..., Run]


@pytest.fixture
def study() -> Study:
    reported = {"small-cnn": Reported(accuracy=0.72, accuracy_sd=0.02, val_loss=0.4, note="on other images")}
    return Study("two", "Two networks", "A source", "tflite-mammo prepare IN OUT", ("small-cnn",), (0, 1), reported)


@pytest.fixture
def copy_run(run: Run) -> CopyRun:
    """The session's run as if it had been trained under another name and seed."""

    def copied(folder: Path, *, recipe: str = "small-cnn", seed: int = 0, **environment: object) -> Run:
        shutil.copytree(run.folder, folder, ignore=shutil.ignore_patterns("models"))
        told = json.loads((folder / "environment.json").read_text()) | {"recipe": recipe, "seed": seed} | environment
        (folder / "environment.json").write_text(json.dumps(told))
        (folder / "recipe.toml").write_text(recipe_toml(replace(run.recipe, seed=seed)))
        return Run(folder)

    return copied

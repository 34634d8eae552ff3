"""Small collections that many tests share: drawn once a session, read by whoever needs them, changed by none."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.phantoms import PhantomSet, write_phantoms
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.preprocess import PreprocessSpec

if TYPE_CHECKING:
    from tflite_mammo.conversion.convert import Converted
    from tflite_mammo.training.run import Run

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="session")
def phantom_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `tflite-mammo phantoms` wrote: 24 patients, as many malignant as benign lesions."""
    folder = tmp_path_factory.mktemp("session") / "phantoms"
    write_phantoms(folder, PhantomSet(patients=24, seed=5, size_px=96, format="png", malignant_share=0.5), workers=1)
    return folder


@pytest.fixture(scope="session")
def prepared(phantom_folder: Path) -> Dataset:
    """The phantoms' benign and malignant images at 64x64, split 60/20/20; every part holds both classes."""
    manifest = read_collection(phantom_folder, "phantoms", AdapterOptions()).only(("benign", "malignant"))
    plan = PreparePlan("phantoms", PreprocessSpec(height=64, width=64), (0.6, 0.2, 0.2))
    return prepare(manifest, phantom_folder.parent / "prepared", plan, workers=1)


@pytest.fixture(scope="session")
def run(prepared: Dataset, tmp_path_factory: pytest.TempPathFactory) -> "Run":
    """The small CNN, trained on the prepared phantoms for three epochs."""
    from tflite_mammo.training.recipe import read_recipe
    from tflite_mammo.training.train import train

    return train(read_recipe("small-cnn"), prepared, tmp_path_factory.mktemp("session") / "run")


@pytest.fixture(scope="session")
def converted(run: "Run", prepared: Dataset) -> "dict[str, Converted]":
    """That run in every shipped preset, by the preset's name; a verdict beyond the budget does not matter here."""
    from tflite_mammo.conversion.convert import convert
    from tflite_mammo.conversion.preset import read_preset
    from tflite_mammo.declared import names_of

    targets = [(read_preset(name), run.folder / "models" / f"{name}.tflite") for name in names_of("presets")]
    return {done.bundle.card.quantisation: done for done in convert(run, prepared, targets)}

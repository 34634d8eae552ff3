"""What the suites share: phantoms on disk and prepared, and one int8 model of the smallest network."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


RESULTS = Path(__file__).parent / "results"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--keep", action="store_true", help="write the figures that documents quote to results/")


@pytest.fixture
def keep(request: pytest.FixtureRequest) -> Callable[[str, dict[str, Any]], None]:
    """Adds figures to results/NAME.json, if --keep says so."""

    def add(name: str, figures: dict[str, Any]) -> None:
        path = RESULTS / f"{name}.json"
        if request.config.getoption("--keep"):
            known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
            path.write_text(json.dumps({**known, **figures}, indent=2) + "\n", encoding="utf-8")

    return add


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 patients at 512 px: enough for a split that holds both classes everywhere."""
    from tflite_mammo.data.phantoms import PhantomSet, write_phantoms

    folder = tmp_path_factory.mktemp("bench") / "phantoms"
    write_phantoms(folder, PhantomSet(60, 1, 512, "jpg"))
    return folder


@pytest.fixture(scope="session")
def model(phantoms: Path) -> Path:
    """A real int8 bundle at 224 px; how well it decides does not matter to a clock."""
    from tflite_mammo.conversion.convert import convert
    from tflite_mammo.conversion.preset import read_preset
    from tflite_mammo.data.adapters import AdapterOptions, read_collection
    from tflite_mammo.data.prepare import PreparePlan, prepare
    from tflite_mammo.preprocess import PreprocessSpec
    from tflite_mammo.training.recipe import read_recipe, with_changes
    from tflite_mammo.training.train import train

    manifest = read_collection(phantoms, "phantoms", AdapterOptions()).only(("benign", "malignant"))
    data = prepare(manifest, phantoms.parent / "data", PreparePlan("phantoms", PreprocessSpec(), (0.6, 0.2, 0.2)))
    recipe = with_changes(read_recipe("small-cnn"), weights=None, epochs=1, seed=0)
    run = train(recipe, data, phantoms.parent / "run")
    (done,) = convert(run, data, [(read_preset("int8"), phantoms.parent / "model.tflite")])
    return done.bundle.path


@pytest.fixture(scope="session")
def small_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2,500 JPEG files in two class folders, already at 224 px."""
    from drawn import collection

    return collection(tmp_path_factory.mktemp("small"), "jpg", 2500, size=(224, 224))


@pytest.fixture(scope="session")
def prepared(small_files: Path) -> Path:
    """Those prepared: 2,000 images of 224 px to train on, 250 to validate, as many of one class as of the other."""
    from tflite_mammo.data.adapters import AdapterOptions, read_collection
    from tflite_mammo.data.prepare import PreparePlan, prepare
    from tflite_mammo.preprocess import PreprocessSpec

    manifest = read_collection(small_files, "folder", AdapterOptions(patient="file"))
    plan = PreparePlan("folder", PreprocessSpec(), (0.8, 0.1, 0.1))
    return prepare(manifest, small_files.parent / "data", plan).folder

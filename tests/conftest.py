"""Small collections that many tests share: drawn once a session, read by whoever needs them, changed by none."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.phantoms import PhantomSet, write_phantoms
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.preprocess import PreprocessSpec

if TYPE_CHECKING:
    from tflite_mammo.conversion.convert import Converted
    from tflite_mammo.training.run import Run

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

OnJax = Callable[..., subprocess.CompletedProcess[str]]
# Everything that is drawn at random or remembered from step to step.
RECIPE_ON_JAX = """
backbone = "small-cnn"
weights = "random"
batch_norm = "adapt"
batch_size = 8
keep = "last"

[head]
dense = [16]
dropout = 0.3

[[stages]]
epochs = 3
optimizer = "sgd"
momentum = 0.9
learning_rate = 5e-2
layer_decay = 1.0

[stages.schedule]
kind = "cosine"
warmup_epochs = 1

[augment]
flip = "both"
rotation_degrees = 20
zoom = 0.2
shift = 0.1
brightness = 0.2
contrast = 0.2
noise = 0.05
erase = 0.3
"""


@pytest.fixture(scope="session")
def phantom_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `tflite-mammo phantoms` wrote: 24 patients, as many malignant as benign lesions."""
    folder = tmp_path_factory.mktemp("session") / "phantoms"
    write_phantoms(folder, PhantomSet(patients=24, seed=5, size_px=96, format="png", malignant_share=0.5), workers=1)
    return folder


@pytest.fixture(scope="session")
def other_phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another collection, of women who stand in no other."""
    folder = tmp_path_factory.mktemp("session") / "others"
    write_phantoms(folder, PhantomSet(patients=12, seed=6, size_px=96, format="png", malignant_share=0.5), workers=1)
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
    pytest.importorskip("tensorflow", reason="converting needs the extra train")
    from tflite_mammo.conversion.convert import convert
    from tflite_mammo.conversion.preset import read_preset
    from tflite_mammo.declared import names_of

    targets = [(read_preset(name), run.folder / "models" / f"{name}.tflite") for name in names_of("presets")]
    return {done.bundle.card.quantisation: done for done in convert(run, prepared, targets)}


@pytest.fixture(scope="session")
def on_jax(tmp_path_factory: pytest.TempPathFactory) -> OnJax:
    """A Python of its own whose Keras computes with JAX, on so many virtual devices; given a program or arguments."""
    if find_spec("jax") is None:
        pytest.skip("needs the extra jax")
    # What one process compiled is not compiled again by the next: most of the time of a small training.
    compiled = {
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path_factory.mktemp("compiled")),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }

    def run(*arguments: object, devices: int = 1) -> subprocess.CompletedProcess[str]:
        flags = f"--xla_force_host_platform_device_count={devices} --xla_backend_optimization_level=0"
        shown = {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}
        # Fewer threads than devices, and their first exchange waits for ever.
        environment = {**os.environ, **compiled, **shown, "KERAS_BACKEND": "jax", "NPROC": "8"}
        command = [sys.executable, *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Noise of two strengths: even a few steps of a small network tell the classes apart, so that no run collapses."""
    folder, rng = tmp_path_factory.mktemp("telling"), np.random.default_rng(0)
    for label, strength in (("benign", 20), ("malignant", 100)):
        (folder / "images" / label).mkdir(parents=True)
        for number in range(30):
            pixels = rng.integers(128 - strength, 128 + strength, (32, 32)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / "images" / label / f"{label}{number}.png")
    manifest = read_collection(folder / "images", "folder", AdapterOptions(patient="file"))
    plan = PreparePlan("folder", PreprocessSpec(height=32, width=32, crop="none", polarity="keep"), (0.6, 0.2, 0.2))
    return prepare(manifest, folder / "data", plan, workers=1)


@pytest.fixture(scope="session")
def run_on_jax(on_jax: OnJax, telling: Dataset, tmp_path_factory: pytest.TempPathFactory) -> "Run":
    """Trained by the command, on one device; its recipe lies beside it."""
    from tflite_mammo.training.run import Run

    folder = tmp_path_factory.mktemp("jax")
    (folder / "drawn.toml").write_text(RECIPE_ON_JAX)
    command = ("-m", "tflite_mammo", "train", "--recipe", folder / "drawn.toml", "--data", telling.folder)
    done = on_jax(*command, "--out", folder / "run")
    assert done.returncode == 0, done.stderr
    return Run(folder / "run")

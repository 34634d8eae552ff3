"""The commands with Keras on JAX: the same recipes, stopped and resumed as on TensorFlow."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from tflite_mammo.cli import _shared
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.training.run import Run

OnJax = Callable[..., subprocess.CompletedProcess[str]]
CLOCKS = {"seconds", "images_per_second"}
STOPPED = """
import os, signal, sys
from tflite_mammo.cli import main
from tflite_mammo.training import fit

own, steps = fit._Steps.on_train_batch_begin, []

def interrupted(self, batch, logs=None):
    own(self, batch, logs)
    steps.append(batch)
    if steps.count(0) == 2:
        os.kill(os.getpid(), signal.SIGINT)

fit._Steps.on_train_batch_begin = interrupted
main(sys.argv[1:])
"""


def _losses(run: Run) -> list[dict[str, float]]:
    return [{name: value for name, value in row.items() if name not in CLOCKS} for row in run.history]


def test_a_stopped_run_goes_on_to_the_history_and_weights_of_an_unbroken_one(
    on_jax: OnJax, run_on_jax: Run, telling: Dataset, tmp_path: Path
) -> None:
    recipe, out = run_on_jax.folder.with_name("drawn.toml"), tmp_path / "run"
    train = ("train", "--recipe", recipe, "--data", telling.folder, "--out", out)
    stopped = on_jax("-c", STOPPED, *train)
    assert "epoch 1 of 3 is kept; go on with --resume" in stopped.stderr, stopped.stderr
    done = on_jax("-m", "tflite_mammo", *train, "--resume")
    assert done.returncode == 0, done.stderr
    run = Run(out)
    assert _losses(run) == _losses(run_on_jax)
    for one, other in zip(run.model().get_weights(), run_on_jax.model().get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_is_kept_in_float32(
    on_jax: OnJax, run_on_jax: Run, telling: Dataset, tmp_path: Path, precision: str
) -> None:
    drawn, recipe = run_on_jax.folder.with_name("drawn.toml"), tmp_path / "plain.toml"
    recipe.write_text(drawn.read_text().partition("[augment]")[0])  # which takes longest to compile
    more = ("--out", tmp_path / "run", "--precision", precision)
    done = on_jax("-m", "tflite_mammo", "train", "--recipe", recipe, "--data", telling.folder, *more)
    assert done.returncode == 0, done.stderr
    run = Run(tmp_path / "run")
    assert run.recipe.precision == precision
    assert {layer.dtype_policy.name for layer in run.model().layers} == {"float32"}


def test_a_run_says_what_it_was_trained_with(run_on_jax: Run) -> None:
    environment = run_on_jax.environment
    assert (environment.backend, environment.devices) == ("jax", ("cpu:0",))
    assert environment.backend_version.count(".") >= 1


def test_evaluating_a_run_again_gives_the_same_verdict(on_jax: OnJax, run_on_jax: Run) -> None:
    done = on_jax("-m", "tflite_mammo", "evaluate", run_on_jax.folder, "--json")
    assert done.stdout == (run_on_jax.folder / "evaluation.json").read_text()


def test_jax_is_taken_where_there_is_no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr(_shared, "find_spec", lambda name: None if name == "tensorflow" else object())
    _shared.start_keras()
    assert _shared.os.environ["KERAS_BACKEND"] == "jax"


def test_tensorflow_is_taken_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr(_shared, "find_spec", lambda name: object())
    _shared.start_keras()
    assert "KERAS_BACKEND" not in _shared.os.environ


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="the tests run on another backend")
def test_nothing_brings_tensorflow_in(run: Run) -> None:
    assert run.environment.backend == "jax"
    assert "tensorflow" not in sys.modules

"""A run trained on JAX, here where Keras computes with TensorFlow: the same network, converted without a difference."""

from pathlib import Path

import keras
import numpy as np

from tflite_mammo.conversion.convert import convert
from tflite_mammo.conversion.preset import read_preset
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.training.run import Run
from tflite_mammo.training.scoring import keras_scores


def test_the_reloaded_network_gives_the_scores_it_gave_on_jax(run_on_jax: Run, telling: Dataset) -> None:
    assert (run_on_jax.environment.backend, keras.backend.backend()) == ("jax", "tensorflow")
    for part in ("validation", "test"):
        here = keras_scores(run_on_jax.model(), telling, telling.part(part))
        np.testing.assert_allclose(here.values, run_on_jax.scores.of_split(part).values, atol=1e-5)


def test_the_converted_file_gives_the_scores_of_the_run(run_on_jax: Run, telling: Dataset, tmp_path: Path) -> None:
    (done,) = convert(run_on_jax, telling, [(read_preset("float32"), tmp_path / "model.tflite")])
    np.testing.assert_allclose(done.scores.values, run_on_jax.scores.of_split("test").values, atol=1e-5)
    assert done.drift.label_flips == 0

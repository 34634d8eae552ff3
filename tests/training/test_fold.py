"""A Scaling in the last layer gives the scores that scaling gives, whatever the head."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tflite_mammo.evaluation.scaling import scaled
from tflite_mammo.scores import AS_TRAINED, Scaling, ScoreRow, Scores
from tflite_mammo.training.fold import fold
from tflite_mammo.training.network import assemble
from tflite_mammo.training.recipe import read_recipe
from tflite_mammo.training.tables import Head, Loss

if TYPE_CHECKING:
    import keras

SEED = 0
PIXELS = np.random.default_rng(0).integers(0, 256, (6, 64, 64, 1)).astype(np.float32)
SCALINGS = [Scaling("temperature", 0.4), Scaling("temperature", 3.0), Scaling("platt", 1.7, -0.6)]


def network(networks: Any, output: str, classes: int) -> "keras.Model":
    """With a bias in the last layer, and scores that are neither 0 nor 1."""
    loss = Loss("binary_crossentropy") if output == "sigmoid" else Loss()
    recipe = replace(read_recipe("small-cnn"), head=Head(output=output), loss=loss)  # type: ignore[arg-type]
    model = assemble(recipe, (64, 64, 1), classes).model
    networks.randomise(model, seed=SEED)
    layer = model.get_layer("logit" if output == "sigmoid" else "logits")
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel / np.abs(PIXELS).mean(), bias + np.linspace(-0.5, 0.5, bias.size + 1)[1:]])
    return model


def scores_of(model: "keras.Model") -> Scores:
    values = np.asarray(model(PIXELS))
    classes = ("normal", "benign", "malignant")[-values.shape[1] :]
    rows = tuple(ScoreRow(f"{i}.png", f"P{i}", "", "", "test", "malignant") for i in range(len(values)))
    return Scores(classes, rows, values)


@pytest.mark.parametrize(("output", "classes"), [("softmax", 2), ("softmax", 3), ("sigmoid", 2)])
def test_a_network_with_a_scaling_in_it_scores_as_if_scaled(output: str, classes: int, networks: Any) -> None:
    model = network(networks, output, classes)
    weights, before = model.get_weights(), scores_of(model)
    for scaling in SCALINGS:
        model.set_weights(weights)
        fold(model, scaling)
        np.testing.assert_allclose(scores_of(model).values, scaled(before, scaling).values, atol=1e-6)
        assert np.abs(scores_of(model).values - before.values).max() > 0.005


def test_no_scaling_leaves_every_weight(networks: Any) -> None:
    model = network(networks, "softmax", 2)
    before = model.get_weights()
    fold(model, AS_TRAINED)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)

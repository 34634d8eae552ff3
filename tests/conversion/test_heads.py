"""Every kind of head and normalisation converts: float32 to the same scores, int8 to nearly the same."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tflite_mammo.conversion.engines import quantise_exported
from tflite_mammo.conversion.export import export
from tflite_mammo.conversion.preset import read_preset
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.training.network import build_network, in_float32
from tflite_mammo.training.recipe import Recipe, read_recipe
from tflite_mammo.training.tables import Head, Loss

SMALL = read_recipe("small-cnn")
RECIPES = {
    "sigmoid": replace(SMALL, head=Head(dense=(8,), output="sigmoid"), loss=Loss("binary_crossentropy")),
    "by the training part": replace(SMALL, normalise="training"),
    "mixed precision": replace(SMALL, precision="mixed_float16"),
}


@pytest.mark.parametrize("name", RECIPES)
def test_what_a_recipe_may_say_of_its_ends_converts(name: str, prepared: Dataset, scores_of: Any) -> None:
    recipe: Recipe = RECIPES[name]
    network = in_float32(build_network(recipe, prepared), recipe, prepared).model
    images = [prepared.images[row] for row in prepared.part("train").rows[:8]]
    exported = export(network)
    expected = np.asarray(network(np.stack(images).astype(np.float32)))
    for preset, tolerance in (("float32", 1e-5), ("int8", 0.03)):
        converted, _ = quantise_exported(exported, read_preset(preset), images)
        np.testing.assert_allclose(scores_of(converted, images), expected, atol=tolerance)

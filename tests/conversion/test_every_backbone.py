"""Every backbone converts: float32 scores as the network's, int8 of a size near a quarter. Slow: run with -m slow.

How near int8's scores are, random networks do not tell: they make much of little errors. benchmarks/zoo.py tells it.
"""

from typing import Any

import keras
import numpy as np
import pytest

from tflite_mammo.conversion.engines import quantise_exported
from tflite_mammo.conversion.export import export
from tflite_mammo.conversion.preset import read_preset
from tflite_mammo.training.backbones import BACKBONES
from tflite_mammo.training.network import assemble
from tflite_mammo.training.recipe import Recipe
from tflite_mammo.training.tables import Stage


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_converts_to_float32_and_int8(name: Any, scores_of: Any) -> None:
    side = max(64, BACKBONES[name].least_px)
    recipe = Recipe("test", name, (Stage(1),), weights="random", batch_norm="adapt")
    network = assemble(recipe, (side, side, 1), 2).model
    blotches = np.random.default_rng(0).integers(0, 256, (32, 5, 5, 1), dtype=np.uint8)
    images = [blotch.repeat(side // 5 + 1, 0).repeat(side // 5 + 1, 1)[:side, :side] for blotch in blotches]
    expected = _settled(network, np.stack(images).astype(np.float32))
    exported = export(network)
    exact, small = (
        quantise_exported(exported, read_preset("float32"), [])[0],
        quantise_exported(exported, read_preset("int8"), images)[0],
    )
    np.testing.assert_allclose(scores_of(exact, images), expected, atol=2e-4)
    assert np.ptp(scores_of(small, images)[:, 1]) > 5e-3
    assert len(small) < 0.4 * len(exact) or name == "small-cnn"
    keras.backend.clear_session()


def _settled(network: keras.Model, pixels: np.ndarray) -> np.ndarray:
    """Its scores, once normalised by these pixels: as drawn, a deep network says 0 or 1 to whatever it sees."""
    for layer in network._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    network(pixels, training=True)
    scores = np.asarray(network(pixels))
    assert np.ptp(scores[:, 1]) > 5e-3
    return scores

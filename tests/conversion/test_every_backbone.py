"""Every backbone converts: float32 scores as the network's, int8 of a size near a quarter. Slow: run with -m slow."""

from typing import Any

import keras
import numpy as np
import pytest

from tflite_mammo.conversion.engines import quantise_exported
from tflite_mammo.conversion.export import export
from tflite_mammo.conversion.preset import read_preset
from tflite_mammo.errors import MammoError
from tflite_mammo.training.backbones import BACKBONES
from tflite_mammo.training.network import assemble
from tflite_mammo.training.recipe import Recipe
from tflite_mammo.training.tables import Stage


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in BACKBONES if name != "wide-resnet50"])
def test_every_backbone_converts_to_float32_and_int8(name: Any, scores_of: Any) -> None:
    side = max(64, BACKBONES[name].least_px)
    recipe = Recipe("test", name, (Stage(1),), weights="random", batch_norm="adapt")
    network = assemble(recipe, (side, side, 1), 2).model
    images = list(np.random.default_rng(0).integers(0, 256, (4, side, side, 1), dtype=np.uint8))
    exported = export(network)
    expected = np.asarray(network(np.stack(images).astype(np.float32)))
    exact, small = (
        quantise_exported(exported, read_preset("float32"), [])[0],
        quantise_exported(exported, read_preset("int8"), images)[0],
    )
    np.testing.assert_allclose(scores_of(exact, images), expected, atol=1e-4)
    np.testing.assert_allclose(scores_of(small, images), expected, atol=0.1)
    assert len(small) < 0.4 * len(exact) or name == "small-cnn"
    keras.backend.clear_session()


@pytest.mark.slow
def test_a_network_beyond_the_quantiser_is_one_clean_line() -> None:
    """Its convolutions of 1,024 to 1,024 channels; float16 takes them."""
    recipe = Recipe("test", "wide-resnet50", (Stage(1),), weights="random", batch_norm="adapt")
    exported = export(assemble(recipe, (64, 64, 1), 2).model)
    images = [np.zeros((64, 64, 1), np.uint8)]
    with pytest.raises(
        MammoError, match=r"litert-quantizer cannot quantise CONV_2D of layer layer4_0_conv2 .*; convert it"
    ):
        quantise_exported(exported, read_preset("int8"), images)
    assert quantise_exported(exported, read_preset("float16"), [])[0]

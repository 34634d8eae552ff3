"""Every backbone: its smallest side, where its blocks start, what its network takes and gives."""

from pathlib import Path
from typing import Any, get_args

import keras
import numpy as np
import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.training.backbones import BACKBONES
from tflite_mammo.training.network import assemble
from tflite_mammo.training.recipe import BackboneName, Recipe
from tflite_mammo.training.tables import Stage

BLOCKS = {
    "small-cnn": 2,
    "resnet50": 16,
    "inceptionv3": 11,
    "mobilenetv2": 17,
    "mobilenetv3-small": 11,
    "mobilenetv3-large": 15,
    "efficientnetb0": 16,
    "resnet18": 8,
    "resnext50": 16,
    "wide-resnet50": 16,
    "efficientnet-lite0": 16,
    "efficientnet-lite1": 21,
    "efficientnet-lite2": 21,
}
PARAMETERS = {
    "resnet18": 11_689_512 - 513_000,
    "resnext50": 25_028_904 - 2_049_000,
    "wide-resnet50": 68_883_240 - 2_049_000,
    "efficientnet-lite0": 4_652_008 - 1_281_000,
    "efficientnet-lite1": 5_416_680 - 1_281_000,
    "efficientnet-lite2": 6_092_072 - 1_281_000,
}
"""As published for the whole network, less the classifier of 1000 classes."""


def _built(name: str) -> keras.Model:
    side = BACKBONES[name].least_px
    return BACKBONES[name].build((side, side, 3))


def test_a_recipe_names_exactly_the_backbones_there_are() -> None:
    assert set(get_args(BackboneName)) == set(BACKBONES)


@pytest.mark.parametrize("name", BACKBONES)
def test_blocks_start_behind_the_input_and_each_holds_a_convolution(name: str) -> None:
    base = _built(name)
    starts = BACKBONES[name].blocks(base)
    assert len(starts) == BLOCKS[name]
    assert starts[0] > 0
    for start, end in zip(starts, [*starts[1:], len(base.layers)], strict=True):
        assert any(isinstance(layer, keras.layers.Conv2D) for layer in base.layers[start:end])


@pytest.mark.parametrize("name", [name for name in BACKBONES if name not in ("small-cnn", "inceptionv3")])
def test_every_block_starts_right_after_the_last_layer_of_the_one_before(name: str) -> None:
    base = _built(name)
    for start in BACKBONES[name].blocks(base):
        # Everything that a block computes comes from this one layer: nothing is fed past it into the block.
        before = {layer.name for layer in base.layers[:start]}
        feeding = {
            tensor._keras_history.operation.name
            for layer in base.layers[start:]
            for node in layer._inbound_nodes
            for tensor in node.input_tensors
            if tensor._keras_history.operation.name in before
        }
        assert feeding == {base.layers[start - 1].name}


def test_the_last_two_blocks_of_inceptionv3_start_at_layer_249() -> None:
    base = _built("inceptionv3")
    starts = BACKBONES["inceptionv3"].blocks(base)
    assert starts[-2] == 249
    assert base.layers[248].name == "mixed8"


@pytest.mark.parametrize(("name", "parameters"), PARAMETERS.items())
def test_networks_written_here_have_as_many_parameters_as_published(name: str, parameters: int) -> None:
    assert sum(np.prod(weight.shape) for weight in _built(name).trainable_weights) == parameters


@pytest.mark.parametrize(("name", "side"), [("small-cnn", 31), ("resnet18", 31), ("inceptionv3", 74)])
def test_images_too_small_for_a_network_are_refused(name: Any, side: int) -> None:
    recipe = Recipe("test", name, (Stage(1),), weights="random", batch_norm="adapt")
    with pytest.raises(MammoError, match=f"{name} needs at least {side + 1}x{side + 1}, prepare them larger"):
        assemble(recipe, (200, side, 1), 2)


def test_efficientnetb0_without_its_first_layers_is_saved_and_read_whole(tmp_path: Path, networks: Any) -> None:
    network = networks.of("efficientnetb0", "random", side=32)
    network.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    pixels = networks.pixels(32)
    np.testing.assert_allclose(again(pixels), network(pixels), atol=1e-6)
    assert not [layer for layer in network.layers[-4].layers if type(layer).__name__ in ("Rescaling", "Normalization")]


def test_grouped_convolutions_learn() -> None:
    base = BACKBONES["resnext50"].build((32, 32, 3))
    first = keras.Model(base.input, base.get_layer("layer1_0_out").output)  # all would take a CPU minutes
    model = keras.Sequential([first, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    kernel = base.get_layer("layer1_0_conv2").kernel
    before = np.array(kernel)
    rng = np.random.default_rng(0)
    model.fit(rng.normal(size=(2, 32, 32, 3)), rng.normal(size=(2, 1)), verbose=0)
    assert np.abs(np.asarray(kernel) - before).max() > 0

"""One channel instead of three equal ones: the same features on noise, borders included, or not done at all."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers

from tflite_mammo.conversion.grey_stem import on_one_channel
from tflite_mammo.training.backbones import BACKBONES
from tflite_mammo.training.network import Normalisation, assemble
from tflite_mammo.training.recipe import Recipe
from tflite_mammo.training.tables import Stage

UNLIKE = ("resnet50", "efficientnetb0", "resnet18", "resnext50", "wide-resnet50")
"""Normalised otherwise in each channel."""


def _network(name: str, side: int = 64, channels: int = 1, normalisation: Normalisation | None = None) -> keras.Model:
    keras.utils.set_random_seed(0)
    recipe = Recipe("test", name, (Stage(1),), weights="random", batch_norm="adapt")
    return assemble(recipe, (side, side, channels), 2, normalisation).model


def _expect_the_same_features(network: keras.Model, folded: keras.Model | None) -> None:
    assert folded is not None
    noise = np.random.default_rng(0).integers(0, 256, (3, *network.input_shape[1:])).astype(np.float32)
    expected = keras.Model(network.input, network.get_layer("pool").input).predict_on_batch(noise)
    assert expected.std() > 0
    np.testing.assert_allclose(folded.predict_on_batch(noise), expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("side", [64, 45])
def test_one_channel_gives_the_same_features_borders_included(side: int) -> None:
    network = _network("small-cnn", side, normalisation=Normalisation((0.02,) * 3, (-1.5,) * 3))
    folded = on_one_channel(network)
    _expect_the_same_features(network, folded)
    assert folded is not None
    assert folded.layers[-1].get_layer("conv1").kernel.shape[2] == 1


def test_the_trained_network_is_left_as_it_was() -> None:
    network = _network("small-cnn")
    before = network.get_weights()
    on_one_channel(network)
    assert all(np.array_equal(now, then) for now, then in zip(network.get_weights(), before, strict=True))
    assert network.get_layer("pool").input.shape == (None, 16 // 2, 16 // 2, 32)


@pytest.mark.parametrize(
    ("scale", "offset"),
    [((1.0, 1.0, 1.0), (-1.0, -1.0, -1.001)), ((1.0, 1.001, 1.0), (-1.0, -1.0, -1.0))],
)
def test_channels_that_are_normalised_otherwise_stay_three(scale: tuple, offset: tuple) -> None:
    assert on_one_channel(_network("small-cnn", normalisation=Normalisation(scale, offset))) is None


def test_colour_stays_colour() -> None:
    assert on_one_channel(_network("small-cnn", channels=3)) is None


def _with(stem: Callable[[keras.KerasTensor], keras.KerasTensor]) -> keras.Model:
    inputs = keras.Input((16, 16, 3))
    base = keras.Model(inputs, stem(inputs))
    pixels = keras.Input((16, 16, 1))
    x = layers.Rescaling(0.01, [-1.0] * 3)(layers.Concatenate()([pixels] * 3))
    return keras.Model(pixels, layers.GlobalAveragePooling2D(name="pool")(base(x)))


def test_zeros_padded_before_the_convolution_are_the_same_in_one_channel() -> None:
    network = _with(
        lambda x: layers.Conv2D(4, 3, strides=2, bias_initializer="ones")(layers.ZeroPadding2D(((0, 1), (2, 0)))(x))
    )
    _expect_the_same_features(network, on_one_channel(network))


STEMS = {
    "in groups": lambda x: layers.Conv2D(6, 3, groups=3)(x),
    "depthwise": lambda x: layers.DepthwiseConv2D(3)(x),
    "two readers": lambda x: layers.Concatenate()([layers.Conv2D(2, 3)(x), layers.Conv2D(2, 3)(x)]),
    "used again": lambda x: layers.Concatenate()([layers.Conv2D(2, 3, padding="same")(x), x]),
    "activated first": lambda x: layers.Conv2D(2, 3)(keras.ops.relu(x)),
    "not convolved": lambda x: x,
}


@pytest.mark.parametrize("name", STEMS)
def test_any_other_stem_is_left_alone(name: str) -> None:
    assert on_one_channel(_with(STEMS[name])) is None


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_is_narrowed_or_left_alone(name: str) -> None:
    network = _network(name, max(64, BACKBONES[name].least_px))
    if name in UNLIKE:
        assert on_one_channel(network) is None
    else:
        _expect_the_same_features(network, on_one_channel(network))
    keras.backend.clear_session()

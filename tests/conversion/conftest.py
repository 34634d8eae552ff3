"""Converted networks are run as the device runs them; small ones are drawn, with channels as unlike as trained ones."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from tflite_mammo.conversion.statistics import Statistics, observe
from tflite_mammo.preprocess import Bytes
from tflite_mammo.runtime import Runtime

ScoresOf = Callable[[bytes, Sequence[Bytes]], np.ndarray]
Body = Callable[[Any], Any]
SIDE = 16


@pytest.fixture
def scores_of(tmp_path: Path) -> ScoresOf:
    def scores(flatbuffer: bytes, images: Sequence[Bytes]) -> np.ndarray:
        path = tmp_path / "network.tflite"
        path.write_bytes(flatbuffer)
        runtime = Runtime(path)
        return np.stack([runtime.scores(image) for image in images])

    return scores


def _conv(filters: int, kernel: int = 1, **options: Any) -> layers.Layer:
    return layers.Conv2D(filters, kernel, **{"padding": "same", **options})


def _deep(**options: Any) -> layers.Layer:
    return layers.DepthwiseConv2D(3, **{"padding": "same", **options})


def _bottleneck(x: Any) -> Any:
    wide = _deep(activation="relu6")(_conv(12, activation="relu6")(x))
    return layers.Add()([x, _conv(6)(wide)])


def _bent(x: Any) -> Any:
    """By a swish, by a gate of its own channels, and put beside others."""
    x = _conv(8, 3, activation="silu")(_conv(8, 3, strides=2, activation="silu")(x))
    gate = _conv(8, activation="sigmoid")(_conv(4, activation="relu")(layers.GlobalAveragePooling2D(keepdims=True)(x)))
    beside = _conv(6, activation="relu")(x)
    return _conv(4)(layers.Concatenate()([_conv(3)(layers.Multiply()([x, gate])), beside, _conv(5)(beside)]))


def _uneven(x: Any) -> Any:
    """Weights that have no place for each channel: in groups, and two for each."""
    x = _conv(8, 3, groups=2)(_conv(8, 3, strides=2, activation="relu")(x))
    return _conv(4)(_deep(depth_multiplier=2)(x))


BODIES: dict[str, Body] = {
    "plain": lambda x: _conv(6, 3, activation="relu")(_conv(8, 3, strides=2, activation="relu")(x)),
    "linear": lambda x: _conv(5, 3, padding="valid")(_deep(strides=2)(_conv(8, 3, strides=(2, 3))(x))),
    "bottlenecks": lambda x: _conv(8, activation="relu6")(
        _bottleneck(_bottleneck(_conv(6)(_conv(8, 3, strides=2, activation="relu6")(x))))
    ),
    "unpadded": lambda x: _conv(4)(
        _deep(padding="valid")(_conv(8, 3, padding="valid")(_conv(6, 3, strides=2, padding="valid")(x)))
    ),
    "padded apart": lambda x: _conv(4)(
        layers.MaxPooling2D(2)(
            _deep(padding="valid")(layers.ZeroPadding2D(((0, 1), (2, 0)))(_conv(8, 3, strides=2)(x)))
        )
    ),
    "dense": lambda x: _conv(64, 3, strides=2, activation="relu")(x),
    "bent": _bent,
    "uneven": _uneven,
}
HIDDEN = {"dense": 48}
"""Units of a dense layer before the last."""
GAIN = {"bottlenecks": 3.0}
"""By how much its layers amplify: some channels reach their ceiling."""


def _sizes(channels: int) -> np.ndarray:
    """From a thirty-second to the whole."""
    return np.random.default_rng(channels).permutation(2.0 ** -np.linspace(0, 5, channels))


def _unlike(network: keras.Model, images: np.ndarray, gain: float) -> None:
    """Channels of unlike sizes that matter alike, as what reads them makes up for it; logits that spread."""
    rng = np.random.default_rng(0)
    for layer in (layer for layer in network.layers if layer.weights):
        kernel, bias = layer.get_weights()
        made = _sizes(bias.size)
        deep = isinstance(layer, layers.DepthwiseConv2D)
        made_as = made.reshape(kernel.shape[2:]) if deep else made
        layer.set_weights(
            [gain * kernel * made_as / _sizes(kernel.shape[-2])[:, None], rng.normal(0, 0.2, made.shape) * made]
        )
    last, logits = network.layers[-2], keras.Model(network.input, network.layers[-2].output).predict_on_batch(images)
    odds = logits[:, 1] - logits[:, 0]
    kernel, bias = last.get_weights()
    last.set_weights([kernel / odds.std(), (bias - [0, odds.mean()]) / odds.std()])


@pytest.fixture(scope="session")
def images() -> list[Bytes]:
    """Blots, some of them large, on noise."""
    rng = np.random.default_rng(0)
    coarse = np.kron(rng.integers(0, 200, (16, 4, 4, 1)), np.ones((1, SIDE // 4, SIDE // 4, 1)))
    return list((coarse + rng.integers(0, 40, coarse.shape)).astype(np.uint8))


@pytest.fixture(scope="session")
def float32_of(images: list[Bytes]) -> Callable[[str], bytes]:
    """The float32 file of a network of BODIES."""
    pytest.importorskip("tensorflow", reason="converting needs the extra train")
    from tflite_mammo.conversion.export import export

    @cache
    def exported(name: str) -> bytes:
        keras.utils.set_random_seed(1)
        pixels = keras.Input((SIDE, SIDE, 1))
        x = BODIES[name](layers.Rescaling(1 / 64, -2)(pixels))
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        x = layers.Dense(HIDDEN[name], activation="relu")(x) if name in HIDDEN else x
        scores = layers.Softmax(name="scores")(layers.Dense(2, name="logits")(x))
        network = keras.Model(pixels, scores)
        _unlike(network, np.stack(images).astype(np.float32), GAIN.get(name, 1.5))
        return export(network).float32

    return exported


@pytest.fixture(scope="session")
def observed(float32_of: Callable[[str], bytes], images: list[Bytes]) -> Callable[[str], Statistics]:
    """With moments, and new each time: whoever asks may change them."""
    return lambda name: observe(float32_of(name), images, moments=True)

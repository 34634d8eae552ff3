"""A trained network to what a device computes: one image's pixels in; its logits, and a map if asked for, out.

The softmax comes last and apart: behind an integer network a float one keeps its precision.
"""

import keras
import numpy as np

from tflite_mammo.conversion.ends import LOGITS
from tflite_mammo.conversion.grey_stem import on_one_channel
from tflite_mammo.errors import MammoError
from tflite_mammo.runtime import MAP, PIXELS, SCORES
from tflite_mammo.training.maps import Mapper
from tflite_mammo.training.network import OUTPUT


def device_network(network: keras.Model, *, cam: bool = False) -> keras.Model:
    """float32 pixels of a batch of one to its outputs by name."""
    features = _head(network).input
    pixels = keras.Input(batch_shape=(1, *network.input_shape[1:]), name=PIXELS)
    found = (on_one_channel(network) or keras.Model(network.input, features))(pixels)
    outputs = {LOGITS: keras.Model(features, network.get_layer(OUTPUT).input)(found)}
    return keras.Model(pixels, outputs | ({MAP: _map(network, found)} if cam else {}))


def _head(network: keras.Model) -> keras.Layer:
    """Where the head starts."""
    layers = {layer.name: layer for layer in network.layers}
    head = layers.get("pool") or layers.get("flatten")
    if head is None or OUTPUT not in layers:
        raise MammoError(
            f"its network has no layers 'pool' (or 'flatten') and '{OUTPUT}', as one of `tflite-mammo train` has; "
            "convert the run that was trained"
        )
    return head


def with_scores(device: keras.Model, dtype: str) -> keras.Model:
    """The same from pixels of this type to scores."""
    pixels = keras.Input(batch_shape=device.input_shape, dtype=dtype, name=PIXELS)
    outputs = device(keras.ops.cast(pixels, "float32"))
    return keras.Model(pixels, {SCORES: keras.layers.Softmax(name=SCORES)(outputs.pop(LOGITS)), **outputs})


def _map(network: keras.Model, features: keras.KerasTensor) -> keras.KerasTensor:
    """How much each cell of the features speaks for the finding, (1, height, width): Mapper's exact map."""
    weights = Mapper(network).weights
    if weights is None:
        raise MammoError(
            "a map needs 2 classes and a head of average pooling and one dense layer, which this network has not; "
            "leave --cam away, or train it with pool = 'average' and dense = [] in the recipe's [head]"
        )
    cells = keras.layers.Conv2D(1, 1, use_bias=False, name=MAP)
    speaking = cells(features)
    cells.set_weights([np.reshape(weights, (1, 1, -1, 1))])
    return keras.ops.squeeze(speaking, axis=-1)

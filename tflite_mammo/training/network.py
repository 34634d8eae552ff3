"""Recipe to network: pixels 0..255 in, class scores out. Normalisation lives inside, so the device never does it."""

from dataclasses import dataclass

import keras
from keras import layers

from tflite_mammo.errors import MammoError
from tflite_mammo.training.backbones import BACKBONES, load_weights
from tflite_mammo.training.recipe import Head, Recipe

OUTPUT = "scores"


@dataclass(frozen=True)
class Network:
    model: keras.Model
    base: keras.Model
    """The backbone inside `model`, whose layers are frozen or not."""


def build_network(recipe: Recipe, shape: tuple[int, int, int], classes: int) -> Network:
    height, width, channels = shape
    if min(height, width) < 32:
        raise MammoError(f"images of {height}x{width}; {recipe.backbone} needs at least 32x32, prepare them larger")
    backbone = BACKBONES[recipe.backbone]
    base = backbone.build((height, width, 3))
    load_weights(base, recipe.backbone, recipe.weights)
    pixels = keras.Input(shape, name="pixels")
    x = layers.Concatenate(name="grey_to_rgb")([pixels] * 3) if channels == 1 else pixels
    x = layers.Rescaling(backbone.scale, list(backbone.offset), name="normalise")(x)
    x = _head(base(x), recipe.head, classes)
    return Network(keras.Model(pixels, x, name=recipe.backbone.replace("-", "_")), base)


def _head(x: keras.KerasTensor, head: Head, classes: int) -> keras.KerasTensor:
    x = layers.GlobalAveragePooling2D(name="pool")(x) if head.pool == "average" else layers.Flatten(name="flatten")(x)
    for i, units in enumerate(head.dense):
        x = layers.Dense(units, activation="relu", name=f"dense{i}")(x)
        x = layers.Dropout(head.dropout, name=f"dropout{i}")(x)
    if not head.dense and head.dropout:
        x = layers.Dropout(head.dropout, name="dropout")(x)
    return layers.Dense(classes, activation="softmax", dtype="float32", name=OUTPUT)(x)


def unfreeze(base: keras.Model, what: str, *, batch_norm_frozen: bool) -> None:
    """Let the last layers train: none, all, or a share such as '60%' of all layers, counted from the output side."""
    layers_of = [layer for layer in base.layers if not isinstance(layer, layers.InputLayer)]
    share = {"none": 0.0, "all": 100.0}.get(what)
    if share is None:
        share = float(what.removesuffix("%"))
    first = len(layers_of) - round(len(layers_of) * share / 100)
    base.trainable = True
    for i, layer in enumerate(layers_of):
        # On the layer itself: training=False at the call is overridden by fit in Keras 3, and the averages would drift.
        frozen_norm = batch_norm_frozen and isinstance(layer, layers.BatchNormalization)
        layer.trainable = i >= first and not frozen_norm

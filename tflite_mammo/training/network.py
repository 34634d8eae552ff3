"""Recipe to network: pixels 0..255 in, class scores out. Normalisation lives inside, so the device never does it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.errors import MammoError
from tflite_mammo.training.backbones import BACKBONES, load_weights
from tflite_mammo.training.recipe import Recipe
from tflite_mammo.training.tables import Head

OUTPUT = "scores"
READ_AT_ONCE = 256


@dataclass(frozen=True)
class Normalisation:
    """pixel * scale + offset, for red, green and blue."""

    scale: tuple[float, ...]
    offset: tuple[float, ...]


@dataclass(frozen=True)
class Network:
    model: keras.Model
    base: keras.Model
    """The backbone inside `model`, whose layers are frozen or not."""
    normalisation: Normalisation


def build_network(recipe: Recipe, dataset: Dataset) -> Network:
    """With the weights that the recipe names; it computes in the recipe's precision."""
    normalisation = _of_training_part(dataset) if recipe.normalise == "training" else _published(recipe)
    with _precision(recipe.precision):
        network = assemble(recipe, dataset.info.spec.shape, len(dataset.info.classes), normalisation)
    load_weights(network.base, recipe.backbone, recipe.weights)
    return network


def in_float32(network: Network, recipe: Recipe, dataset: Dataset) -> Network:
    """The same weights in a network that computes as devices do; a mixed one would be exported with its casts."""
    if recipe.precision == "float32":
        return network
    plain = assemble(recipe, dataset.info.spec.shape, len(dataset.info.classes), network.normalisation)
    plain.model.set_weights(network.model.get_weights())
    return plain


def assemble(
    recipe: Recipe, shape: tuple[int, int, int], classes: int, normalisation: Normalisation | None = None
) -> Network:
    """At its random start, in Keras's current precision."""
    height, width, channels = shape
    backbone, normalisation = BACKBONES[recipe.backbone], normalisation or _published(recipe)
    if min(height, width) < backbone.least_px:
        least = backbone.least_px
        raise MammoError(
            f"images of {height}x{width}; {recipe.backbone} needs at least {least}x{least}, prepare them larger"
        )
    base = backbone.build((height, width, 3))
    pixels = keras.Input(shape, name="pixels")
    x = layers.Concatenate(name="grey_to_rgb", dtype="float32")([pixels] * 3) if channels == 1 else pixels
    # float32 always: half a float would round the pixels. One number where it does, which devices multiply faster.
    scales = normalisation.scale
    scale = scales[0] if len(set(scales)) == 1 else list(scales)
    x = layers.Rescaling(scale, list(normalisation.offset), name="normalise", dtype="float32")(x)
    x = _head(base(x), recipe.head, classes)
    return Network(keras.Model(pixels, x, name=recipe.backbone.replace("-", "_")), base, normalisation)


def _head(x: keras.KerasTensor, head: Head, classes: int) -> keras.KerasTensor:
    regular = {"kernel_regularizer": keras.regularizers.L2(head.l2) if head.l2 else None}
    x = layers.GlobalAveragePooling2D(name="pool")(x) if head.pool == "average" else layers.Flatten(name="flatten")(x)
    if head.input_dropout:
        x = layers.Dropout(head.input_dropout, name="dropout_before")(x)
    for i, units in enumerate(head.dense):
        x = layers.Dense(units, activation="relu", name=f"dense{i}", **regular)(x)
        if head.dropout:
            x = layers.Dropout(head.dropout, name=f"dropout{i}")(x)
    if not head.dense and head.dropout:
        x = layers.Dropout(head.dropout, name="dropout")(x)
    if head.output == "softmax":
        _expect_units(head, classes)
        x = layers.Dense(classes, name="logits", dtype="float32", **regular)(x)
    else:
        if classes != 2:
            raise MammoError(f"a sigmoid tells 2 classes apart, the data has {classes}; use output = 'softmax'")
        # Softmax over (0, z) is sigmoid(z) and its rest: a column per class like everywhere else.
        x = layers.Dense(1, name="logit", dtype="float32", **regular)(x)
        x = keras.ops.pad(x, ((0, 0), (1, 0)))
    return layers.Softmax(name=OUTPUT, dtype="float32")(x)


def _expect_units(head: Head, classes: int) -> None:
    if head.units not in (None, classes):
        raise MammoError(f"the recipe's head has {head.units} units, the data {classes} classes; leave units away")


def _published(recipe: Recipe) -> Normalisation:
    backbone = BACKBONES[recipe.backbone]
    return Normalisation(
        (backbone.scale,) * 3 if isinstance(backbone.scale, float) else backbone.scale, backbone.offset
    )


def _of_training_part(dataset: Dataset) -> Normalisation:
    """To mean 0 and deviation 1 over the training part, channel by channel."""
    rows, channels = dataset.part("train").rows, dataset.info.spec.shape[2]
    total, squares = np.zeros(channels), np.zeros(channels)
    for start in range(0, rows.size, READ_AT_ONCE):
        pixels = dataset.images[rows[start : start + READ_AT_ONCE]].astype(np.float64)
        total += pixels.sum(axis=(0, 1, 2))
        squares += np.square(pixels).sum(axis=(0, 1, 2))
    count = rows.size * dataset.info.spec.shape[0] * dataset.info.spec.shape[1]
    mean = total / count
    deviation = np.sqrt(squares / count - np.square(mean))
    if not deviation.all():
        raise MammoError(f"{dataset.folder}: every pixel of the train part is the same; nothing can be learned from it")
    scale, offset = np.broadcast_to(1 / deviation, 3), np.broadcast_to(-mean / deviation, 3)
    return Normalisation(tuple(float(v) for v in scale), tuple(float(v) for v in offset))


@contextmanager
def _precision(name: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)

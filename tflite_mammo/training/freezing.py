"""Which layers of a backbone train, and how deep each lies: the recipe's `unfreeze` and `layer_decay`."""

from collections.abc import Callable

import keras
from keras import layers

from tflite_mammo.errors import MammoError
from tflite_mammo.training.tables import UNFREEZE

Blocks = Callable[[keras.Model], list[int]]
"""The numbers of the layers at which the blocks of a backbone start."""


def unfreeze(base: keras.Model, what: str, blocks: Blocks, *, batch_norm_frozen: bool) -> None:
    """Let the last layers train and hold the others."""
    start = _first_layer(base, what, blocks)
    base.trainable = True
    for number, layer in enumerate(base.layers):
        # On the layer itself: training=False at the call is overridden by fit in Keras 3, and the averages would drift.
        frozen_norm = batch_norm_frozen and isinstance(layer, layers.BatchNormalization)
        layer.trainable = number >= start and not frozen_norm


def _first_layer(base: keras.Model, what: str, blocks: Blocks) -> int:
    """In Keras's own numbers, where the input is layer 0."""
    count, found = len(base.layers) - 1, UNFREEZE.fullmatch(what)
    if what in ("none", "all") or found is None:
        return count + 1 if what == "none" else 0
    if found["share"]:
        return count + 1 - round(count * float(found["share"]) / 100)
    if found["last"]:
        return count + 1 - _at_most(int(found["last"]), count, what, base.name, "layers")
    if found["blocks"]:
        starts = blocks(base)
        return starts[-_at_most(int(found["blocks"]), len(starts), what, base.name, "blocks")]
    return _at_most(int(found["start"]), count, what, base.name, "layers")


def _at_most(asked: int, there: int, what: str, name: str, of_what: str) -> int:
    if asked > there:
        raise MammoError(f"unfreeze '{what}': {name} has {there} {of_what}; ask for {there} at most")
    return asked


def depths(base: keras.Model) -> dict[str, float]:
    """For each variable of the backbone, by its path: 0 at the last convolution, 1 at the first.

    What follows a convolution, such as its batch norm, lies as deep as the convolution itself.
    """
    convolutions = [layer for layer in base.layers if _is_convolution(layer)]
    last = max(len(convolutions) - 1, 1)
    found, passed = {}, 0
    for layer in base.layers:
        passed += _is_convolution(layer)
        for variable in layer.weights:
            found[variable.path] = (last - max(passed - 1, 0)) / last
    return found


def _is_convolution(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.SeparableConv2D)

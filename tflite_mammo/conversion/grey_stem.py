"""The stem of a network for grey images: from three equal channels, as it is trained, to one, where that is exact.

In training a grey image's channel is repeated, normalised and convolved. Where all channels are normalised alike, they
are equal at every pixel, and so are the zeros that a convolution pads; a kernel summed over its input channels is then
the same function. Where they are not, what is padded is another grey in each channel, and no one channel can be it.
"""

import keras
import numpy as np


def on_one_channel(network: keras.Model) -> keras.Model | None:
    """From grey pixels to the backbone's features; None where one channel would give others."""
    match network.layers[:4]:
        case [_, keras.layers.Concatenate(), keras.layers.Rescaling() as normalise, keras.Model() as base]:
            stem = _stem(base)
        case _:
            return None
    if stem is None or not _alike(normalise):
        return None
    pixels = keras.Input(network.input_shape[1:])
    scale, offset = float(np.ravel(normalise.scale)[0]), float(np.ravel(normalise.offset)[0])
    x = keras.layers.Rescaling(scale, offset, name=normalise.name, dtype="float32")(pixels)
    return keras.Model(pixels, _summed(base, stem)(x), name=network.name)


def _alike(normalise: keras.layers.Rescaling) -> bool:
    return all(np.unique(np.ravel(values)).size == 1 for values in (normalise.scale, normalise.offset))


def _stem(base: keras.Model) -> keras.layers.Conv2D | None:
    """The one convolution that alone reads the input, over all its channels; zeros may be padded before it."""
    tensor = base.inputs[0]
    while True:
        readers = [op for op in base.operations if any(tensor is read for read in _read_by(op))]
        if len(readers) != 1:
            return None
        (reader,) = readers
        if isinstance(reader, keras.layers.Conv2D):
            return reader if reader.groups == 1 else None
        if not isinstance(reader, keras.layers.ZeroPadding2D):
            return None
        tensor = reader.output


def _read_by(op: keras.Operation) -> list[keras.KerasTensor]:
    return [] if isinstance(op, keras.layers.InputLayer) else keras.tree.flatten(op.input)


def _summed(base: keras.Model, stem: keras.layers.Conv2D) -> keras.Model:
    height, width, _ = base.input_shape[1:]
    narrow = keras.models.clone_model(base, input_tensors=keras.Input((height, width, 1)))
    weights = [
        variable.numpy().sum(axis=2, keepdims=True, dtype=np.float64) if variable is stem.kernel else variable.numpy()
        for variable in base.weights
    ]
    narrow.set_weights(weights)
    return narrow

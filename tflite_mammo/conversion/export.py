"""Keras network to a float32 .tflite: a batch of one, uint8 in, float32 out. The one importer of tensorflow."""

import contextlib
import io

import keras
import tensorflow as tf

from tflite_mammo.errors import MammoError


def export_float32(network: keras.Model) -> bytes:
    if keras.backend.backend() != "tensorflow":
        raise MammoError(
            f"converting needs the tensorflow backend of Keras, found {keras.backend.backend()}; "
            "set KERAS_BACKEND=tensorflow"
        )
    pixels = keras.Input(batch_shape=(1, *network.input_shape[1:]), dtype="uint8", name="pixels")
    device = keras.Model(pixels, network(keras.ops.cast(pixels, "float32")))
    converter = tf.lite.TFLiteConverter.from_keras_model(device)
    with contextlib.redirect_stdout(io.StringIO()):  # Keras prints every captured variable
        exported: bytes = converter.convert()
    return exported

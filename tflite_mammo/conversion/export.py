"""Keras network to .tflite by TensorFlow's converter: a batch of one, uint8 in. The one importer of tensorflow."""

import contextlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from tensorflow.lite.python.convert_phase import ConverterError

from tflite_mammo.boards.layers import layer_of
from tflite_mammo.conversion.device import device_network, with_scores
from tflite_mammo.errors import MammoError, first_line
from tflite_mammo.preprocess import Bytes
from tflite_mammo.quiet import quiet

TENSORFLOW: str = tf.__version__


@dataclass(frozen=True)
class Exported:
    """What every quantised file starts from, whichever engine makes it."""

    network: keras.Model
    """float32 pixels of a batch of one to logits, and to a map where one was asked for."""
    float32: bytes
    """The same from uint8 pixels to scores."""


def export(network: keras.Model, *, cam: bool = False) -> Exported:
    if keras.backend.backend() != "tensorflow":
        raise MammoError(
            f"converting needs the tensorflow backend of Keras, found {keras.backend.backend()}; "
            "set KERAS_BACKEND=tensorflow"
        )
    device = device_network(network, cam=cam)
    return Exported(device, converted(tf.lite.TFLiteConverter.from_keras_model(with_scores(device, "uint8"))))


def export_integers(network: keras.Model, tensors: Sequence[Bytes], *, floats_out: bool) -> bytes:
    """Every operator in int8, with the ranges that its values take over these tensors. `network` takes float32 pixels.

    floats_out: the outputs leave as float32, and one dense layer has a scale per class. Otherwise they leave as uint8
    and it has one scale for all, as in the days of the Edge TPU's compiler.
    """
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([tensor[np.newaxis].astype(np.float32)] for tensor in tensors)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.float32 if floats_out else tf.uint8
    converter._experimental_disable_per_channel_quantization_for_dense_layers = not floats_out
    return converted(converter)


def converted(converter: tf.lite.TFLiteConverter) -> bytes:
    with quiet(), contextlib.redirect_stdout(io.StringIO()):  # Keras prints every captured variable
        try:
            exported: bytes = converter.convert()
        except (ConverterError, ValueError, RuntimeError) as error:
            failed = error  # told outside, or `quiet` would let out pages of the compiler's own
        else:
            return exported
    raise MammoError(f"TensorFlow cannot convert this network: {_blamed(failed)}") from failed


def _blamed(error: Exception) -> str:
    """The operator that TF Lite has not, and the layer it comes from, where the compiler names them."""
    said = str(error)
    operator = re.search(r"'tf\.(\w+)' op is neither", said)
    if not operator:
        return first_line(error)
    place = re.search(rf'"([^"@]+/{operator[1]})@', said)
    return f"TF Lite has no operator for {operator[1]}" + (f" of layer {layer_of(place[1])}" if place else "")

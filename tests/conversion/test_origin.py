"""Where a tensor comes from, in words that its owner knows."""

import keras

from tflite_mammo.conversion.export import export
from tflite_mammo.conversion.origin import origin_of


def _name_of(flatbuffer: bytes, part: str) -> str:
    from ai_edge_litert.tools import flatbuffer_utils

    tensors = flatbuffer_utils.read_model_from_bytearray(bytearray(flatbuffer)).subgraphs[0].tensors
    return next(tensor.name.decode() for tensor in tensors if part in tensor.name.decode())


def _network() -> keras.Model:
    pixels = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, name="block1_conv_2")(pixels)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(pixels, keras.layers.Softmax(name="scores")(keras.layers.Dense(2, name="logits")(x)))


def test_a_tensor_names_its_operator_and_its_layer() -> None:
    float32 = export(_network()).float32
    assert origin_of(float32, _name_of(float32, "block1_conv_2")) == "CONV_2D of layer block1_conv_2"
    assert origin_of(float32, _name_of(float32, "logits")) == "FULLY_CONNECTED of layer logits"


def test_a_tensor_that_is_not_there_is_named_as_it_is() -> None:
    assert origin_of(export(_network()).float32, "made/up") == "tensor made/up"

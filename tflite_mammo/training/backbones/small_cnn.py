"""Two convolutions: the smallest network of the CMMD study, and the one that tests train in seconds."""

import keras
from keras import layers

from tflite_mammo.errors import MammoError


def build(shape: tuple[int, int, int]) -> keras.Model:
    inputs = keras.Input(shape)
    x = layers.Conv2D(16, 5, strides=2, padding="same", activation="relu", name="conv1")(inputs)
    x = layers.MaxPooling2D(2, name="pool1")(x)
    x = layers.Conv2D(32, 3, padding="same", activation="relu", name="conv2")(x)
    x = layers.MaxPooling2D(2, name="pool2")(x)
    return keras.Model(inputs, x, name="small_cnn")


def imagenet(base: keras.Model) -> None:
    raise MammoError("small-cnn has no ImageNet weights; set weights = 'random' in the recipe")

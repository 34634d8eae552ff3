"""ResNet50 v1 of keras.applications, taking RGB.

The published weights expect BGR with ImageNet's means taken off. The means are the network's offset; the channel order
is turned once, in the first kernel, so that no op of the device's model has to turn it for every image.
"""

import keras

from tflite_mammo.errors import MammoError, first_line

OFFSET = (-123.68, -116.779, -103.939)


def build(shape: tuple[int, int, int]) -> keras.Model:
    return keras.applications.ResNet50(include_top=False, weights=None, input_shape=shape, name="resnet50")


def imagenet(base: keras.Model) -> None:
    try:
        published = keras.applications.ResNet50(include_top=False, weights="imagenet", input_shape=base.input_shape[1:])
    except Exception as error:  # urllib's and http's errors come through as plain Exception
        raise MammoError(
            "ResNet50's ImageNet weights are neither in Keras's cache nor to be downloaded from here "
            f"({first_line(error)}); fetch resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5 from "
            "keras-applications on another machine and pass --weights FILE, or pass --weights random"
        ) from error
    base.set_weights(published.get_weights())


def turn_channels(base: keras.Model) -> None:
    """From BGR, as published, to RGB."""
    stem = base.get_layer("conv1_conv")
    kernel, bias = stem.get_weights()
    stem.set_weights([kernel[:, :, ::-1, :], bias])

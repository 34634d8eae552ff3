"""A Scaling into a network's last layer: calibrated scores that cost the device nothing."""

import keras
import numpy as np

from tflite_mammo.scores import Scaling


def fold(model: keras.Model, scaling: Scaling) -> None:
    """The last layer before the softmax is `logits`, or `logit` where the rest's is 0."""
    if scaling.slope == 1 and scaling.intercept == 0:
        return
    layer = next(layer for layer in model.layers if layer.name in ("logits", "logit"))
    kernel, bias = layer.get_weights()
    shift = np.zeros_like(bias)
    shift[-1] = scaling.intercept
    layer.set_weights([kernel * np.float32(scaling.slope), bias * np.float32(scaling.slope) + shift])

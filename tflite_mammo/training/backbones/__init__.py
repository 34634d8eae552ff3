"""The networks by name: normalised RGB to a feature map; `scale` and `offset` say how to normalise."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras

from tflite_mammo.errors import MammoError, first_line
from tflite_mammo.training.backbones import efficientnet_lite, resnet50, small_cnn


@dataclass(frozen=True)
class Backbone:
    build: Callable[[tuple[int, int, int]], keras.Model]
    imagenet: Callable[[keras.Model], None]
    scale: float
    offset: tuple[float, float, float]


BACKBONES = {
    "small-cnn": Backbone(small_cnn.build, small_cnn.imagenet, 1 / 255, (0.0, 0.0, 0.0)),
    "resnet50": Backbone(resnet50.build, resnet50.imagenet, 1.0, resnet50.OFFSET),
    "efficientnet-lite0": Backbone(
        efficientnet_lite.build, efficientnet_lite.imagenet, 1 / 128, (-127 / 128, -127 / 128, -127 / 128)
    ),
}


def load_weights(base: keras.Model, name: str, weights: str) -> None:
    """weights: imagenet, random, or the path of a Keras weights file."""
    if weights == "random":
        return
    if weights == "imagenet":
        BACKBONES[name].imagenet(base)
        return
    path = Path(weights)
    if not path.is_file():
        raise MammoError(f"weights '{weights}': expected imagenet, random, or a file that exists")
    if name == "resnet50":
        resnet50.load(base, path)
        return
    try:
        base.load_weights(path)
    except Exception as error:  # Keras raises ValueError, KeyError, OSError and h5py's own on a foreign file
        raise MammoError(f"{path}: not weights of {name} ({first_line(error)})") from error

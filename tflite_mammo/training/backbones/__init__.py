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
    adopt: Callable[[keras.Model], None] = lambda base: None
    """Turns weights as they are published into weights for normalised RGB; most are for that already."""


BACKBONES = {
    "small-cnn": Backbone(small_cnn.build, small_cnn.imagenet, 1 / 255, (0.0, 0.0, 0.0)),
    "resnet50": Backbone(resnet50.build, resnet50.imagenet, 1.0, resnet50.OFFSET, resnet50.turn_channels),
    "efficientnet-lite0": Backbone(
        efficientnet_lite.build, efficientnet_lite.imagenet, 1 / 128, (-127 / 128, -127 / 128, -127 / 128)
    ),
}


def load_weights(base: keras.Model, name: str, weights: str) -> None:
    """weights: imagenet, random, or the path of a Keras weights file."""
    if weights == "random":
        return
    backbone = BACKBONES[name]
    if weights == "imagenet":
        backbone.imagenet(base)
    else:
        _load_file(base, name, Path(weights))
    backbone.adopt(base)


def _load_file(base: keras.Model, name: str, path: Path) -> None:
    if not path.is_file():
        raise MammoError(f"weights '{path}': expected imagenet, random, or a file that exists")
    try:
        base.load_weights(path)
    except Exception as error:  # Keras raises ValueError, KeyError, OSError and h5py's own on a foreign file
        raise MammoError(f"{path}: not weights of {name} ({first_line(error)})") from error

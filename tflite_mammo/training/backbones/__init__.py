"""The networks by name: normalised RGB to a feature map; `scale` and `offset` say how to normalise."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras

from tflite_mammo.errors import MammoError
from tflite_mammo.training.backbones import keras_file, published, residual, small_cnn, state_dict
from tflite_mammo.training.backbones.blocks import after_mixed, named
from tflite_mammo.training.backbones.efficientnet_lite import LITE0, LITE1, LITE2, Lite, package_name

Channels = tuple[float, float, float]


def _nothing(base: keras.Model) -> None:
    pass


@dataclass(frozen=True)
class Backbone:
    build: Callable[[tuple[int, int, int]], keras.Model]
    imagenet: Callable[[keras.Model], None]
    scale: float | Channels
    offset: Channels
    blocks: Callable[[keras.Model], list[int]]
    """The numbers of the layers at which its blocks start, as Keras counts base.layers: the input layer is 0."""
    adopt: Callable[[keras.Model], None] = _nothing
    """Turns weights as they are published into weights for normalised RGB; most are for that already."""
    least_px: int = 32
    spellings: tuple[state_dict.Spelling, ...] = ()
    """How state dicts of torch name its layers; empty where there are none."""


IMAGENET_SCALE: Channels = tuple(1 / (255 * d) for d in published.DEVIATION)  # type: ignore[assignment]
IMAGENET_OFFSET: Channels = tuple(-m / d for m, d in zip(published.MEAN, published.DEVIATION, strict=True))  # type: ignore[assignment]


def _between_one_and_minus_one(
    network: published.Published, blocks: Callable[[keras.Model], list[int]], least_px: int = 32
) -> Backbone:
    return Backbone(network.build, network.imagenet, 1 / 127.5, (-1.0, -1.0, -1.0), blocks, least_px=least_px)


def _residual(network: residual.Residual) -> Backbone:
    blocks = named(r"(layer\d_\d+)_")
    names = (residual.torch_name,)
    return Backbone(network.build, network.imagenet, IMAGENET_SCALE, IMAGENET_OFFSET, blocks, spellings=names)


def _lite(network: Lite) -> Backbone:
    offset = (-127 / 128, -127 / 128, -127 / 128)
    names = (package_name, network.timm_name)
    return Backbone(network.build, network.imagenet, 1 / 128, offset, named(r"(block\d+)_"), spellings=names)


_EXPANDED = named(r"(expanded_conv(?:_\d+)?)_[a-z]")

BACKBONES = {
    "small-cnn": Backbone(small_cnn.build, small_cnn.imagenet, 1 / 255, (0.0, 0.0, 0.0), named(r"(conv\d)")),
    "resnet50": Backbone(
        published.RESNET50.build, published.RESNET50.imagenet, 1.0, (-123.68, -116.779, -103.939),
        named(r"(conv\d_block\d+)_"), published.turn_channels,
    ),
    "inceptionv3": _between_one_and_minus_one(published.INCEPTIONV3, after_mixed, least_px=75),
    "mobilenetv2": _between_one_and_minus_one(published.MOBILENETV2, named(r"(expanded_conv|block_\d+)_")),
    "mobilenetv3-small": _between_one_and_minus_one(published.MOBILENETV3_SMALL, _EXPANDED),
    "mobilenetv3-large": _between_one_and_minus_one(published.MOBILENETV3_LARGE, _EXPANDED),
    "efficientnetb0": Backbone(
        published.EFFICIENTNETB0.build, published.EFFICIENTNETB0.imagenet, IMAGENET_SCALE, IMAGENET_OFFSET,
        named(r"(block\d[a-z])_"),
    ),
    "resnet18": _residual(residual.RESNET18),
    "resnext50": _residual(residual.RESNEXT50),
    "wide-resnet50": _residual(residual.WIDE_RESNET50),
    "efficientnet-lite0": _lite(LITE0),
    "efficientnet-lite1": _lite(LITE1),
    "efficientnet-lite2": _lite(LITE2),
}  # fmt: skip


def expect_there(weights: str) -> None:
    if weights not in ("imagenet", "random") and not Path(weights).is_file():
        raise MammoError(f"weights '{weights}': expected imagenet, random, or a file that exists")


def load_weights(base: keras.Model, name: str, weights: str) -> None:
    """weights: imagenet, random, or the path of a file."""
    backbone = BACKBONES[name]
    if weights == "random":
        return
    if weights == "imagenet":
        backbone.imagenet(base)
        backbone.adopt(base)
    elif not _load_file(base, name, Path(weights)):
        backbone.adopt(base)


def _load_file(base: keras.Model, name: str, path: Path) -> bool:
    """Whether the weights are for normalised RGB already, whatever their publishers expect."""
    expect_there(str(path))
    spellings, source = BACKBONES[name].spellings, f"{path}: not weights of {name}"
    if path.suffix in keras_file.SUFFIXES:
        return keras_file.fill_from_keras(base, path, source)
    if spellings and path.suffix in state_dict.SUFFIXES:
        state_dict.fill_from_torch(base, state_dict.read_tensors(path), spellings, source)
        return False
    readable = (*keras_file.SUFFIXES, *(state_dict.SUFFIXES if spellings else ()))
    raise MammoError(f"{path}: {name} takes its weights from a file ending in {', '.join(readable)}")

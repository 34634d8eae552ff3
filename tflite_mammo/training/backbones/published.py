"""The networks of keras.applications, each taking RGB that one Rescaling layer before it has normalised.

In: an image's shape. Out: the network without its classifier, and its ImageNet weights from Keras's cache or download.
"""

import sys
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from tflite_mammo.errors import MammoError, first_line
from tflite_mammo.training.backbones.slots import Slot, fill

ADDRESS = "https://storage.googleapis.com/"
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet, pixels 0 to 1, RGB."""


@dataclass(frozen=True)
class Published:
    name: str
    application: str
    """In keras.applications."""
    file: str
    """Below ADDRESS: the weights without a classifier."""
    options: dict[str, Any] = field(default_factory=dict)
    first_layer: str | None = None
    """Where the network starts; what Keras put before it normalises, which is done outside."""

    def build(self, shape: tuple[int, int, int]) -> keras.Model:
        whole = self._application(weights=None, input_shape=shape, name=self.name.replace("-", "_"))
        if self.first_layer is None:
            return whole
        rest = keras.Model(whole.get_layer(self.first_layer).input, whole.output, name=whole.name)
        # New layers: those of `rest` would stand in two networks, and Keras no longer tells such a layer's output.
        return keras.models.clone_model(rest, input_tensors=keras.Input(shape))

    def imagenet(self, base: keras.Model) -> None:
        try:
            # The weights are the same for every size; MobileNetV2 warns of those that it was not trained at.
            with redirect_stdout(sys.stderr):  # where Keras tells of its download; ours is for verdicts
                whole = self._application(weights="imagenet", input_shape=(224, 224, 3))
        except Exception as error:  # urllib's and http's errors come through as plain Exception
            raise MammoError(
                f"{self.name}'s ImageNet weights are neither in Keras's cache nor to be downloaded from here "
                f"({first_line(error)}); fetch {ADDRESS}{self.file} on another machine and pass --weights FILE, or "
                "pass --weights random"
            ) from error
        ours, theirs = ([layer for layer in layers if layer.weights] for layers in (base.layers, whole.layers))
        inside = [layer for layer in theirs if isinstance(layer, keras.layers.Normalization)]
        for layer in inside:
            expect_published_normalisation(*layer.get_weights()[:2], source=f"{self.name}'s ImageNet weights")
        theirs = [layer for layer in theirs if layer not in inside]
        slots, found = [], {}
        for layer, published in zip(ours, theirs, strict=True):
            for i, (variable, array) in enumerate(zip(layer.weights, published.get_weights(), strict=True)):
                found[f"{published.name}/{i}"] = array
                slots.append(Slot(layer.name, variable, f"{published.name}/{i}"))
        fill(slots, found, lambda name: False, f"{self.name}'s ImageNet weights")

    def _application(self, **arguments: Any) -> keras.Model:
        return getattr(keras.applications, self.application)(include_top=False, **self.options, **arguments)


def expect_published_normalisation(mean: Any, variance: Any, *, source: str) -> None:
    """EfficientNetB0's file says how it normalises; our Rescaling is right for the published values only.

    The published variance holds the standard deviation: keras.applications divides by its root twice.
    """
    if not np.allclose(np.ravel(mean), MEAN, atol=1e-4) or not np.allclose(np.ravel(variance), DEVIATION, atol=1e-4):
        found = f"mean {np.round(np.ravel(mean), 3).tolist()} and variance {np.round(np.ravel(variance), 3).tolist()}"
        raise MammoError(
            f"{source}; it normalises by {found}, expected ImageNet's {list(MEAN)} and {list(DEVIATION)} as published"
        )


def turn_channels(base: keras.Model) -> None:
    """ResNet50 from BGR, as published, to RGB: once here, so that no op of the device's model turns every image."""
    stem = base.get_layer("conv1_conv")
    kernel, bias = stem.get_weights()
    stem.set_weights([kernel[:, :, ::-1, :], bias])


_KERNELS = "weights_tf_dim_ordering_tf_kernels"
_FOLDER = "tensorflow/keras-applications"
_RAW = {"include_preprocessing": False}

RESNET50 = Published("resnet50", "ResNet50", f"{_FOLDER}/resnet/resnet50_{_KERNELS}_notop.h5")
INCEPTIONV3 = Published("inceptionv3", "InceptionV3", f"{_FOLDER}/inception_v3/inception_v3_{_KERNELS}_notop.h5")
MOBILENETV2 = Published(
    "mobilenetv2", "MobileNetV2", f"{_FOLDER}/mobilenet_v2/mobilenet_v2_{_KERNELS}_1.0_224_no_top.h5"
)
MOBILENETV3_SMALL = Published(
    "mobilenetv3-small",
    "MobileNetV3Small",
    f"{_FOLDER}/mobilenet_v3/weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
    _RAW,
)
MOBILENETV3_LARGE = Published(
    "mobilenetv3-large",
    "MobileNetV3Large",
    f"{_FOLDER}/mobilenet_v3/weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
    _RAW,
)
EFFICIENTNETB0 = Published(
    "efficientnetb0",
    "EfficientNetB0",
    "keras-applications/efficientnetb0_notop.h5",
    first_layer="stem_conv_pad",
)

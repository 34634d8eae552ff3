"""keras.applications' networks: ours compute on raw pixels what Keras's own preprocessing and network compute."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tflite_mammo.training.backbones import BACKBONES

NETWORKS = {
    "resnet50": ("ResNet50", "resnet50"),
    "inceptionv3": ("InceptionV3", "inception_v3"),
    "mobilenetv2": ("MobileNetV2", "mobilenet_v2"),
    "mobilenetv3-small": ("MobileNetV3Small", "mobilenet_v3"),
    "mobilenetv3-large": ("MobileNetV3Large", "mobilenet_v3"),
    "efficientnetb0": ("EfficientNetB0", "efficientnet"),
}


@pytest.fixture
def downloaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """What Keras gets for every file of weights that it would fetch."""
    path = tmp_path / "downloaded.h5"
    monkeypatch.setattr("keras.src.utils.file_utils.get_file", lambda *_, **__: str(path))
    return path


def _published(application: str, path: Path, networks: Any, **options: Any) -> None:
    model = getattr(keras.applications, application)(include_top=False, weights=None, **options)
    networks.randomise(model)
    model.save(path)


@pytest.mark.usefixtures("in_float64")
@pytest.mark.filterwarnings("ignore:`input_shape` is undefined")
@pytest.mark.parametrize("name", NETWORKS)
def test_raw_pixels_give_the_features_that_keras_gives(name: Any, downloaded: Path, networks: Any) -> None:
    application, module = NETWORKS[name]
    side = BACKBONES[name].least_px
    _published(application, downloaded, networks)
    published = getattr(keras.applications, application)(
        include_top=False, weights="imagenet", input_shape=(side, side, 3)
    )
    pixels = networks.pixels(side)
    preprocess = getattr(keras.applications, module).preprocess_input
    expected = np.asarray(published(preprocess(pixels.copy())))
    for weights in (str(downloaded), "imagenet"):
        networks.expect_equal(networks.features(networks.of(name, weights, side), pixels), expected)

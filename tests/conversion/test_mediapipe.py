"""MediaPipe opens our files, knows their labels and gives the scores that our classifier gives."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tflite_mammo.bundle import ModelBundle, ModelCard, write_bundle
from tflite_mammo.conversion.convert import Converted
from tflite_mammo.conversion.export import export
from tflite_mammo.conversion.metadata import with_metadata
from tflite_mammo.conversion.preset import read_preset
from tflite_mammo.conversion.quantise import quantise
from tflite_mammo.predict import Classifier
from tflite_mammo.preprocess import Bytes, PreprocessSpec
from tflite_mammo.scores import Threshold
from tflite_mammo.training.network import assemble
from tflite_mammo.training.recipe import Recipe
from tflite_mammo.training.tables import Stage

# Without what it depends on: it asks for an OpenCV that would overwrite ours.
WHY = "needs MediaPipe: pip install --no-deps mediapipe"
COLOUR = PreprocessSpec(height=64, width=64, channels=3)
Answer = Callable[[Path, Bytes], dict[str, dict[str, float]]]


@pytest.fixture(scope="module")
def mediapipe() -> Any:
    return pytest.importorskip("mediapipe", reason=WHY, exc_type=ImportError)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """Untrained, and of three channels: MediaPipe knows no grey images."""
    keras.utils.set_random_seed(1)
    return assemble(Recipe("test", "small-cnn", (Stage(1),), weights="random"), COLOUR.shape, 2).model


@pytest.fixture(scope="module")
def images() -> list[Bytes]:
    return list(np.random.default_rng(0).integers(0, 256, (4, *COLOUR.shape), dtype=np.uint8))


@pytest.fixture
def answer(mediapipe: Any) -> Answer:
    """Per output of the model, the score of each of its labels."""
    from mediapipe.tasks.python import vision
    from mediapipe.tasks.python.core.base_options import BaseOptions

    def classify(path: Path, pixels: Bytes) -> dict[str, dict[str, float]]:
        options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_path=str(path)))
        with vision.ImageClassifier.create_from_options(options) as classifier:
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(pixels))
            heads = classifier.classify(image).classifications
        return {head.head_name: {found.category_name: found.score for found in head.categories} for head in heads}

    return classify


def _bundle(network: keras.Model, images: list[Bytes], preset: str, path: Path) -> ModelBundle:
    flatbuffer = quantise(export(network).float32, read_preset(preset), images)
    card = ModelCard(
        "test", preset, ("benign", "malignant"), COLOUR, COLOUR.fingerprint, Threshold(0.5, "none", ""), "0" * 64, 0,
        "noise", True,
    )  # fmt: skip
    return write_bundle(with_metadata(flatbuffer, "test", COLOUR), card, path)


@pytest.mark.parametrize("preset", ["float32", "float16", "dynamic", "int8"])
def test_mediapipe_gives_our_labels_our_scores(
    answer: Answer, network: keras.Model, images: list[Bytes], preset: str, tmp_path: Path
) -> None:
    path = _bundle(network, images, preset, tmp_path / "model.tflite").path
    ours = Classifier(path)
    for image in images:
        expected = dict(zip(ours.bundle.card.classes, ours.runtime.scores(image).tolist(), strict=True))
        assert answer(path, image) == {"scores": pytest.approx(expected, abs=1e-6)}


def test_mediapipe_takes_no_grey_images(answer: Answer, converted: dict[str, Converted]) -> None:
    with pytest.raises((ValueError, RuntimeError), match=r"depth = 3 or 4|Only RGB"):
        answer(converted["int8"].bundle.path, np.zeros((64, 64, 3), np.uint8))

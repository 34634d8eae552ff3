"""From pixels to a Prediction."""

import numpy as np
import pytest

from tflite_mammo.conversion.convert import Converted
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.imaging import read_pixels
from tflite_mammo.predict import Classifier


@pytest.fixture
def classifier(converted: dict[str, Converted]) -> Classifier:
    return Classifier(converted["int8"].bundle.path)


def test_an_image_file_scores_as_its_prepared_tensor_did(
    classifier: Classifier, converted: dict[str, Converted], prepared: Dataset, phantom_folder: object
) -> None:
    scores = converted["int8"].scores
    for row, value in zip(scores.rows[:5], scores.finding[:5], strict=True):
        assert classifier.predict(read_pixels(phantom_folder / row.file)).score == float(value)  # type: ignore[operator]


@pytest.mark.parametrize(("threshold", "label"), [(0.0, "malignant"), (1.1, "benign")])
def test_the_locked_threshold_decides_the_label(classifier: Classifier, threshold: float, label: str) -> None:
    from dataclasses import replace

    card = classifier.bundle.card
    classifier.bundle = replace(
        classifier.bundle, card=replace(card, threshold=replace(card.threshold, value=threshold))
    )
    assert classifier.predict(np.full((80, 60), 90, np.uint8)).label == label


def test_a_score_at_the_threshold_counts_as_the_finding(classifier: Classifier) -> None:
    from dataclasses import replace

    pixels = np.full((80, 60), 90, np.uint8)
    score = classifier.predict(pixels).score
    card = classifier.bundle.card
    classifier.bundle = replace(classifier.bundle, card=replace(card, threshold=replace(card.threshold, value=score)))
    assert classifier.predict(pixels).label == "malignant"

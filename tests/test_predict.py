"""From an image file to a Prediction."""

from dataclasses import replace
from pathlib import Path

import pytest

from tflite_mammo.conversion.convert import Converted
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.errors import MammoError
from tflite_mammo.predict import Classifier
from tflite_mammo.preprocess import Bytes


@pytest.fixture
def classifier(converted: dict[str, Converted]) -> Classifier:
    return Classifier(converted["int8"].bundle.path)


def test_an_image_file_scores_as_its_prepared_tensor_did(
    classifier: Classifier, converted: dict[str, Converted], phantom_folder: Path
) -> None:
    scores = converted["int8"].scores
    for row, value in zip(scores.rows[:5], scores.finding[:5], strict=True):
        assert classifier.predict(phantom_folder / row.file).score == float(value)


def test_a_tensor_is_decided_as_its_file_is(classifier: Classifier, prepared: Dataset, phantom_folder: Path) -> None:
    for row, example in enumerate(prepared.examples[:5]):
        assert classifier.decide(prepared.images[row]) == classifier.predict(phantom_folder / example.file)


def test_a_file_that_is_no_image_is_named(classifier: Classifier, tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    with pytest.raises(MammoError, match=r"a.png: unreadable image \(an empty file\)"):
        classifier.predict(tmp_path / "a.png")


@pytest.fixture
def tensor(prepared: Dataset) -> Bytes:
    return prepared.images[0]


@pytest.mark.parametrize(("threshold", "label"), [(0.0, "malignant"), (1.1, "benign")])
def test_the_locked_threshold_decides_the_label(
    classifier: Classifier, tensor: Bytes, threshold: float, label: str
) -> None:
    card = classifier.bundle.card
    classifier.bundle = replace(
        classifier.bundle, card=replace(card, threshold=replace(card.threshold, value=threshold))
    )
    assert classifier.decide(tensor).label == label


def test_a_score_at_the_threshold_counts_as_the_finding(classifier: Classifier, tensor: Bytes) -> None:
    score = classifier.decide(tensor).score
    card = classifier.bundle.card
    classifier.bundle = replace(classifier.bundle, card=replace(card, threshold=replace(card.threshold, value=score)))
    assert classifier.decide(tensor).label == "malignant"

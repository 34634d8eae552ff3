"""Figures at the best score, against scikit-learn's."""

import numpy as np
import pytest
from sklearn import metrics as reference

from tflite_mammo.evaluation.best import confusion, figures_of_best
from tflite_mammo.scores import ScoreRow, Scores


def scores_of(labels: list[str], values: list[list[float]], classes: tuple[str, ...]) -> Scores:
    rows = tuple(ScoreRow(f"{i}.png", f"P{i}", "L", "CC", "test", label) for i, label in enumerate(labels))
    return Scores(classes, rows, np.array(values, np.float32))


def drawn(classes: tuple[str, ...], count: int = 80) -> tuple[Scores, list[str], list[str]]:
    """Scores, the labels, and the class with the best score of each."""
    rng = np.random.default_rng(3)
    values = rng.dirichlet([1.0] * len(classes), count)
    labels = [classes[i] for i in rng.integers(0, len(classes), count)]
    return scores_of(labels, values.tolist(), classes), labels, [classes[i] for i in values.argmax(axis=1)]


@pytest.mark.parametrize("classes", [("benign", "malignant"), ("normal", "benign", "malignant")])
def test_figures_at_the_best_score_are_scikit_learns(classes: tuple[str, ...]) -> None:
    scores, labels, called = drawn(classes)
    found = figures_of_best(scores)
    finding, said = [name == "malignant" for name in labels], [name == "malignant" for name in called]
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(labels, called))
    assert found["f1_weighted"] == pytest.approx(reference.f1_score(labels, called, average="weighted"))
    assert found["sensitivity"] == pytest.approx(reference.recall_score(finding, said))
    assert found["specificity"] == pytest.approx(reference.recall_score(finding, said, pos_label=0))
    assert found["precision_positive"] == pytest.approx(reference.precision_score(finding, said))
    assert found["f1_negative"] == pytest.approx(reference.f1_score(finding, said, pos_label=0))
    assert "auc" not in found  # of calls it would be another figure than of scores


@pytest.mark.parametrize("classes", [("benign", "malignant"), ("normal", "benign", "malignant")])
def test_the_matrix_is_scikit_learns(classes: tuple[str, ...]) -> None:
    scores, labels, called = drawn(classes)
    np.testing.assert_array_equal(confusion(scores), reference.confusion_matrix(labels, called, labels=classes))


def test_of_two_classes_the_finding_is_called_from_a_half_on() -> None:
    scores = scores_of(["malignant", "benign"], [[0.5, 0.5], [0.51, 0.49]], ("benign", "malignant"))
    assert confusion(scores).tolist() == [[1, 0], [0, 1]]


def test_what_cannot_be_computed_is_left_out() -> None:
    scores = scores_of(["benign", "malignant"], [[0.2, 0.8], [0.1, 0.9]], ("benign", "malignant"))
    found = figures_of_best(scores)
    assert "precision_negative" not in found  # nothing was called benign
    assert (found["precision_positive"], found["f1_negative"]) == (0.5, 0.0)

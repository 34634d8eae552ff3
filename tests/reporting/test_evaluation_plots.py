"""What an evaluation's plots show, read from the axes that they are drawn on."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas

from tflite_mammo.evaluation.evaluate import Evaluation, evaluate
from tflite_mammo.evaluation.pooling import tables_of_units
from tflite_mammo.reporting.evaluation_plots import plots_of
from tflite_mammo.scores import AS_TRAINED, Scaling, ScoreRow, Scores, Threshold

HALF = Threshold(0.5, "given by hand", "")


def scores_of(classes: tuple[str, ...] = ("benign", "malignant"), images: int = 240) -> Scores:
    """Four images a patient; each class is scored higher where it is, but not always highest."""
    rng = np.random.default_rng(2)
    labels = np.repeat(rng.integers(len(classes), size=images // 4), 4)
    logits = rng.normal(size=(images, len(classes))) + 1.2 * np.eye(len(classes))[labels]
    values = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    rows = tuple(
        ScoreRow(f"{i}.png", f"P{i // 4}", ("left", "right")[i // 2 % 2], "CC", "test", classes[label])
        for i, label in enumerate(labels)
    )
    return Scores(classes, rows, values.astype(np.float32))


def axes_of(name: str, scores: Scores, scaling: Scaling = AS_TRAINED) -> tuple[Any, Evaluation]:
    evaluation = evaluate(scores, HALF, scaling=scaling, draws=20)
    _, draw = plots_of(dict(tables_of_units(scores, "max").items()), evaluation)[name]
    axes = Canvas().subplots()
    draw(axes)
    return axes, evaluation


def texts(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_the_roc_passes_through_what_the_threshold_calls() -> None:
    axes, evaluation = axes_of("roc", scores_of())
    curves = [line for line in axes.lines if len(line.get_xdata()) > 2]
    dots = [line for line in axes.lines if line.get_marker() == "o" and len(line.get_xdata()) == 1]
    assert [line.get_label() for line in curves] == [
        f"per {level.unit}, AUC {level.figures['auc'].value:.3f}" for level in evaluation.levels
    ]
    for curve, dot, level in zip(curves, dots, evaluation.levels, strict=True):
        at = (float(dot.get_xdata()[0]), float(dot.get_ydata()[0]))
        assert at == pytest.approx((1 - level.figures["specificity"].value, level.figures["sensitivity"].value))
        points = np.column_stack([curve.get_xdata(), curve.get_ydata()])
        assert np.abs(points - at).sum(axis=1).min() < 1e-9


def test_a_matrix_counts_what_was_called_what() -> None:
    axes, evaluation = axes_of("confusion-patient", scores_of())
    (quiet, alarms), (missed, found) = evaluation.of_patients.calls
    assert texts(axes)[::2] == [str(count) for count in (quiet, alarms, missed, found)]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["is benign", "is malignant"]


def test_of_three_classes_images_have_a_matrix_of_all() -> None:
    scores = scores_of(("normal", "benign", "malignant"))
    axes, evaluation = axes_of("confusion-image", scores)
    counts = np.array([int(text) for text in texts(axes)[::2]]).reshape(3, 3)
    assert counts.sum(axis=1).tolist() == np.bincount(scores.labels).tolist()
    assert (counts[:2, 2].sum(), counts[2, 2]) == (evaluation.levels[0].calls[0][1], evaluation.levels[0].calls[1][1])
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        "called\nnormal",
        "called\nbenign",
        "called\nmalignant",
    ]
    sides, _ = axes_of("confusion-side", scores)
    assert [label.get_text() for label in sides.get_xticklabels()] == ["called\nother", "called\nmalignant"]


def test_reliability_is_drawn_before_and_after() -> None:
    axes, _ = axes_of("reliability", scores_of(), Scaling("temperature", 0.5))
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["before calibration", "as it is used, 95 %"]
    plain_axes, _ = axes_of("reliability", scores_of())
    assert [text.get_text() for text in plain_axes.get_legend().get_texts()] == ["as it is used, 95 %"]


def test_the_histogram_counts_every_image() -> None:
    axes, evaluation = axes_of("scores", scores_of())
    assert sum(patch.get_height() for patch in axes.patches) == evaluation.images


def test_of_one_class_there_is_no_curve_and_of_logits_no_reliability() -> None:
    scores = scores_of()
    one = scores.where(scores.positive)
    evaluation = evaluate(one, HALF, draws=20)
    assert not {"roc", "precision-recall"} & set(plots_of(dict(tables_of_units(one, "max").items()), evaluation))
    logits = Scores(scores.classes, scores.rows, scores.values * 5 - 1)
    evaluation = evaluate(logits, HALF, draws=20)
    assert "reliability" not in plots_of(dict(tables_of_units(logits, "max").items()), evaluation)

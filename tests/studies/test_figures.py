import pytest

from tflite_mammo.studies.figures import COMPARED, figures_of
from tflite_mammo.training.run import Run


def test_every_figure_that_a_source_may_publish_is_compared(run: Run) -> None:
    assert set(figures_of(run)) <= set(COMPARED)
    assert set(COMPARED) - set(figures_of(run)) <= {"precision_positive", "precision_negative"}  # may be 0 of 0


def test_figures_of_the_test_part_are_counted_from_a_half_on(run: Run) -> None:
    test = run.scores.of_split("test")
    called, found = test.finding >= 0.5, figures_of(run)
    assert found["accuracy"] == pytest.approx((called == test.positive).mean())
    assert found["sensitivity"] == pytest.approx(called[test.positive].mean())
    assert found["auc"] == run.evaluation.figures["auc"].value


def test_figures_at_the_locked_threshold_are_the_evaluations(run: Run) -> None:
    found, threshold = figures_of(run), run.evaluation.threshold.value
    test = run.scores.of_split("test")
    assert found["sensitivity_locked"] == pytest.approx((test.finding >= threshold)[test.positive].mean())
    assert found["specificity_locked"] == run.evaluation.figures["specificity"].value


def test_epochs_give_the_last_and_the_best(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    course = [(0.6, 0.5, 0.9), (0.7, 0.8, 0.6), (0.8, 0.7, 0.7)]
    names = ("accuracy", "val_accuracy", "val_loss")
    history = [dict(zip(names, row, strict=True), epoch=i, images_per_second=10.0) for i, row in enumerate(course, 1)]
    monkeypatch.setattr(run, "history", history)
    found = figures_of(run)
    assert (found["train_accuracy"], found["val_accuracy"], found["val_loss"]) == (0.8, 0.7, 0.7)
    assert (found["best_val_accuracy"], found["best_epoch"]) == (0.8, 2)

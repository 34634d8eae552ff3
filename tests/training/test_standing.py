"""Where a training stands: what counts as better, when a stage ends, when a plateau lowers the rate."""

from dataclasses import replace
from typing import Any

import pytest

from tflite_mammo.training.history import Epoch
from tflite_mammo.training.recipe import Recipe
from tflite_mammo.training.standing import Standing
from tflite_mammo.training.tables import Schedule, Stage

EPOCH = Epoch(1, 1, 1e-3, 1.0, 0.5, 0.5, 0.5, 1.0, 0.5, 0.5, 0.5, 0.5, 1.0, 1.0)
PLATEAU = Schedule("plateau", factor=0.5, patience=2)


def _recipe(**changes: Any) -> Recipe:
    stage = Stage(10, learning_rate=0.1, schedule=changes.pop("schedule", Schedule()))
    return Recipe("mine", "small-cnn", (stage, stage), weights="random", **changes)


def _after(recipe: Recipe, *figures: float, name: str = "val_loss", standing: Standing | None = None) -> Standing:
    standing = standing or Standing()
    for figure in figures:
        number = len(standing.history) + 1
        standing = standing.after(replace(EPOCH, epoch=number, stage=standing.stage, **{name: figure}), recipe)
    return standing


@pytest.mark.parametrize(("monitor", "best"), [("val_loss", 2), ("val_auc", 3), ("val_accuracy", 3)])
def test_the_best_epoch_has_the_lowest_loss_or_the_highest_figure(monitor: str, best: int) -> None:
    assert _after(_recipe(monitor=monitor), 0.5, 0.4, 0.6, name=monitor).best_epoch == best


def test_the_first_of_equals_stays_the_best() -> None:
    assert _after(_recipe(), 0.5, 0.4, 0.4).best_epoch == 2


def test_a_stage_ends_with_its_epochs() -> None:
    recipe = _recipe()
    assert not _after(recipe, *[0.5] * 9).done(recipe)
    assert _after(recipe, *[0.5] * 10).done(recipe)


def test_a_stage_ends_early_when_patience_does() -> None:
    recipe = _recipe(patience=2)
    assert not _after(recipe, 0.5, 0.6).done(recipe)
    assert _after(recipe, 0.5, 0.6, 0.7).done(recipe)
    assert not _after(recipe, 0.5, 0.6, 0.4, 0.5).done(recipe)


def test_a_plateau_lowers_the_rate_and_waits_anew() -> None:
    recipe = _recipe(schedule=PLATEAU)
    rates = [_after(recipe, *[0.5] * count).plateau_rate(recipe) for count in range(1, 6)]
    assert rates == [0.1, 0.1, 0.05, 0.05, 0.025]
    assert _after(recipe, 0.5, 0.5, 0.4, 0.4).plateau_rate(recipe) == 0.1


def test_other_schedules_know_no_plateau() -> None:
    assert _after(_recipe(), *[0.5] * 9).lowered == 0


def test_the_next_stage_starts_its_own_count_and_keeps_the_best_epoch_of_all() -> None:
    recipe = _recipe(patience=2, schedule=PLATEAU)
    standing = _after(recipe, 0.3, 0.5, 0.5).next_stage()
    assert (standing.stage, standing.stage_epochs, standing.waited, standing.lowered) == (2, 0, 0, 0)
    worse = _after(recipe, 0.6, 0.5, standing=standing)
    assert (worse.best_epoch, worse.waited) == (1, 0)

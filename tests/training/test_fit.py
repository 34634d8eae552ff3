"""Fitting: what the recipe says is what happens, the epoch kept is the best, and a stop loses nothing but its epoch."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tflite_mammo.console import no_progress
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.errors import MammoError
from tflite_mammo.scores import Scores
from tflite_mammo.training import fit as fitting
from tflite_mammo.training.network import Network, build_network
from tflite_mammo.training.recipe import Recipe, read_recipe
from tflite_mammo.training.run import read_history
from tflite_mammo.training.scoring import keras_scores
from tflite_mammo.training.tables import Augment, Head, Schedule, Stage
from tflite_mammo.training.watch import cross_entropy

ONE_EPOCH = Stage(1, learning_rate=1e-3)
EVERYTHING_DRAWN = Augment(
    flip="both", rotation_degrees=10, zoom=0.1, shift=0.1, brightness=0.1, contrast=0.1, noise=0.05, erase=0.3
)


def _recipe(**changes: Any) -> Recipe:
    return replace(read_recipe("small-cnn"), **{"stages": (ONE_EPOCH,), "keep": "best", **changes})


def _fit(
    recipe: Recipe, dataset: Dataset, folder: Path, advance: Callable[[int], None] = no_progress
) -> fitting.Fitted:
    folder.mkdir(exist_ok=True)
    keras.utils.set_random_seed(recipe.seed)
    network = build_network(recipe, dataset)
    return fitting.fit(network, recipe, dataset, folder, advance=advance, notice=lambda _: None)


def _loss(model: keras.Model, dataset: Dataset, part: str) -> float:
    return cross_entropy(keras_scores(model, dataset, dataset.part(part)))


def _same_epochs(one: fitting.Fitted, other: fitting.Fitted) -> bool:
    def without_the_clock(fitted: fitting.Fitted) -> list[object]:
        return [replace(epoch, seconds=0, images_per_second=0) for epoch in fitted.history]

    return without_the_clock(one) == without_the_clock(other)


def _judged_as(monkeypatch: pytest.MonkeyPatch, losses: tuple[float, ...]) -> list[list[np.ndarray]]:
    """Give the epochs these validation losses; the weights that each of them had."""
    seen: list[list[np.ndarray]] = []
    own_figures, own_trainer = fitting.validation_figures, fitting.trainer_of
    models: list[keras.Model] = []

    def figures(scores: Scores) -> dict[str, float]:
        seen.append(models[0].get_weights())
        return {**own_figures(scores), "val_loss": losses[len(seen) - 1]}

    def trainer(network: Network, *rest: Any) -> keras.Model:
        models.append(network.model)
        return own_trainer(network, *rest)

    monkeypatch.setattr(fitting, "validation_figures", figures)
    monkeypatch.setattr(fitting, "trainer_of", trainer)
    return seen


@pytest.mark.parametrize(("keep", "kept"), [("best", 1), ("last", 2)])
def test_the_weights_kept_are_those_of_the_epoch_asked_for(
    prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: str, kept: int
) -> None:
    seen = _judged_as(monkeypatch, (0.6, 0.5, 0.9))
    fitted = _fit(_recipe(stages=(Stage(3),), keep=keep), prepared, tmp_path)
    for one, other in zip(fitted.network.model.get_weights(), seen[kept], strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_stage_starts_from_the_best_weights_so_far(
    prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = _judged_as(monkeypatch, (0.5, 0.9, 0.7))
    _fit(_recipe(stages=(Stage(2), Stage(1, optimizer="sgd", learning_rate=1e-12))), prepared, tmp_path)
    best, spoilt, after = (np.concatenate([weight.ravel() for weight in weights]) for weights in seen)
    assert np.abs(spoilt - best).max() > 1e-4
    np.testing.assert_allclose(after, best, atol=1e-7)


def test_every_stage_trains_what_and_how_it_says(
    prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, float, int, bool]] = []
    own = fitting.trainer_of

    def spy(network: Network, *rest: Any) -> keras.Model:
        trainer = own(network, *rest)
        augmented = any(layer.name == "augment" for layer in trainer.layers)
        rate = float(np.asarray(trainer.optimizer.learning_rate))
        seen.append((type(trainer.optimizer).__name__, round(rate, 6), len(trainer.trainable_weights), augmented))
        return trainer

    monkeypatch.setattr(fitting, "trainer_of", spy)
    stages = (Stage(1, "none", "rmsprop", 1e-3), Stage(1, "all", "adam", 2e-4))
    _fit(_recipe(augment=Augment(flip="vertical"), stages=stages), prepared, tmp_path)
    # The head has two dense layers, the backbone two convolutions: a kernel and a bias each.
    assert seen == [("RMSprop", 0.001, 4, True), ("Adam", 0.0002, 8, True)]


def test_the_history_is_of_the_validation_part(prepared: Dataset, tmp_path: Path) -> None:
    fitted = _fit(_recipe(keep="last"), prepared, tmp_path)
    (epoch,) = fitted.history
    model = fitted.network.model
    scores: Scores = keras_scores(model, prepared, prepared.part("validation"))
    called = scores.finding >= 0.5
    assert epoch.val_loss == pytest.approx(cross_entropy(scores), abs=1e-6)
    assert epoch.val_loss != pytest.approx(_loss(model, prepared, "test"), abs=1e-5)
    assert epoch.val_accuracy == pytest.approx((called == scores.positive).mean())
    assert epoch.val_recall == pytest.approx(called[scores.positive].mean())


def test_patience_ends_a_stage_and_the_next_one_still_runs(prepared: Dataset, tmp_path: Path) -> None:
    useless = Stage(6, optimizer="sgd", learning_rate=1e-12)
    told: list[int] = []
    recipe = _recipe(stages=(useless, ONE_EPOCH), patience=2)
    fitted = _fit(recipe, prepared, tmp_path, told.append)
    assert [epoch.stage for epoch in fitted.history] == [1, 1, 1, 2]
    assert sum(told) == fitting.steps_in(recipe, prepared)


def test_a_plateau_lowers_the_rate_of_the_epochs_after_it(prepared: Dataset, tmp_path: Path) -> None:
    plateau = Schedule("plateau", factor=0.5, patience=1)
    fitted = _fit(_recipe(stages=(Stage(3, "all", "sgd", 1e-12, schedule=plateau),)), prepared, tmp_path)
    assert [epoch.learning_rate for epoch in fitted.history] == pytest.approx([1e-12, 1e-12, 5e-13])


class _StopAfter:
    """Ctrl-C at a certain step."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def __call__(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise KeyboardInterrupt


HARD_TO_RESUME = (
    Stage(2, "all", "sgd", 1e-2, momentum=0.9, layer_decay=3.0, schedule=Schedule("plateau", patience=1)),
    Stage(2, "all", "adamw", 1e-3, weight_decay=0.01, schedule=Schedule("cosine", warmup_epochs=0.5)),
)


@pytest.mark.parametrize("stops", [(3,), (10, 18, 25)], ids=["in the first epoch", "three times"])
def test_a_stopped_training_goes_on_to_the_same_history_and_weights(
    prepared: Dataset, tmp_path: Path, stops: tuple[int, ...]
) -> None:
    head = Head(dense=(8,), dropout=0.5, input_dropout=0.2)
    recipe = _recipe(stages=HARD_TO_RESUME, augment=EVERYTHING_DRAWN, head=head)
    assert fitting.steps_in(recipe, prepared) > max(stops)
    whole = _fit(recipe, prepared, tmp_path / "whole")
    for steps in stops:
        with pytest.raises(KeyboardInterrupt):
            _fit(recipe, prepared, tmp_path / "stopped", _StopAfter(steps))
    resumed = _fit(recipe, prepared, tmp_path / "stopped")
    assert _same_epochs(resumed, whole)
    for one, other in zip(resumed.network.model.get_weights(), whole.network.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_is_done_is_not_done_again(prepared: Dataset, tmp_path: Path) -> None:
    recipe = _recipe(stages=(Stage(2), ONE_EPOCH))
    whole = _fit(recipe, prepared, tmp_path)
    told: list[int] = []
    again = _fit(recipe, prepared, tmp_path, told.append)
    assert (again.history, again.taken_up) == (whole.history, 3)
    assert sum(told) == fitting.steps_in(recipe, prepared)


def test_curves_stand_once_in_tensorboard_however_often_it_was_stopped(prepared: Dataset, tmp_path: Path) -> None:
    recipe = _recipe(stages=(Stage(2),))
    steps = len(fitting._batches(recipe, prepared))
    with pytest.raises(KeyboardInterrupt):
        _fit(recipe, prepared, tmp_path, _StopAfter(steps + 1))
    _fit(recipe, prepared, tmp_path)
    (events,) = (tmp_path / "tensorboard").iterdir()
    assert events.read_bytes().count(b"loss/validation") == 2


def test_half_precision_scales_its_loss_and_resumes(prepared: Dataset, tmp_path: Path) -> None:
    plateau = Schedule("plateau", factor=0.5, patience=1)
    recipe = _recipe(
        precision="mixed_float16", stages=(Stage(3, "all", "adam", 1e-3, layer_decay=1.0, schedule=plateau),)
    )
    network = build_network(recipe, prepared)
    trainer = fitting.trainer_of(network, recipe, recipe.stages[0], prepared, 1)
    assert isinstance(trainer.optimizer, keras.optimizers.LossScaleOptimizer)
    whole = _fit(recipe, prepared, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        _fit(recipe, prepared, tmp_path / "stopped", _StopAfter(fitting.steps_in(recipe, prepared) // 2))
    assert _same_epochs(_fit(recipe, prepared, tmp_path / "stopped"), whole)


def test_what_no_stage_could_train_is_found_before_the_first(prepared: Dataset, tmp_path: Path) -> None:
    for what, words in (("blocks:99", "ask for 2 at most"), ("last:1", "nothing there trains in small-cnn")):
        with pytest.raises(MammoError, match=words):
            _fit(_recipe(stages=(ONE_EPOCH, Stage(1, what))), prepared, tmp_path)
        assert list(tmp_path.iterdir()) == []


def test_a_history_that_a_kill_left_short_is_written_again(prepared: Dataset, tmp_path: Path) -> None:
    recipe = _recipe()
    _fit(recipe, prepared, tmp_path)
    (tmp_path / "history.csv").unlink()
    _fit(recipe, prepared, tmp_path)
    assert len(read_history(tmp_path / "history.csv")) == 1


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.usefixtures("little_resnet18")
def test_averages_are_settled_once_in_the_stage_whose_weights_are_kept(
    prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    """The best epoch lies in the first stage; the second must not replace the averages under its head."""
    settled: list[int] = []
    own = fitting.settle

    def settle(network: Network, *rest: Any) -> None:
        settled.append(sum(len(layer.weights) > 0 and layer.trainable for layer in network.base.layers))
        own(network, *rest)

    monkeypatch.setattr(fitting, "settle", settle)
    _judged_as(monkeypatch, (0.5, 0.9))
    recipe = _recipe(backbone="resnet18", stages=(Stage(1, "all"), Stage(1, "blocks:1")), precision=precision)
    fitted = _fit(recipe, prepared, tmp_path)
    assert len(settled) == 1
    assert np.isfinite(fitted.history[0].val_loss)


def test_mixed_precision_trains_and_is_kept_in_float32(prepared: Dataset, tmp_path: Path) -> None:
    fitted = _fit(_recipe(precision="mixed_bfloat16"), prepared, tmp_path)
    assert np.isfinite(fitted.history[0].loss)
    assert {layer.compute_dtype for layer in fitted.network.model.layers} == {"float32"}

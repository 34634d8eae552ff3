"""Fitting: what the recipe says is what happens, and the epoch kept is the best on the validation part."""

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest

from tflite_mammo.console import no_progress
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.scores import Scores
from tflite_mammo.training import fit as fitting
from tflite_mammo.training.network import Network, build_network
from tflite_mammo.training.recipe import Augment, Recipe, Stage, read_recipe

ONE_EPOCH = Stage(epochs=1, learning_rate=1e-3)


def _recipe(**changes: object) -> Recipe:
    return dataclasses.replace(read_recipe("small-cnn"), stages=(ONE_EPOCH,), **changes)  # type: ignore[arg-type]


def _network(recipe: Recipe, dataset: Dataset) -> Network:
    keras.utils.set_random_seed(0)
    return build_network(recipe, dataset.info.spec.shape, 2)


def _loss(scores: Scores) -> float:
    labels = scores.positive.astype(int)
    return float(-np.log(scores.values[np.arange(labels.size), labels]).mean())


@pytest.mark.parametrize(("keep", "kept"), [("best", 0), ("last", 1)])
def test_the_weights_kept_are_those_of_the_epoch_asked_for(
    prepared: Dataset, monkeypatch: pytest.MonkeyPatch, keep: str, kept: int
) -> None:
    recipe = _recipe(keep=keep)
    network = _network(recipe, prepared)
    start = network.model.get_weights()

    class Trainer:
        """Makes no step: the first epoch ends with the weights as they are, the second with wildly larger ones."""

        def fit(self, _: object, callbacks: list[keras.callbacks.Callback], **__: object) -> None:
            for epoch, scale in enumerate((1.0, 50.0)):
                network.model.set_weights([scale * weight for weight in start])
                callbacks[0].on_epoch_begin(epoch)
                callbacks[0].on_epoch_end(epoch, {"loss": 1.0, "accuracy": 0.5})

    monkeypatch.setattr(fitting, "_trainer", lambda *_: Trainer())
    history = fitting.fit(network, recipe, prepared, no_progress)
    assert history[0].val_loss < history[1].val_loss
    np.testing.assert_array_equal(network.model.get_weights()[0], start[0] * (1.0, 50.0)[kept])


def test_every_stage_trains_what_and_how_it_says(prepared: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, float, int, bool]] = []
    real, frozen = fitting._trainer, []

    def spy(model: keras.Model, *rest: object) -> keras.Model:
        trainer = real(model, *rest)  # type: ignore[arg-type]
        augmented = any(layer.name == "augment" for layer in trainer.layers)
        rate = float(np.asarray(trainer.optimizer.learning_rate))
        seen.append((type(trainer.optimizer).__name__, round(rate, 6), len(model.trainable_weights), augmented))
        return trainer

    def unfreeze(base: keras.Model, what: str, *, batch_norm_frozen: bool) -> None:
        frozen.append(batch_norm_frozen)
        own(base, what, batch_norm_frozen=batch_norm_frozen)

    own = fitting.unfreeze
    monkeypatch.setattr(fitting, "_trainer", spy)
    monkeypatch.setattr(fitting, "unfreeze", unfreeze)
    stages = (Stage(1, "none", "rmsprop", 1e-3), Stage(1, "all", "adam", 2e-4))
    recipe = dataclasses.replace(_recipe(batch_norm="frozen", augment=Augment(flip="vertical")), stages=stages)
    fitting.fit(_network(recipe, prepared), recipe, prepared, no_progress)
    # The head has two dense layers, the backbone two convolutions: a kernel and a bias each.
    assert seen == [("RMSprop", 0.001, 4, True), ("Adam", 0.0002, 8, True)]
    assert frozen == [True, True]


def test_the_history_is_of_the_validation_part(prepared: Dataset) -> None:
    recipe = _recipe(keep="last")
    network = _network(recipe, prepared)
    (epoch,) = fitting.fit(network, recipe, prepared, no_progress)
    of_part = {
        name: _loss(fitting.keras_scores(network.model, prepared, prepared.part(name)))
        for name in ("validation", "test")
    }
    assert epoch.val_loss == pytest.approx(of_part["validation"], abs=1e-5)
    assert epoch.val_loss != pytest.approx(of_part["test"], abs=1e-5)


@pytest.mark.parametrize(
    ("backbone", "black", "white"),
    [
        ("small-cnn", (0, 0, 0), (1, 1, 1)),
        ("resnet50", (-123.68, -116.779, -103.939), (131.32, 138.221, 151.061)),
        ("efficientnet-lite0", (-127 / 128,) * 3, (1.0,) * 3),
    ],
)
def test_pixels_are_normalised_as_the_published_weights_expect(
    backbone: str, black: tuple[float, ...], white: tuple[float, ...]
) -> None:
    recipe = dataclasses.replace(_recipe(), backbone=backbone)
    model = build_network(recipe, (32, 32, 3), 2).model
    normalised = keras.Model(model.input, model.get_layer("normalise").output)
    for value, expected in ((0.0, black), (255.0, white)):
        out = np.asarray(normalised(np.full((1, 32, 32, 3), value, np.float32)))
        np.testing.assert_allclose(out[0, 0, 0], expected, atol=1e-3)


def test_a_run_keeps_its_networks_best_epoch(run: object) -> None:
    from tflite_mammo.training.run import Run

    assert isinstance(run, Run)
    best = min(row["val_loss"] for row in run.history)
    assert _loss(run.scores.of_split("validation")) == pytest.approx(best, abs=1e-5)
    assert Path(run.folder / "model.keras").is_file()

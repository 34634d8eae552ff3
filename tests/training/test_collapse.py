"""Trainings made to collapse: each is named within an epoch, ends with status 1 and leaves its evidence."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.training import train as training
from tflite_mammo.training.network import Network, build_network
from tflite_mammo.training.recipe import Recipe, read_recipe
from tflite_mammo.training.run import Run
from tflite_mammo.training.tables import Stage
from tflite_mammo.training.watch import CollapseError

RECIPE = read_recipe("small-cnn")


def _collapse(recipe: Recipe, dataset: Dataset, folder: Path, words: str) -> list[str]:
    """Train until it collapses; what was said meanwhile."""
    said: list[str] = []
    with pytest.raises(CollapseError, match=words) as caught:
        training.train(recipe, dataset, folder / "run", notice=said.append)
    assert caught.value.status == 1
    assert not (folder / "run").exists()
    return said


def _spoilt(monkeypatch: pytest.MonkeyPatch, spoil: Callable[[keras.Model], None]) -> None:
    def build(recipe: Recipe, dataset: Dataset) -> Network:
        network = build_network(recipe, dataset)
        spoil(network.model)
        return network

    monkeypatch.setattr(training, "build_network", build)


def _saturate(model: keras.Model) -> None:
    """As weights do that were made for other pixels: logits beyond what a softmax can tell apart."""
    output = model.get_layer("logits")
    kernel, bias = output.get_weights()
    output.set_weights([np.zeros_like(kernel), np.array([60.0, -60.0], bias.dtype)])


def test_a_saturated_network_is_stopped_after_its_first_epoch(
    prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _spoilt(monkeypatch, _saturate)
    still = replace(RECIPE, stages=(Stage(5, optimizer="sgd", learning_rate=1e-9),))
    (said,) = _collapse(still, prepared, tmp_path, "collapsed; epoch 1: every image has the score 0.0000")
    assert said.startswith("epoch 1: every image has the score 0.0000: weights made for other pixels")


def test_a_rate_that_blows_the_network_up_is_stopped_after_its_first_epoch(prepared: Dataset, tmp_path: Path) -> None:
    wild = replace(RECIPE, stages=(Stage(5, optimizer="sgd", learning_rate=1e30),))
    (said,) = _collapse(wild, prepared, tmp_path, r"kept as .*run\.collapsed")
    assert re.match(r"epoch 1: (the loss is nan|every image has the score)", said)


def test_units_that_died_leave_one_score_and_are_named(
    prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(model: keras.Model) -> None:
        layer = model.get_layer("dense0")
        layer.set_weights([np.zeros_like(weight) - i for i, weight in enumerate(layer.get_weights())])

    _spoilt(monkeypatch, die)
    (said,) = _collapse(RECIPE, prepared, tmp_path, "every image has the score")
    assert said.startswith("epoch 1")


def test_a_training_that_does_not_move_is_named_and_refused_at_its_end(
    prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = replace(RECIPE, stages=(Stage(2, optimizer="sgd", learning_rate=1e-12),))
    _spoilt(monkeypatch, lambda model: model.get_layer("logits").set_weights(_nearly_even(model)))
    said = _collapse(still, prepared, tmp_path, "the loss stands still at 0.69")
    assert any(words.startswith("epoch 1: the loss stands still") for words in said)


def _nearly_even(model: keras.Model) -> list[np.ndarray]:
    kernel, bias = model.get_layer("logits").get_weights()
    return [kernel * 1e-2, bias]


def _slow_averages(model: keras.Model) -> None:
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.9999
            layer.moving_mean.assign(np.ones(layer.moving_mean.shape))


@pytest.mark.usefixtures("little_resnet18")
def test_lagging_averages_are_named_within_an_epoch(
    prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no more than named: taken anew at the end, they do not lag any longer."""
    _spoilt(monkeypatch, _slow_averages)
    said: list[str] = []
    recipe = replace(RECIPE, backbone="resnet18", stages=(Stage(8, learning_rate=2e-3),))
    training.train(recipe, prepared, tmp_path / "run", notice=said.append)
    assert any("batch norm's moving averages lag behind" in words for words in said)


def test_the_evidence_is_kept_beside_the_name_that_was_asked_for(
    prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _spoilt(monkeypatch, _saturate)
    still = replace(RECIPE, stages=(Stage(5, optimizer="sgd", learning_rate=1e-9),))
    _collapse(still, prepared, tmp_path, "collapsed")
    folder = tmp_path / "run.collapsed"
    kept: dict[str, Any] = json.loads((folder / "collapse.json").read_text())
    assert (kept["sign"], kept["epoch"]) == ("constant", 1)
    assert {"recipe.toml", "history.csv", "model.keras", "environment.json", "augmentation.png"} <= {
        path.name for path in folder.iterdir()
    }
    assert [path.name for path in tmp_path.iterdir()] == ["run.collapsed"]


def test_a_later_collapse_replaces_an_earlier_one_and_a_good_run_lies_beside_it(
    prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = replace(RECIPE, stages=(Stage(1, optimizer="sgd", learning_rate=1e-9),))
    with monkeypatch.context() as spoiling:
        _spoilt(spoiling, _saturate)
        _collapse(still, prepared, tmp_path, "collapsed")
        _collapse(still, prepared, tmp_path, "collapsed")
    assert Run(training.train(RECIPE, prepared, tmp_path / "run").folder).history
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run.collapsed"]

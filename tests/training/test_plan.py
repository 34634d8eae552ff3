"""The dry run: what it says trains is what trains, and no weights are asked for."""

from dataclasses import replace

import numpy as np
import pytest

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.training.fit import steps_in
from tflite_mammo.training.network import build_network
from tflite_mammo.training.plan import plan_of
from tflite_mammo.training.recipe import read_recipe
from tflite_mammo.training.tables import Stage
from tflite_mammo.training.trainer import trainer_of

RECIPE = replace(
    read_recipe("resnet50-u60"), weights="random", batch_norm="adapt", batch_size=4,
    stages=(Stage(1, "none"), Stage(2, "60%", "sgd", momentum=0.9)),
)  # fmt: skip


def test_what_the_plan_says_trains_is_what_trains(prepared: Dataset) -> None:
    plan = plan_of(RECIPE, prepared)
    network = build_network(RECIPE, prepared)
    for number, stage in enumerate(RECIPE.stages, 1):
        trainer = trainer_of(network, RECIPE, stage, prepared, 1)
        assert plan.stages[number - 1].trainable == sum(int(np.prod(v.shape)) for v in trainer.trainable_variables)
        training = {layer.name for layer in network.base.layers if layer.trainable_weights}
        said = {layer.name for layer in plan.layers if number in layer.trains_in and layer.number >= 0}
        assert said == training
    assert plan.parameters == network.model.count_params()
    assert sum(stage.steps for stage in plan.stages) == steps_in(RECIPE, prepared)


def test_layers_bear_the_numbers_that_unfreeze_takes(prepared: Dataset) -> None:
    plan = plan_of(replace(RECIPE, stages=(Stage(1, "from:143"),)), prepared)
    training = [layer.number for layer in plan.layers if layer.trains_in and layer.number >= 0]
    assert min(training) == 143


def test_more_memory_is_needed_for_larger_batches_and_more_layers(prepared: Dataset) -> None:
    head, most = plan_of(RECIPE, prepared).stages
    assert list(most.memory_mb) == ["4", "8", "16", "32", "64", "128"]
    assert sorted(most.memory_mb.values()) == list(most.memory_mb.values())
    assert all(head.memory_mb[size] < most.memory_mb[size] for size in most.memory_mb)


@pytest.mark.parametrize("name", ["resnet50-u60", "phantom-lite0"])
def test_no_weights_are_read_for_a_plan(prepared: Dataset, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tflite_mammo.training.network.load_weights", lambda *_: pytest.fail("read"))
    assert plan_of(replace(read_recipe(name), batch_size=4), prepared).recipe == name

"""Recipe and Dataset to what would happen: layers, what trains when, parameters, steps, memory. No weights are read."""

from dataclasses import dataclass

import numpy as np
from keras.layers import Add, BatchNormalization, Layer

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.training.backbones import expect_there
from tflite_mammo.training.batches import TrainingBatches
from tflite_mammo.training.network import Network, assemble
from tflite_mammo.training.recipe import Recipe
from tflite_mammo.training.tables import Stage
from tflite_mammo.training.trainer import expect_stages, unfreeze_for

SLOTS = {"adam": 2, "adamw": 2, "rmsprop": 1, "sgd": 0, "adagrad": 1, "adamax": 2}
"""Numbers that an optimiser keeps for each one that trains; momentum is one more."""
FLOAT_BYTES = 4
MEGABYTE = 2**20
# Measured with TensorFlow on a CPU (benchmarks/test_memory.py): a process that has built any network, and each layer's
# share of the compiled step.
STARTED_BYTES, LAYER_BYTES = 40 * MEGABYTE, 1.25 * MEGABYTE
IN_FLIGHT = 2
"""Outputs as large as the largest that are under way at once: what a layer reads and writes, or their gradients."""


@dataclass(frozen=True)
class PlannedLayer:
    number: int
    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    trains_in: tuple[int, ...]
    """The stages, from 1."""


@dataclass(frozen=True)
class PlannedStage:
    epochs: int
    steps: int
    trainable: int
    memory_mb: dict[str, int]
    """Estimated, by batch size."""


@dataclass(frozen=True)
class Plan:
    recipe: str
    images: int
    """Of an epoch, copies of the smaller class included."""
    parameters: int
    batch_size: int
    layers: tuple[PlannedLayer, ...]
    stages: tuple[PlannedStage, ...]


def plan_of(recipe: Recipe, dataset: Dataset) -> Plan:
    batches = TrainingBatches(dataset, recipe.balance, recipe.batch_size, recipe.seed)
    network = assemble(recipe, dataset.info.spec.shape, len(dataset.info.classes))
    expect_stages(network, recipe)
    expect_there(recipe.weights)
    trained = [_trained(network, recipe, stage) for stage in recipe.stages]
    every = [*network.base.layers, *(layer for layer in network.model.layers if layer is not network.base)]
    rows = tuple(
        PlannedLayer(
            number if number < len(network.base.layers) else -1,
            layer.name,
            type(layer).__name__,
            tuple(size for size in layer.output.shape if size is not None),
            layer.count_params(),
            tuple(stage for stage, names in enumerate(trained, 1) if layer.name in names),
        )
        for number, layer in enumerate(every)
    )
    stages = tuple(
        PlannedStage(stage.epochs, stage.epochs * len(batches), *_needs(network, recipe, stage))
        for stage in recipe.stages
    )
    return Plan(recipe.name, batches.images_per_epoch, network.model.count_params(), recipe.batch_size, rows, stages)


def _trained(network: Network, recipe: Recipe, stage: Stage) -> set[str]:
    unfreeze_for(stage, network, recipe)
    every = [*network.base.layers, *network.model.layers]
    return {layer.name for layer in every if layer is not network.base and layer.trainable_weights}


def _needs(network: Network, recipe: Recipe, stage: Stage) -> tuple[int, dict[str, int]]:
    """How many numbers train, and the memory that this takes by batch size.

    Weights, gradients, the optimiser's state and the compiled step; then what every image leaves behind: the outputs of
    the layers from the first that trains on, which the way back needs, and those under way.
    """
    unfreeze_for(stage, network, recipe)
    trainable = sum(int(np.prod(variable.shape)) for variable in network.model.trainable_variables)
    slots = SLOTS[stage.optimizer] + bool(stage.momentum)
    fixed = FLOAT_BYTES * (network.model.count_params() + trainable * (1 + slots))
    fixed += STARTED_BYTES + LAYER_BYTES * len(network.base.layers)
    per_image = _kept_per_image(network) * (FLOAT_BYTES if recipe.precision == "float32" else FLOAT_BYTES // 2)
    sizes = sorted({8, 16, 32, 64, 128, recipe.batch_size})
    return trainable, {str(size): round((fixed + size * per_image) / MEGABYTE) for size in sizes}


def _kept_per_image(network: Network) -> int:
    layers = network.base.layers
    first = next((number for number, layer in enumerate(layers) if layer.trainable_weights), len(layers))
    return sum(_kept(layer) for layer in layers[first:]) + IN_FLIGHT * max(_size(layer) for layer in layers)


def _kept(layer: Layer) -> int:
    """Activations write over what they are given by a sum or a batch norm.

    The way back through a batch norm reads its input where it learns; where it is frozen, that is not kept either, and
    what the layer before it was counted for is taken off again.
    """
    if isinstance(layer, BatchNormalization):
        return 0 if layer.trainable_weights else -_size(layer)
    return 0 if isinstance(layer, Add) else _size(layer)


def _size(layer: Layer) -> int:
    return int(np.prod(layer.output.shape[1:]))

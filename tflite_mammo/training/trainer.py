"""One stage made ready to fit: the network behind its augmentation, frozen where the stage says so, compiled."""

import keras
import numpy as np

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.errors import MammoError
from tflite_mammo.training.augment import augmentation
from tflite_mammo.training.backbones import BACKBONES
from tflite_mammo.training.freezing import depths, unfreeze
from tflite_mammo.training.network import Network
from tflite_mammo.training.objective import layer_factors, loss_of, optimizer_of
from tflite_mammo.training.recipe import Recipe
from tflite_mammo.training.tables import Stage

SEED_STATE = "seed_generator_state"


def unfreeze_for(stage: Stage, network: Network, recipe: Recipe) -> None:
    frozen = recipe.batch_norm == "frozen"
    unfreeze(network.base, stage.unfreeze, BACKBONES[recipe.backbone].blocks, batch_norm_frozen=frozen)


def expect_stages(network: Network, recipe: Recipe) -> None:
    """Before the first is trained, whether the network has what every stage wants to train."""
    for stage in recipe.stages:
        unfreeze_for(stage, network, recipe)
        if stage.unfreeze != "none" and not network.base.trainable_weights:
            raise MammoError(
                f"unfreeze '{stage.unfreeze}': nothing there trains in {recipe.backbone}; ask for more layers"
            )


def trainer_of(network: Network, recipe: Recipe, stage: Stage, dataset: Dataset, steps: int) -> keras.Model:
    """Only the network is saved; augmentation never reaches a device."""
    unfreeze_for(stage, network, recipe)
    shape = dataset.info.spec.shape
    pixels = keras.Input(shape, name="pixels")
    augment = augmentation(recipe.augment, shape[2], recipe.seed)
    trainer = keras.Model(pixels, network.model(augment(pixels) if augment else pixels))
    finding = len(dataset.info.classes) - 1
    factors = layer_factors(stage, trainer.trainable_variables, depths(network.base))
    optimizer = optimizer_of(stage, steps, factors)
    if recipe.precision == "mixed_float16":
        # Keras would do so by itself only if the trainer, too, were built in that precision.
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    trainer.compile(
        optimizer=optimizer,
        loss=loss_of(recipe.loss),
        metrics=[
            keras.metrics.CategoricalAccuracy("accuracy"),
            keras.metrics.Precision(class_id=finding, name="precision"),
            keras.metrics.Recall(class_id=finding, name="recall"),
        ],
    )
    trainer.optimizer.build(trainer.trainable_variables)
    return trainer


def reseed(trainer: keras.Model, seed: int, epoch: int) -> None:
    """What an epoch draws depends on its number alone, not on what was drawn before it."""
    states = [variable for variable in trainer.variables if variable.name == SEED_STATE]
    for number, state in enumerate(states):
        state.assign(np.random.SeedSequence([seed, epoch, number]).generate_state(2))

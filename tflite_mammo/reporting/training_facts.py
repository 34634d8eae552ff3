"""What a recipe and its environment say of a training, one sentence a fact, without its full stop."""

from collections.abc import Mapping
from pathlib import PureWindowsPath
from typing import Any

from tflite_mammo.schema import to_dict
from tflite_mammo.training.recipe import Recipe
from tflite_mammo.training.run import Environment
from tflite_mammo.training.tables import Stage


def recipe_facts(recipe: Recipe) -> dict[str, str]:
    published = recipe.normalise == "published"
    normalised = "by fixed numbers of its backbone" if published else "by the training part's mean and deviation"
    return {
        "method": f"Deep learning: a convolutional neural network ({recipe.backbone}) that classifies images",
        "normalised": f"The network scales pixels {normalised}",
        "initial": f"The backbone begins with {_weights(recipe)}, the head at random (seed {recipe.seed})",
        "training": _training(recipe),
        "selection": _selection(recipe),
        "ensemble": "No ensemble: the scores are one network's",
        "balance": _balance(recipe),
    }


def environment_facts(environment: Environment) -> dict[str, str]:
    e = environment
    return {
        "software": f"tflite-mammo {e.tflite_mammo}, Keras {e.keras} on {e.backend} {e.backend_version}, "
        f"NumPy {e.numpy}, Python {e.python}; {e.machine}, {e.minutes:g} minutes",
        "code": f"Trained and scored by tflite-mammo {e.tflite_mammo}, free software (Apache-2.0)",
        "specification": "The run's recipe.toml says how the network is built and model.keras holds it with its "
        "weights; tflite-mammo reads both",
        "unusable": "A file that cannot be read or prepared gets an error with its reason in place of a class; "
        "what can be read is scored whatever its quality",
    }


def model_fact(recipe: Recipe, parameters: int) -> str:
    head = _told(to_dict(recipe.head))
    return f"{recipe.backbone} under a head of its own ({head}), {parameters:,} parameters"


def _weights(recipe: Recipe) -> str:
    if recipe.weights == "random":
        return "random weights"
    # A file's folder says where somebody works; both kinds of slash, since a recipe travels between machines.
    file = f"the file {PureWindowsPath(recipe.weights).name} (its origin is for the author to tell)"
    return f"weights from {'ImageNet' if recipe.weights == 'imagenet' else file}"


def _training(recipe: Recipe) -> str:
    stages = "; ".join(f"stage {i}: {_stage(stage, recipe)}" for i, stage in enumerate(recipe.stages, 1))
    augmented = _told(to_dict(recipe.augment)) or "none"
    return (
        f"Recipe {recipe.name}: {stages}; batches of {recipe.batch_size}, {recipe.precision}, "
        f"batch norm {recipe.batch_norm}, loss {_told(to_dict(recipe.loss))}, augmentation: {augmented}; "
        f"seed {recipe.seed}"
    )


def _stage(stage: Stage, recipe: Recipe) -> str:
    layers = {"none": "the head alone", "all": "all layers"}.get(stage.unfreeze, f"{stage.unfreeze} of the backbone")
    most = "at most " if recipe.patience else ""
    rest = {name: value for name, value in to_dict(stage).items() if name not in ("epochs", "unfreeze")}
    return f"{most}{stage.epochs} epochs of {layers}, {_told(rest)}"


def _selection(recipe: Recipe) -> str:
    kept = f"with the best {recipe.monitor} on the validation part" if recipe.keep == "best" else "that came last"
    ends = f"; a stage ends after {recipe.patience} epochs without a better {recipe.monitor}" if recipe.patience else ""
    return f"The weights kept are those of the epoch {kept}{ends}"


def _balance(recipe: Recipe) -> str:
    if recipe.balance.oversample:
        return "In training, images of the smaller classes are drawn again until all classes are as many"
    if recipe.balance.class_weights:
        return "In training the loss weighs each class against its frequency"
    return "Nothing was done in training about classes of different size"


def _told(table: Mapping[str, Any]) -> str:
    """The settings of a table that do something."""
    words = []
    for name, value in table.items():
        if isinstance(value, Mapping):
            words += [f"{name} ({inner})"] if (inner := _told(value)) else []
        elif value not in (0, "none", "constant", []):
            said = "+".join(map(str, value)) if isinstance(value, list) else value
            words.append(f"{name.replace('_', ' ')} {said}")
    return ", ".join(words)

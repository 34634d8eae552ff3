"""What is trained, declared: train/recipes/NAME.toml to a frozen Recipe. Unknown keys are errors."""

import re
from dataclasses import dataclass, field, replace
from typing import Literal

from tflite_mammo.declared import find
from tflite_mammo.schema import read_toml, to_dict

UNFREEZE = re.compile(r"none|all|(\d+(?:\.\d+)?)%")


@dataclass(frozen=True)
class Head:
    pool: Literal["average", "flatten"] = "average"
    dense: tuple[int, ...] = ()
    dropout: float = 0.0
    """After every dense layer, or before the output where there is none."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.dropout < 1.0:
            raise ValueError(f"dropout {self.dropout}; expected 0 to less than 1")
        if any(units < 1 for units in self.dense):
            raise ValueError(f"dense {list(self.dense)}; expected widths of 1 or more")


@dataclass(frozen=True)
class Stage:
    epochs: int
    unfreeze: str = "all"
    """none (the head alone trains), all, or a share of the backbone's layers from the output side: '60%'."""
    optimizer: Literal["adam", "rmsprop", "sgd"] = "adam"
    learning_rate: float = 1e-3

    def __post_init__(self) -> None:
        match = UNFREEZE.fullmatch(self.unfreeze)
        if not match or (match.group(1) and not 0 < float(match.group(1)) <= 100):
            raise ValueError(f"unfreeze '{self.unfreeze}'; expected 'none', 'all' or a share such as '60%'")
        if self.epochs < 1 or self.learning_rate <= 0:
            raise ValueError("epochs and learning_rate must be above 0")


@dataclass(frozen=True)
class Augment:
    flip: Literal["none", "horizontal", "vertical", "both"] = "none"
    rotation_degrees: float = 0.0
    zoom: float = 0.0
    shift: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0

    def __post_init__(self) -> None:
        shares = {name: value for name, value in to_dict(self).items() if name not in ("flip", "rotation_degrees")}
        for name, value in shares.items():
            if not 0.0 <= value < 1.0:
                raise ValueError(f"{name} {value}; expected 0 to less than 1")
        if not 0.0 <= self.rotation_degrees <= 180.0:
            raise ValueError(f"rotation_degrees {self.rotation_degrees}; expected 0 to 180")


@dataclass(frozen=True)
class Balance:
    oversample: bool = False
    """The smaller class drawn again, each copy newly augmented, until it is as frequent as the larger one."""
    class_weights: bool = False

    def __post_init__(self) -> None:
        if self.oversample and self.class_weights:
            raise ValueError("oversample and class_weights would balance twice; choose one")


@dataclass(frozen=True)
class Recipe:
    name: str
    backbone: Literal["small-cnn", "resnet50", "efficientnet-lite0"]
    stages: tuple[Stage, ...]
    weights: str = "imagenet"
    """imagenet, random, or a file of the backbone's weights."""
    batch_norm: Literal["frozen", "adapt"] = "frozen"
    batch_size: int = 32
    seed: int = 0
    keep: Literal["best", "last"] = "best"
    """best: the weights of the epoch with the lowest validation loss."""
    head: Head = field(default_factory=Head)
    augment: Augment = field(default_factory=Augment)
    balance: Balance = field(default_factory=Balance)

    def __post_init__(self) -> None:
        if not self.stages:
            raise ValueError("no [[stages]]; add one with its epochs")
        if self.batch_size < 1:
            raise ValueError(f"batch_size {self.batch_size}; expected 1 or more")
        if self.batch_norm == "frozen" and self.weights == "random" and self.backbone != "small-cnn":
            raise ValueError("frozen batch norm has nothing to hold with random weights; use batch_norm = 'adapt'")

    @property
    def epochs(self) -> int:
        return sum(stage.epochs for stage in self.stages)


def read_recipe(name: str) -> Recipe:
    """By name or by path; the name in the recipe is the file's."""
    path = find("recipes", name)
    return read_toml(Recipe, path, name=path.stem)


def with_changes(recipe: Recipe, *, weights: str | None, epochs: int | None, seed: int | None) -> Recipe:
    """The recipe with what the command line says otherwise."""
    stages = tuple(replace(stage, epochs=epochs) for stage in recipe.stages) if epochs else recipe.stages
    # Batch norm cannot stay frozen on random weights: it would hold averages of nothing.
    batch_norm = "adapt" if weights == "random" else recipe.batch_norm
    return replace(
        recipe,
        stages=stages,
        weights=recipe.weights if weights is None else weights,
        batch_norm=batch_norm,
        seed=recipe.seed if seed is None else seed,
    )


def recipe_toml(recipe: Recipe) -> str:
    """Resolved: every setting written out, defaults too. The name stays out, since the file's name says it."""
    import tomli_w

    plain = to_dict(recipe)
    del plain["name"]
    return tomli_w.dumps(plain)

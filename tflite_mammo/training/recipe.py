"""What is trained, declared: train/recipes/NAME.toml to a frozen Recipe. Unknown keys are errors."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tflite_mammo.declared import find
from tflite_mammo.evaluation.threshold import rule_of
from tflite_mammo.schema import read_toml, to_dict
from tflite_mammo.scores import ScalingMethod
from tflite_mammo.training.tables import Augment, Balance, Head, Loss, Stage

BackboneName = Literal[
    "small-cnn", "resnet50", "inceptionv3", "mobilenetv2", "mobilenetv3-small", "mobilenetv3-large", "efficientnetb0",
    "resnet18", "resnext50", "wide-resnet50", "efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2",
]  # fmt: skip
Precision = Literal["float32", "mixed_float16", "mixed_bfloat16"]


@dataclass(frozen=True)
class Recipe:
    name: str
    backbone: BackboneName
    stages: tuple[Stage, ...]
    weights: str = "imagenet"
    """imagenet, random, or a file of the backbone's weights."""
    normalise: Literal["published", "training"] = "published"
    """How pixels enter the backbone: as its published weights expect, or by the training part's mean and deviation."""
    batch_norm: Literal["frozen", "adapt"] = "frozen"
    batch_size: int = 32
    precision: Precision = "float32"
    """Of the training; the network that is kept computes in float32."""
    seed: int = 0
    keep: Literal["best", "last"] = "best"
    """Which epoch's weights: the one with the best monitored figure, or the last."""
    monitor: Literal["val_loss", "val_auc", "val_accuracy"] = "val_loss"
    patience: int | None = None
    """A stage ends early after so many epochs without a better monitored figure."""
    calibration: ScalingMethod = "temperature"
    """How scores are made to mean a chance, on the validation part, once the training is over."""
    threshold: str = "youden"
    """The rule that locks it on the validation part: youden, sensitivity:0.9 or cost:5."""
    head: Head = field(default_factory=Head)
    loss: Loss = field(default_factory=Loss)
    augment: Augment = field(default_factory=Augment)
    balance: Balance = field(default_factory=Balance)

    def __post_init__(self) -> None:
        if not self.stages:
            raise ValueError("no [[stages]]; add one with its epochs")
        if self.batch_size < 1:
            raise ValueError(f"batch_size {self.batch_size}; expected 1 or more")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed {self.seed}; expected 0 to {2**32 - 1}")
        if self.patience is not None and self.patience < 1:
            raise ValueError(f"patience {self.patience}; expected 1 or more")
        rule_of(self.threshold)
        if self.batch_norm == "frozen" and self.weights == "random" and self.backbone != "small-cnn":
            raise ValueError("frozen batch norm has nothing to hold with random weights; use batch_norm = 'adapt'")
        if (self.loss.kind == "binary_crossentropy") != (self.head.output == "sigmoid") and self.loss.kind != "focal":
            raise ValueError(
                f"loss {self.loss.kind} on a {self.head.output}; binary_crossentropy goes with sigmoid, "
                "categorical_crossentropy with softmax"
            )

    @property
    def epochs(self) -> int:
        return sum(stage.epochs for stage in self.stages)


def read_recipe(name: str) -> Recipe:
    """By name or by path; the name in the recipe is the file's."""
    path = find("recipes", name)
    return read_toml(Recipe, path, name=path.stem)


def with_changes(
    recipe: Recipe,
    *,
    weights: str | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    batch_size: int | None = None,
    precision: Precision | None = None,
    calibration: ScalingMethod | None = None,
    threshold: str | None = None,
) -> Recipe:
    """The recipe with what the command line says otherwise."""
    changes = {
        "weights": weights, "seed": seed, "batch_size": batch_size, "precision": precision, "calibration": calibration,
        "threshold": threshold,
    }  # fmt: skip
    changed: dict[str, Any] = {name: value for name, value in changes.items() if value is not None}
    if epochs:
        changed["stages"] = tuple(_of_length(stage, epochs) for stage in recipe.stages)
    if weights == "random":
        changed["batch_norm"] = "adapt"  # frozen, it would hold averages of nothing
    return replace(recipe, **changed)


def _of_length(stage: Stage, epochs: int) -> Stage:
    """A shortened stage warms up over the same share of its epochs."""
    warmup = stage.schedule.warmup_epochs * epochs / stage.epochs
    return replace(stage, epochs=epochs, schedule=replace(stage.schedule, warmup_epochs=warmup))


def recipe_toml(recipe: Recipe) -> str:
    """Resolved: every setting written out, defaults too. The name stays out, since the file's name says it."""
    import tomli_w

    plain = to_dict(recipe)
    del plain["name"]
    return tomli_w.dumps(plain)

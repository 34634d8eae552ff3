"""Every backbone in every form, trained on phantoms: what converting changes, weighs and costs.

tflite-mammo phantoms phantoms --patients 160 --seed 5
tflite-mammo prepare phantoms data --adapter phantoms --classes benign,malignant --split 40/20/40
python benchmarks/zoo.py data [--runs zoo-runs] [--weights resnet50=FILE] [--out benchmarks/results/zoo.json]

Networks whose ImageNet weights come in packages start from these, others from --weights or at random. Trained so
briefly, they tell the ways of converting apart; how good they are they do not tell. As fidelity.py, it may be stopped:
runs that are there are not trained again, and one that was stopped goes on.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
from fidelity import measure
from tally import FORMS, by_network
from ways import WAYS

from tflite_mammo.console import CleanCommand, progress, say
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.errors import MammoError
from tflite_mammo.training.fit import steps_in
from tflite_mammo.training.recipe import BackboneName, Recipe, read_recipe
from tflite_mammo.training.tables import Augment, Balance, Stage
from tflite_mammo.training.train import train
from tflite_mammo.training.watch import CollapseError

EPOCHS = 3
LAST_BLOCKS = {"resnext50": "blocks:3", "wide-resnet50": "blocks:3"}
"""What trains of those that would take two cores minutes a step: on a CPU TensorFlow has nothing fast for the gradients
of the one's convolutions in groups, and the other is large."""
IN_PACKAGES = ("efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2")


@click.command(cls=CleanCommand)
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--backbone", "backbones", multiple=True, type=click.Choice(get_args(BackboneName)), help="Default: all")
@click.option("--weights", "files", multiple=True, metavar="BACKBONE=FILE", help="Where its training starts")
@click.option("--runs", type=click.Path(path_type=Path), default=Path("zoo-runs"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path(__file__).parent / "results" / "zoo.json")
def main(data: Path, backbones: tuple[str, ...], files: tuple[str, ...], runs: Path, out: Path) -> None:
    """Train every backbone on phantoms and measure each way of converting it."""
    start = dict.fromkeys(IN_PACKAGES, "imagenet") | dict(map(_start, files))
    recipes = [_recipe(name, start.get(name, "random")) for name in backbones or get_args(BackboneName)]
    ways = {form: WAYS[form] for form in FORMS}
    click.echo("\n".join(by_network(measure(_trained(recipes, Dataset(data), runs), ways, out))))


def _start(text: str) -> tuple[str, str]:
    backbone, _, file = text.partition("=")
    if backbone not in get_args(BackboneName) or not file:
        known = ", ".join(get_args(BackboneName))
        raise MammoError(f"--weights {text}: expected BACKBONE=FILE; backbones are {known}")
    return backbone, file


def _recipe(backbone: str, weights: str) -> Recipe:
    if backbone == "small-cnn":
        return read_recipe(backbone)  # averaged, its features tell nothing
    random = weights == "random"
    return Recipe(
        name=f"zoo-{backbone}",
        backbone=backbone,
        stages=(Stage(EPOCHS, unfreeze=LAST_BLOCKS.get(backbone, "all"), learning_rate=1e-3 if random else 1e-4),),
        weights=weights,
        batch_norm="adapt" if random else "frozen",
        batch_size=8 if random else 16,
        augment=Augment(flip="vertical"),
        balance=Balance(oversample=True),
    )


def _trained(recipes: list[Recipe], dataset: Dataset, runs: Path) -> Iterator[Path]:
    for recipe in recipes:
        folder = runs / recipe.backbone
        if not folder.exists():
            try:
                with progress(f"training {recipe.name}", steps_in(recipe, dataset)) as advance:
                    train(recipe, dataset, folder, resume=True, advance=advance)
            except CollapseError as error:
                say(f"{recipe.backbone} is left out: {error}")
                continue
        yield folder


if __name__ == "__main__":
    main()

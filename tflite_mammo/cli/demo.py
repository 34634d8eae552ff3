"""tflite-mammo demo"""

from pathlib import Path

import click

from tflite_mammo.cli._shared import FOLDER, SEED, start_keras
from tflite_mammo.console import progress, say


@click.command("demo")
@click.option("--out", default="demo-out", show_default=True, type=FOLDER, help="Folder for everything it makes")
@click.option("--recipe", default="phantom-lite0", show_default=True, help="Recipe to train")
@click.option("--weights", default=None, help="imagenet, random or a file")
@click.option("--epochs", default=None, type=click.IntRange(1), help="Epochs of every stage")
@click.option(
    "--patients", default=300, show_default=True, type=click.IntRange(20, 99_999), help="Phantom patients to draw"
)
@click.option("--seed", type=SEED, default=1, show_default=True, help="Seed of phantoms, split and training")
@click.option(
    "--size", type=click.IntRange(32, 1024), default=224, show_default=True, help="Height and width the network sees"
)
def command(
    out: Path, recipe: str, weights: str | None, epochs: int | None, patients: int, seed: int, size: int
) -> None:
    """Walk the whole road on synthetic phantoms; the report's path is the last line

    Draws phantoms, prepares, trains, converts to float16 and int8, measures drift, runs edge_app, measures latency.

    Example: tflite-mammo demo --recipe resnet50-u60
    """
    from tflite_mammo.training.recipe import read_recipe, with_changes

    chosen = with_changes(read_recipe(recipe), weights=weights, epochs=epochs, seed=seed)
    say("synthetic phantoms: what follows shows that the road works, not how well anything finds cancer")
    start_keras()
    from tflite_mammo.demo import DemoPlan, run_demo

    report, within = run_demo(out, DemoPlan(chosen, patients, seed, size), progress)
    # Not status 1: the road was walked, and a verdict on phantoms, either way, is what it shows.
    say(
        "every converted file is within its budget"
        if within
        else "a converted file is BEYOND its budget and was set aside as rejected: see the report"
    )
    click.echo(str(report.resolve()))

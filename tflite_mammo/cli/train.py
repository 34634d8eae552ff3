"""tflite-mammo train"""

from pathlib import Path

import click

from tflite_mammo.cli._shared import FOLDER, SEED, fold_option, json_option, print_json, start_keras
from tflite_mammo.console import progress, say


@click.command("train")
@click.option("--recipe", required=True, help="Name or .toml file")
@click.option("--data", required=True, type=FOLDER, help="Folder from `prepare`")
@click.option("--out", required=True, type=FOLDER, help="New run folder")
@click.option("--weights", default=None, help="imagenet, random or a file")
@click.option("--epochs", default=None, type=click.IntRange(1), help="Epochs of every stage")
@click.option("--seed", default=None, type=SEED, help="Seed instead of the recipe's")
@fold_option
@click.option("--accept-leak", is_flag=True, help="Train even on data with a leak")
@json_option
def command(
    recipe: str, data: Path, out: Path, weights: str | None, epochs: int | None, seed: int | None, fold: int | None,
    accept_leak: bool, as_json: bool,
) -> None:  # fmt: skip
    """Train a recipe on a prepared folder

    Example: tflite-mammo train --recipe resnet50-u60 --data data/ --out runs/u60
    """
    from tflite_mammo.auditing.gate import audited, expect_no_leak, kept_report
    from tflite_mammo.data.dataset import Dataset
    from tflite_mammo.files import expect_new
    from tflite_mammo.training.recipe import read_recipe, with_changes

    chosen = with_changes(read_recipe(recipe), weights=weights, epochs=epochs, seed=seed)
    dataset = Dataset(data, fold)
    expect_new(out)
    report = kept_report(dataset)
    if report is None:
        with progress("auditing images", len(dataset.examples)) as advance:
            report = audited(dataset, advance=advance)
    audit = expect_no_leak(dataset, report, accept=accept_leak)
    start_keras()
    from tflite_mammo.training.fit import steps_in
    from tflite_mammo.training.train import train

    say(f"training {chosen.name}: {chosen.epochs} epochs on {dataset.counts('train')}")
    with progress("training steps", steps_in(chosen, dataset)) as advance:
        run = train(chosen, dataset, out, audit=audit, advance=advance)
    if as_json:
        print_json(run.evaluation)
        return
    from tflite_mammo.reporting.text import evaluation_lines

    for line in evaluation_lines(run.evaluation):
        click.echo(line)
    if audit.accepted:
        click.echo(f"TRAINED ON A LEAK: {audit.leaks} pairs of images show the same in different parts")
    click.echo(f"run in {out}, trained in {60 * run.environment.minutes:.0f} s")

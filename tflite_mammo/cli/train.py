"""tflite-mammo train"""

from pathlib import Path

import click

from tflite_mammo.cli._shared import FOLDER, SEED, fold_option, json_option, print_json, report_of, start_keras
from tflite_mammo.console import progress, say
from tflite_mammo.errors import MammoError

PRECISIONS = click.Choice(("float32", "mixed_float16", "mixed_bfloat16"))


@click.command("train")
@click.option("--recipe", required=True, help="Name or .toml file")
@click.option("--data", required=True, type=FOLDER, help="Folder from `prepare`")
@click.option("--out", type=FOLDER, help="New run folder")
@click.option("--weights", default=None, help="imagenet, random or a file")
@click.option("--epochs", default=None, type=click.IntRange(1), help="Epochs of every stage")
@click.option("--batch-size", default=None, type=click.IntRange(1), help="Images of a step")
@click.option("--precision", default=None, type=PRECISIONS, help="Of the training, not the result")
@click.option("--seed", default=None, type=SEED, help="Seed instead of the recipe's")
@fold_option
@click.option("--resume", is_flag=True, help="Go on where it was stopped")
@click.option("--dry-run", is_flag=True, help="Print what would train, and stop")
@click.option("--accept-leak", is_flag=True, help="Train even on data with a leak")
@json_option
def command(
    recipe: str, data: Path, out: Path | None, fold: int | None, resume: bool, dry_run: bool, accept_leak: bool,
    as_json: bool, **changes: object,
) -> None:  # fmt: skip
    """Train a recipe on a prepared folder

    Example: tflite-mammo train --recipe resnet50-u60 --data data/ --out runs/u60
    """
    from tflite_mammo.data.dataset import Dataset
    from tflite_mammo.training.recipe import read_recipe, with_changes

    chosen = with_changes(read_recipe(recipe), **changes)  # type: ignore[arg-type]
    dataset = Dataset(data, fold)
    if dry_run:
        start_keras()
        from tflite_mammo.reporting.text import plan_lines
        from tflite_mammo.training.plan import plan_of

        plan = plan_of(chosen, dataset)
        print_json(plan) if as_json else click.echo("\n".join(plan_lines(plan)))
        return
    if out is None:
        raise MammoError("--out is missing; name a new folder for the run, or ask for --dry-run")
    from tflite_mammo.auditing.gate import expect_no_leak
    from tflite_mammo.training.place import expect_place

    expect_place(out)
    audit = expect_no_leak(dataset, report_of(dataset), accept=accept_leak)
    start_keras()
    from tflite_mammo.training.fit import steps_in
    from tflite_mammo.training.train import train

    counts = ", ".join(f"{count} {label}" for label, count in dataset.counts("train").items())
    say(f"training {chosen.name}: {chosen.epochs} epoch{'s' if chosen.epochs > 1 else ''} on {counts}")
    with progress("training steps", steps_in(chosen, dataset)) as advance:
        run = train(chosen, dataset, out, audit=audit, resume=resume, advance=advance, notice=say)
    if as_json:
        print_json(run.evaluation)
        return
    from tflite_mammo.reporting.text import headline

    for line in headline(run.evaluation):
        click.echo(line)
    if audit.accepted:
        click.echo(f"TRAINED ON A LEAK: {audit.leaks} pairs of images show the same in different parts")
    click.echo(f"run in {out}, trained in {60 * run.environment.minutes:.0f} s")

"""tflite-mammo drift"""

import math
from pathlib import Path

import click

from tflite_mammo.cli._shared import ANY_PATH, FOLDER, fold_option, json_option, print_json
from tflite_mammo.console import say
from tflite_mammo.errors import MammoError


@click.command("drift")
@click.argument("a", type=ANY_PATH)
@click.argument("b", type=ANY_PATH)
@click.option("--data", type=FOLDER, help="Folder from `prepare`; not needed for two scores.csv")
@click.option("--split", default="test", show_default=True, help="Part to compare on")
@click.option("--threshold", type=float, help="Threshold  [default: the one A or B carries]")
@click.option("--budget", default="int8", show_default=True, help="Preset whose budget holds")
@fold_option
@json_option
def command(
    a: Path, b: Path, data: Path | None, split: str, threshold: float | None, budget: str, fold: int | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Compare what two models decide, A before and B after; status 1 beyond the budget

    Each of A and B is a run, a .tflite file or a scores.csv.

    Example: tflite-mammo drift runs/u60 runs/u60/models/resnet50-u60-int8.tflite --data data/
    """
    from tflite_mammo.cli._judged import opened
    from tflite_mammo.conversion.preset import read_preset
    from tflite_mammo.evaluation.drift import measure_drift

    allowed = read_preset(budget).budget
    if threshold is not None and not math.isfinite(threshold):
        raise MammoError(f"--threshold {threshold}: expected a number")
    tables, carried = [], threshold
    for path in (a, b):
        judged = opened(path)
        _, scores, note = judged.on(data, split, fold)
        say(f"note: {path} is {note}") if note else None
        tables.append(scores)
        own = judged.threshold
        if own is None:
            continue
        if threshold is None and carried not in (None, own.value):
            raise MammoError(
                f"A and B carry thresholds of their own, {carried} and {own.value}; pass one as --threshold"
            )
        carried = own.value if threshold is None else threshold
    if carried is None:
        raise MammoError("two scores.csv carry no threshold; pass the one to compare at with --threshold")
    report = measure_drift(tables[0], tables[1], carried, allowed)
    if as_json:
        print_json(report)
    else:
        click.echo(str(report))
        for file in report.flipped:
            click.echo(f"  flipped: {file}")
    if not report.within:
        raise SystemExit(1)

"""tflite-mammo compare"""

import csv
import math
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tflite_mammo.cli._judged import Judged, JudgedTable, number_in, opened, threshold_of_table
from tflite_mammo.cli._shared import ANY_PATH, FOLDER, fold_option, json_option, print_json
from tflite_mammo.errors import MammoError

if TYPE_CHECKING:
    from tflite_mammo.evaluation.compare import Comparison
    from tflite_mammo.evaluation.pooling import Pooling
    from tflite_mammo.scores import Threshold


@click.command("compare")
@click.argument("a", type=ANY_PATH)
@click.argument("b", type=ANY_PATH)
@click.option("--data", type=FOLDER, help="Folder from `prepare`; not needed for two scores.csv")
@click.option("--split", default="test", show_default=True, help="Part to compare on")
@click.option("--threshold-a", help="Number, or rule for a table  [default: its own]")
@click.option("--threshold-b", help="Number, or rule for a table  [default: its own]")
@click.option(
    "--pool", type=click.Choice(("max", "mean")), default="max", show_default=True, help="How images become a patient"
)
@click.option("--out", type=FOLDER, help="New folder for comparison.json and changed.csv")
@fold_option
@json_option
def command(
    a: Path, b: Path, data: Path | None, split: str, threshold_a: str | None, threshold_b: str | None,
    pool: "Pooling", out: Path | None, fold: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Measure how far model B is above model A on the same patients

    Each of A and B is a run, a .tflite file or a scores.csv, at its own threshold.

    Example: tflite-mammo compare runs/u60 runs/u75 --data data/ --out u60-u75
    """
    from tflite_mammo.evaluation.compare import compare
    from tflite_mammo.files import whole_folder
    from tflite_mammo.reporting.comparison import comparison_lines

    both = opened(a), opened(b)
    locked = _threshold(both[0], threshold_a, "--threshold-a"), _threshold(both[1], threshold_b, "--threshold-b")
    with whole_folder(out) if out else nullcontext() as folder:
        (_, scores_a, note_a), (_, scores_b, note_b) = (one.on(data, split, fold) for one in both)
        notes = tuple(f"{name}: {note}" for name, note in (("A", note_a), ("B", note_b)) if note)
        comparison = compare(scores_a, scores_b, locked, pooling=pool, notes=notes)
        if folder:
            _write(comparison, folder)
    if as_json:
        print_json(comparison)
        return
    for line in comparison_lines(comparison):
        click.echo(line)


def _threshold(judged: Judged, given: str | None, flag: str) -> "Threshold":
    """Asked before the first image is scored."""
    from tflite_mammo.evaluation.threshold import given_threshold

    if isinstance(judged, JudgedTable):
        return threshold_of_table(judged, given, flag)
    if given is None:
        return judged.threshold
    value = number_in(given)
    if value is None or not math.isfinite(value):
        raise MammoError(f"{flag} {given}: expected a number; rules are for tables, and `calibrate` locks a run's")
    return given_threshold(value)


def _write(comparison: "Comparison", folder: Path) -> None:
    from tflite_mammo.evaluation.changed import Changed
    from tflite_mammo.schema import to_json

    (folder / "comparison.json").write_text(to_json(comparison), encoding="utf-8")
    names = [field.name for field in fields(Changed)]
    with (folder / "changed.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["unit", *names])
        for level in comparison.levels:
            table.writerows([level.unit, *(getattr(case, name) for name in names)] for case in level.changed)

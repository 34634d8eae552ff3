"""tflite-mammo audit"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tflite_mammo.cli._shared import FILE, FOLDER, json_option, print_json
from tflite_mammo.console import progress
from tflite_mammo.errors import MammoError

if TYPE_CHECKING:
    from tflite_mammo.auditing.report import Duplicate, LeakReport

LISTED = 12


@click.command("audit")
@click.argument("data", nargs=-1, required=True, type=FOLDER)
@click.option("--model", type=FILE, help="Look for its calibration images in test parts")
@click.option("--out", type=FOLDER, help="Folder for the report  [default for one DATA: DATA/audit]")
@click.option("--workers", default=None, type=click.IntRange(1), help="Processes  [default: all cores]")
@json_option
def command(data: tuple[Path, ...], model: Path | None, out: Path | None, workers: int | None, as_json: bool) -> None:
    """Look for leaks between parts, contradicting labels and shortcuts; status 1 on a leak

    Several DATA are looked at as one, such as training data and an external test set.

    Example: tflite-mammo audit data/ external/ --out audit/
    """
    from tflite_mammo.auditing.audit import audit
    from tflite_mammo.auditing.files import NAMES, write_audit
    from tflite_mammo.auditing.gate import FOLDER as PLACE
    from tflite_mammo.bundle import read_bundle
    from tflite_mammo.data.dataset import Dataset
    from tflite_mammo.files import expect_replaceable

    if len({folder.resolve() for folder in data}) < len(data):
        raise MammoError("the same DATA twice; name each once")
    if len(data) > 1 and out is None:
        raise MammoError("--out is needed for several DATA; name a folder for the report")
    place = out or data[0] / PLACE
    datasets = [Dataset.whole(folder) for folder in data]
    expect_replaceable(place, NAMES)
    card = read_bundle(model).card if model else None
    with progress("auditing images", sum(len(dataset.examples) for dataset in datasets)) as advance:
        report, duplicates, pairs = audit(datasets, card, workers=workers, advance=advance)
    write_audit(place, datasets, report, duplicates, pairs)
    print_json(report) if as_json else _print(report, duplicates, place)
    if report.leak:
        raise SystemExit(1)


def _print(report: "LeakReport", duplicates: "list[Duplicate]", place: Path) -> None:
    from tflite_mammo.auditing.gate import advice

    within = report.duplicates - report.leaks
    click.echo(f"{report.images} images of {report.patients} patients")
    click.echo(f"  {report.leaks:>6} pairs show the same image in different parts")
    click.echo(f"  {within:>6} pairs show the same image within a part")
    click.echo(f"  {report.two_labels:>6} of these pairs bear two labels")
    click.echo(f"  {len(report.shared_patients):>6} patients in different parts" + _some(report.shared_patients))
    click.echo(f"  {report.calibrated_on:>6} validation or test images that the model was calibrated on")
    told = sorted((d for d in duplicates if d.leak or d.two_labels), key=lambda d: not d.leak)
    for duplicate in told[:LISTED]:
        parts = f"{duplicate.part} and {duplicate.other_part}"
        labels = f", labels {duplicate.label} and {duplicate.other_label}" if duplicate.two_labels else ""
        click.echo(f"    {duplicate.file} = {duplicate.other} ({duplicate.how}), {parts}{labels}")
    if len(told) > LISTED:
        click.echo(f"    and {len(told) - LISTED} more in {place / 'duplicates.csv'}")
    for folder, found in report.shortcuts.items():
        click.echo(f"classes told apart without looking at the breast, AUC in {folder} (.5 is good):")
        for shortcut in found:
            click.echo(f"  {shortcut.name:<26} {shortcut.auc}" + ("  SHORTCUT" if shortcut.flagged else ""))
    verdict = "LEAK" if report.leak else "no leak"
    again = f"; {advice(place / 'duplicates.csv')}" if report.leaks and len(report.data) == 1 else ""
    click.echo(f"{verdict}{again}; report in {place}")


def _some(names: tuple[str, ...], most: int = 5) -> str:
    return f": {', '.join(names[:most])}{' and more' if len(names) > most else ''}" if names else ""

"""tflite-mammo runs"""

from pathlib import Path

import click

from tflite_mammo.cli._shared import FOLDER, json_option, print_json
from tflite_mammo.console import say


@click.command("runs")
@click.argument("folder", metavar="DIR", type=FOLDER)
@json_option
def command(folder: Path, as_json: bool) -> None:
    """List every run below a folder, finished or not

    Example: tflite-mammo runs runs/
    """
    from tflite_mammo.reporting.tables import run_lines
    from tflite_mammo.studies.found import find_runs

    found = find_runs(folder)
    if as_json:
        print_json(found)
        return
    for line in run_lines(found):
        click.echo(line)
    if not found:
        say(f"no run below {folder}; `tflite-mammo train` writes one")

"""tflite-mammo inspect"""

from pathlib import Path

import click

from tflite_mammo.cli._shared import FILE, json_option, print_json


@click.command("inspect")
@click.argument("model", type=FILE)
@json_option
def command(model: Path, as_json: bool) -> None:
    """Verify a .tflite file and print its card

    Example: tflite-mammo inspect runs/u60/models/resnet50-u60-int8.tflite
    """
    from tflite_mammo.bundle import read_bundle
    from tflite_mammo.reporting.text import card_lines

    bundle = read_bundle(model)
    if as_json:
        print_json(bundle.card)
        return
    click.echo(f"{model}  {model.stat().st_size / 1e6:.2f} MB, sha256 {bundle.sha256[:16]}, verified")
    for line in card_lines(bundle.card):
        click.echo(line)

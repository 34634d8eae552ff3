"""tflite-mammo convert"""

from pathlib import Path

import click

from tflite_mammo.cli._shared import FILE, FOLDER, data_of, json_option, print_json, start_keras
from tflite_mammo.console import progress
from tflite_mammo.errors import MammoError


@click.command("convert")
@click.argument("run", type=FOLDER)
@click.option("--quant", "quants", multiple=True, required=True, help="Preset name or .toml file; repeat for several")
@click.option("--out", type=FILE, help="The .tflite to write  [default: RUN/models/RECIPE-QUANT.tflite]")
@click.option("--data", type=FOLDER, help="Data of the run, if it moved")
@json_option
def command(run: Path, quants: tuple[str, ...], out: Path | None, data: Path | None, as_json: bool) -> None:
    """Quantise a run to one .tflite file and measure its drift; status 1 beyond the budget

    Example: tflite-mammo convert runs/u60 --quant float16 --quant int8
    """
    from tflite_mammo.conversion.preset import read_preset
    from tflite_mammo.training.run import Run

    opened = Run(run)
    presets = [read_preset(quant) for quant in quants]
    if out and len(presets) > 1:
        raise MammoError(f"--out names one file, --quant {len(presets)} presets; leave --out away or name one --quant")
    if out and out.suffix != ".tflite":
        raise MammoError(f"--out {out}: expected a name that ends in .tflite")
    names = [out or run / "models" / f"{opened.environment.recipe}-{preset.name}.tflite" for preset in presets]
    dataset = data_of(opened, data)
    start_keras()
    from tflite_mammo.conversion.convert import convert

    with progress("converting", len(presets) + 1) as advance:
        results = convert(opened, dataset, list(zip(presets, names, strict=True)), advance=advance)
    if as_json:
        print_json([{"file": str(done.bundle.path), "drift": done.drift} for done in results])
    else:
        for done in results:
            click.echo(f"{done.bundle.path}  {done.bundle.path.stat().st_size / 1e6:.2f} MB")
            click.echo(f"  against the trained network, {done.drift}")
    if not all(done.drift.within for done in results):
        raise SystemExit(1)

"""tflite-mammo convert"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tflite_mammo.cli._shared import FILE, FOLDER, data_of, json_option, print_json, start_keras, typed
from tflite_mammo.console import progress, say
from tflite_mammo.errors import MammoError

if TYPE_CHECKING:
    from tflite_mammo.conversion.convert import Converted
    from tflite_mammo.conversion.preset import QuantPreset


@click.command("convert")
@click.argument("run", type=FOLDER)
@click.option("--quant", "quants", multiple=True, required=True, help="Preset name or .toml file; repeat for several")
@click.option("--out", type=FILE, help="The .tflite to write  [default: RUN/models/RECIPE-QUANT.tflite]")
@click.option("--fallback", is_flag=True, help="Make int8 more precise where needed")
@click.option("--cam", is_flag=True, help="Add a map beside the scores")
@click.option("--data", type=FOLDER, help="Data of the run, if it moved")
@click.option("--budget", help="Preset or .toml file  [default: each preset's own]")
@json_option
def command(
    run: Path, quants: tuple[str, ...], out: Path | None, fallback: bool, cam: bool, data: Path | None,
    budget: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Quantise a run to one .tflite file and measure its drift; status 1 beyond the budget

    Beside the file come a page and its figures: NAME.drift.html, NAME.drift.json.

    Example: tflite-mammo convert runs/u60 --quant float16 --quant int8
    """
    from tflite_mammo.conversion.preset import read_budget, read_preset
    from tflite_mammo.training.run import Run

    opened = Run(run)
    presets = [read_preset(quant) for quant in quants]
    if budget:
        presets = [replace(preset, budget=read_budget(budget)) for preset in presets]
    if out and len(presets) > 1:
        raise MammoError(f"--out names one file, --quant {len(presets)} presets; leave --out away or name one --quant")
    if out and out.suffix != ".tflite":
        raise MammoError(f"--out {out}: expected a name that ends in .tflite")
    names = [out or run / "models" / f"{opened.environment.recipe}-{preset.name}.tflite" for preset in presets]
    _expect_different(names)
    plain = [preset.name for preset in presets if not preset.can_be_searched]
    if fallback and plain:
        say(f"--fallback leaves {', '.join(plain)} as it is: it searches among what litert-quantizer makes in int8")
    dataset = data_of(opened, data)
    start_keras()
    from tflite_mammo.conversion.convert import conversion_steps, convert

    with progress("converting", conversion_steps(presets, fallback=fallback)) as advance:
        results = convert(
            opened, dataset, list(zip(presets, names, strict=True)), cam=cam, fallback=fallback, advance=advance
        )
    if budget:
        results = [replace(done, proof=replace(done.proof, allowed_by=Path(budget).name)) for done in results]
    _report(results, names, presets, as_json)
    if not all(done.drift.within for done in results):
        raise SystemExit(1)


def _expect_different(names: Sequence[Path]) -> None:
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise MammoError(f"{count} of --quant would write {name}; give each preset's file a name of its own")


def _report(
    results: "Sequence[Converted]", names: Sequence[Path], presets: "Sequence[QuantPreset]", as_json: bool
) -> None:
    from tflite_mammo.cli._judged import opened
    from tflite_mammo.cli._subject import subject_of
    from tflite_mammo.conversion.coral import compiled_for_coral
    from tflite_mammo.conversion.place import figures_of, page_of
    from tflite_mammo.files import write_text
    from tflite_mammo.reporting.boards import coral_lines
    from tflite_mammo.reporting.drift import proof_lines
    from tflite_mammo.reporting.drift_page import drift_page
    from tflite_mammo.schema import to_dict, to_json

    told = []
    for done, name, preset in zip(results, names, presets, strict=True):
        subject = subject_of(opened(done.bundle.path))
        write_text(page_of(name), drift_page(done.proof, done.forms, subject, typed(sys.argv[1:])))
        write_text(figures_of(name), to_json(done.proof))
        if done.removed:
            say(f"removed {done.removed}, of an earlier verdict on this name")
        told.append({"file": str(done.bundle.path), **to_dict(done.proof)})
        size = f"{done.bundle.path}, {done.bundle.path.stat().st_size / 1e6:.2f} MB"
        lines = [*proof_lines(done.proof, size), f"  page: {page_of(name)}"]
        if preset.scores == "uint8" and done.drift.within:
            outlook, compiled = compiled_for_coral(done.bundle)
            told[-1]["coral"] = outlook
            lines += [f"  {line}" for line in coral_lines(outlook)]
            lines += [f"  compiled: {compiled.path}"] if compiled else []
        if not as_json:
            click.echo("\n".join(lines))
    if as_json:
        print_json(told)

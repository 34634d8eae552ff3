"""tflite-mammo calibrate"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tflite_mammo.cli._shared import FOLDER, json_option, print_json, start_keras
from tflite_mammo.errors import MammoError

if TYPE_CHECKING:
    from tflite_mammo.scores import ScalingMethod

METHODS = click.Choice(("none", "temperature", "platt"))


@click.command("calibrate")
@click.argument("run", type=FOLDER)
@click.option("--calibration", type=METHODS, help="How scores become chances")
@click.option("--threshold", help="youden, sensitivity:0.9 or cost:5")
@click.option("--out", required=True, type=FOLDER, help="New run folder")
@json_option
def command(run: Path, calibration: "ScalingMethod | None", threshold: str | None, out: Path, as_json: bool) -> None:
    """Calibrate a run anew or lock another threshold, on its validation part alone

    Example: tflite-mammo calibrate runs/u60 --threshold sensitivity:0.95 --out runs/u60-screening
    """
    from tflite_mammo.evaluation.evaluate import evaluate
    from tflite_mammo.evaluation.threshold import rule_of
    from tflite_mammo.files import expect_new
    from tflite_mammo.training.run import Run

    if calibration is None and threshold is None:
        raise MammoError("nothing to change; pass --calibration, --threshold or both")
    if threshold is not None:
        try:
            rule_of(threshold)
        except ValueError as error:
            raise MammoError(f"--{error}") from None
    expect_new(out)
    if out.resolve().is_relative_to(run.resolve()):
        raise MammoError(f"{out} lies in {run} itself; name a folder beside it")
    found = Run(run)
    start_keras()
    from tflite_mammo.reporting.text import headline
    from tflite_mammo.training.verdict import recalibrate

    made = recalibrate(found, out, calibration, threshold)
    # Of the validation part: a menu of test figures to choose from would make the test part another validation part.
    settled = made.evaluation
    verdict = evaluate(made.scores.of_split("validation"), settled.threshold, scaling=settled.scaling)
    if as_json:
        print_json(verdict)
        return
    for line in headline(verdict):
        click.echo(line)
    click.echo(f"run in {out}; the test part is judged by: tflite-mammo evaluate {out}")

"""tflite-mammo benchmark"""

from contextlib import nullcontext
from pathlib import Path

import click

from tflite_mammo.cli._shared import FILE, FOLDER, json_option, print_json
from tflite_mammo.console import progress
from tflite_mammo.errors import MammoError


@click.command("benchmark")
@click.argument("models", type=FILE, nargs=-1, required=True)
@click.option("--threads", default="1,2", show_default=True, help="Numbers of threads")
@click.option("--runtime", default="auto", show_default=True, help="auto, litert or tflite-runtime")
@click.option("--runs", default=100, show_default=True, type=click.IntRange(1), help="Inferences per process")
@click.option("--out", type=FOLDER, help="New folder for latency.json, every sample kept")
@json_option
def command(models: tuple[Path, ...], threads: str, runtime: str, runs: int, out: Path | None, as_json: bool) -> None:
    """Measure the latency of .tflite files on this device

    Each setting runs in three fresh processes, in turns.

    Example: tflite-mammo benchmark a-int8.tflite a-float16.tflite --threads 1,2
    """
    from tflite_mammo.benchmarking.latency import ROUNDS, measure_latency
    from tflite_mammo.files import whole_folder
    from tflite_mammo.reporting.text import latency_lines
    from tflite_mammo.schema import to_json

    counts = _counts(threads)
    with whole_folder(out) if out else nullcontext() as folder:
        with progress("measuring", ROUNDS * len(models) * len(counts)) as advance:
            reports = measure_latency(models, counts, runtime, runs, advance)
        if folder:
            (folder / "latency.json").write_text(to_json(reports), encoding="utf-8")
    if as_json:
        print_json(reports)
        return
    for line in latency_lines(reports):
        click.echo(line)


def _counts(threads: str) -> list[int]:
    try:
        counts = [int(text) for text in threads.split(",")]
    except ValueError:
        counts = []
    if not counts or min(counts) < 1 or max(counts) > 256:
        raise MammoError(f"--threads {threads}: expected whole numbers from 1 to 256, such as 1,2")
    return counts

"""How many calibration images int8 needs: the drift of plain int8 against their number, several draws of each.

python benchmarks/calibration_size.py RUN... [--out benchmarks/results/calibration_size.json]

Judged on each run's own test part at its locked threshold. Ends with the table in Markdown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import click
from trial import Trial, trial_of
from ways import INT8

from tflite_mammo.console import CleanCommand, progress
from tflite_mammo.conversion.quantise import quantise
from tflite_mammo.files import write_text
from tflite_mammo.schema import to_json

COUNTS = (10, 25, 50, 100, 200, 500)
DRAWS = 3
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Row:
    network: str
    seed: int
    calibration_images: int
    draw: int
    images: int
    label_flips: int
    mean_difference: float
    """Of the finding's score, whatever its sign."""


@dataclass(frozen=True)
class Summary:
    """A network and a number of images, over runs and draws."""

    network: str
    calibration_images: int
    flips_percent: float
    mean_difference: float
    low: float
    """Of the draws; so is high."""
    high: float


@click.command(cls=CleanCommand)
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=RESULTS / "calibration_size.json")
def main(runs: tuple[Path, ...], out: Path) -> None:
    """Measure drift against the number of calibration images."""
    rows = [row for folder in runs for row in _rows(trial_of(folder))]
    networks = list(_summaries(rows))
    write_text(out, to_json({"rows": rows, "networks": networks}))
    click.echo("\n".join(_table(networks)))


def _rows(trial: Trial) -> Iterator[Row]:
    there = trial.dataset.part("train").rows.size
    tried = list(product([count for count in COUNTS if count <= there], range(DRAWS)))
    with progress(f"{trial.network}, seed {trial.seed}", len(tried)) as advance:
        for count, draw in tried:
            file = quantise(trial.exported.float32, INT8, trial.calibration(count, draw))
            drift = trial.drift(file, INT8.budget)
            mean = round(drift.score_difference.mean, 5)
            yield Row(trial.network, trial.seed, count, draw, drift.images, drift.label_flips, mean)
            advance(1)


def _summaries(rows: Sequence[Row]) -> Iterator[Summary]:
    for network, count in dict.fromkeys((row.network, row.calibration_images) for row in rows):
        here = [row for row in rows if (row.network, row.calibration_images) == (network, count)]
        means = [row.mean_difference for row in here]
        share = 100 * sum(row.label_flips for row in here) / sum(row.images for row in here)
        yield Summary(network, count, round(share, 2), round(sum(means) / len(means), 5), min(means), max(means))


def _table(networks: Sequence[Summary]) -> Iterator[str]:
    yield from ("| network | calibration images | labels flipped | score difference mean (draws) |", "|" + "---|" * 4)
    for one in networks:
        spread = f"{one.mean_difference:.4f} ({one.low:.4f} to {one.high:.4f})"
        yield f"| {one.network} | {one.calibration_images} | {one.flips_percent:.1f} % | {spread} |"


if __name__ == "__main__":
    main()

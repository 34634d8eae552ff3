"""What converting changes and what it saves, way by way: decisions against the trained network, size, speed, effort.

python benchmarks/fidelity.py RUN... [--ranges] [--out benchmarks/results/fidelity.json]

Judged on each run's own test part at its locked threshold. Rows of other runs stay in the file, so that runs may come
one by one; the files of one run are timed in turns. Ends with the tables in Markdown, a line per network and way.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
from pairs import INVOKES, answering, in_rounds
from tally import Row, Summary, summaries, tables
from trial import Trial, trial_of
from ways import PLAIN, RANGES, REFERENCE, WAYS, Way, budget_of

from tflite_mammo.console import CleanCommand, say
from tflite_mammo.conversion.ladder import Ladder
from tflite_mammo.files import write_text
from tflite_mammo.schema import read_json, to_json

ROUNDS = 21


@dataclass(frozen=True)
class Fidelity:
    rows: tuple[Row, ...]
    networks: tuple[Summary, ...]


@click.command(cls=CleanCommand)
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--ranges", is_flag=True, help="Other ways to choose int8's ranges too")
@click.option("--out", type=click.Path(path_type=Path), default=Path(__file__).parent / "results" / "fidelity.json")
def main(runs: tuple[Path, ...], ranges: bool, out: Path) -> None:
    """Measure what each way of converting changes and saves."""
    click.echo("\n".join(tables(measure(runs, WAYS | (RANGES if ranges else {}), out))))


def measure(runs: Iterable[Path], ways: Mapping[str, Way], out: Path) -> list[Summary]:
    """Writes run by run; returns what `out` tells then."""
    rows = list(read_json(Fidelity, out).rows) if out.exists() else []
    for folder in runs:
        new = measured(trial_of(folder), ways)
        known = {(row.network, row.seed, row.way) for row in new}
        rows = [row for row in rows if (row.network, row.seed, row.way) not in known] + new
        write_text(out, to_json(Fidelity(tuple(rows), tuple(summaries(rows)))))
    return summaries(rows)


def measured(trial: Trial, ways: Mapping[str, Way]) -> list[Row]:
    with TemporaryDirectory() as scratch:
        rows, paths = [], []
        for way, make in ways.items():
            started = time.perf_counter()
            flatbuffer, ladder = make(trial)
            seconds = trial.seconds if way == REFERENCE else time.perf_counter() - started
            rows.append(_row(trial, way, flatbuffer, ladder, seconds))
            paths.append(Path(scratch) / f"{len(paths)}.tflite")
            paths[-1].write_bytes(flatbuffer)
            say(f"{trial.network}, seed {trial.seed}: {way} in {seconds:.1f} s, {rows[-1].label_flips} labels flipped")
        return _timed(rows, paths)


def _row(trial: Trial, way: str, flatbuffer: bytes, ladder: Ladder | None, seconds: float) -> Row:
    drift = trial.drift(flatbuffer, budget_of(way))
    row = Row(
        network=trial.network,
        seed=trial.seed,
        weights=Path(trial.run.recipe.weights).name,
        way=way,
        images=drift.images,
        auc=round(drift.figures["auc"].a or 0.0, 4),
        within=drift.within,
        label_flips=drift.label_flips,
        auc_difference=round(drift.figures["auc"].difference.value or 0.0, 5),
        mean_difference=round(drift.score_difference.mean, 5),
        p99_difference=round(drift.score_difference.p99, 5),
        max_difference=round(drift.score_difference.max, 5),
        size_bytes=len(flatbuffer),
        seconds=round(seconds, 1),
    )
    if ladder is None:
        return row
    rung = ladder.rungs[ladder.chosen]
    return replace(row, chosen=rung.name, layers_in_float=len(rung.in_float), good_enough=ladder.good_enough)


def _timed(rows: Sequence[Row], paths: Sequence[Path]) -> list[Row]:
    one, two = (in_rounds([answering(path, threads) for path in paths], ROUNDS) for threads in (1, 2))
    plain = [row.way for row in rows].index(PLAIN)
    ratios = np.median(one / one[:, [plain]], axis=0)
    ms = np.array([np.median(times, axis=0) * 1000 / INVOKES for times in (one, two)])
    return [
        replace(row, ms=tuple(ms[:, i].round(3).tolist()), times_int8=round(float(ratios[i]), 3))
        for i, row in enumerate(rows)
    ]


if __name__ == "__main__":
    main()

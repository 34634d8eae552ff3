"""The runs of a study to study.csv, a row each, and to what each recipe gave: mean and deviation over its runs."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, stdev

from tflite_mammo.evaluation.figure import NO_FIGURE, Figure
from tflite_mammo.files import whole_file
from tflite_mammo.studies.figures import COMPARED, EXTERNAL, Figures
from tflite_mammo.studies.study import Reported


@dataclass(frozen=True)
class Row:
    """One run of a study, or why there is none."""

    run: str
    recipe: str
    seed: int
    fold: int
    state: str
    failed: bool = False
    """There is no run."""
    trouble: str = ""
    """What went wrong, in words; that may also be after the training."""
    auc: Figure = NO_FIGURE
    """With its interval by patient."""
    figures: Figures = field(default_factory=dict)


@dataclass(frozen=True)
class Spread:
    mean: float
    sd: float | None = None
    """Over n - 1; none of a single run."""
    n: int = 1


@dataclass(frozen=True)
class Summary:
    recipe: str
    runs: int
    failed: int
    figures: dict[str, Spread]
    reported: Reported | None = None


def summarise(recipe: str, rows: Sequence[Row], reported: Reported | None) -> Summary:
    failed = sum(row.failed for row in rows)
    names = [name for name in (*COMPARED, *EXTERNAL) if any(name in row.figures for row in rows)]
    figures = {name: spread_of([row.figures[name] for row in rows if name in row.figures]) for name in names}
    return Summary(recipe, len(rows) - failed, failed, figures, reported)


def spread_of(values: Sequence[float]) -> Spread:
    return Spread(fmean(values), stdev(values) if len(values) > 1 else None, len(values))


def write_rows(rows: Sequence[Row], path: Path) -> None:
    """A cell stays empty where a figure cannot be computed or the run failed."""
    external = EXTERNAL if any(name in row.figures for row in rows for name in EXTERNAL) else ()
    names = ("run", "recipe", "seed", "fold", "state", "auc_low", "auc_high", *COMPARED, *external)
    with whole_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, names, restval="")
        table.writeheader()
        for row in rows:
            known = {"run": row.run, "recipe": row.recipe, "seed": row.seed, "fold": row.fold or "", "state": row.state}
            ends = {"auc_low": row.auc.low, "auc_high": row.auc.high}
            table.writerow({**known, **ends, **row.figures})

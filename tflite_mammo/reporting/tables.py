"""Runs and studies as tables for a terminal of 100 columns."""

from collections.abc import Sequence
from itertools import groupby

from tflite_mammo.evaluation.figure import Figure
from tflite_mammo.reporting.columns import Words, aligned
from tflite_mammo.studies.found import FoundRun
from tflite_mammo.studies.study import Reported
from tflite_mammo.studies.summary import Spread, Summary

UNFINISHED = "not finished"
NOTHING = "-"
STUDIED = {"auc": "AUC", "accuracy": "accuracy", "sensitivity": "sensitivity", "specificity": "specificity"}
CALLED = "called from .5 on, as sources count; a run's own verdict is at its locked threshold"


def run_lines(runs: Sequence[FoundRun]) -> list[str]:
    """One table, its rows under the name of their recipe; then what has not come to its end, and what is damaged."""
    folds = any(run.fold for run in runs)
    heads = ["run", "seed", *(["fold"] if folds else []), "ep.", "test AUC (95 %)", "acc.", "min", "img/s", "data"]
    finished = [run for run in runs if run.recipe]
    cells = aligned([heads, *(_cells(run, folds) for run in finished)], gap=" ")
    lines = [f"{cells[0]} state"] if finished else []
    for recipe, group in groupby(zip(cells[1:], finished, strict=True), key=lambda row: row[1].recipe):
        lines += [recipe, *(f"{text} {run.state}" for text, run in group)]
    rest = [f" {run.run}  {run.state}" for run in runs if not run.recipe]
    return [*lines, *([UNFINISHED] if rest else []), *rest]


def _cells(run: FoundRun, folds: bool) -> Words:
    return [
        f" {run.run}",
        NOTHING if run.seed is None else str(run.seed),
        *([str(run.fold or NOTHING)] if folds else []),
        str(run.epochs or NOTHING),
        interval(run.auc),
        number(run.accuracy.value),
        number(run.minutes, 0 if (run.minutes or 0) >= 100 else 1),
        number(run.images_per_second, 0),
        run.data[:12] or NOTHING,
    ]


def study_lines(summaries: Sequence[Summary]) -> list[str]:
    """Ours as mean and deviation over the runs, and under each recipe what its source published."""
    rows: list[Words] = [["recipe", "runs", *STUDIED.values(), "minutes"]]
    for summary in summaries:
        ours = [spread(summary.figures.get(name)) for name in STUDIED]
        minutes = summary.figures.get("minutes")
        rows.append([summary.recipe, str(summary.runs), *ours, number(minutes.mean if minutes else None, 1)])
        if summary.reported:
            theirs = [published(summary.reported, name) for name in STUDIED]
            rows.append(["  its source", "", *theirs, number(summary.reported.minutes, 1)])
    return aligned(rows)


def spread(figure: Spread | None, digits: int = 3) -> str:
    if figure is None:
        return NOTHING
    return number(figure.mean, digits) + (f" ± {number(figure.sd, digits)}" if figure.sd is not None else "")


def published(reported: Reported | None, name: str, digits: int = 3) -> str:
    value = getattr(reported, name, None)
    sd = getattr(reported, f"{name}_sd", None)
    return spread(None if value is None else Spread(value, sd, 0), digits)


def interval(figure: Figure) -> str:
    text = number(figure.value)
    return text if figure.low is None else f"{text} ({number(figure.low)}-{number(figure.high)})"


def number(value: float | None, digits: int = 3) -> str:
    return NOTHING if value is None else f"{value:.{digits}f}"

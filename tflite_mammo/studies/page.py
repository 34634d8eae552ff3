"""A finished study to report.html: ours beside the source's, curves, matrices, every epoch, and what went wrong."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tflite_mammo import __version__
from tflite_mammo.evaluation.best import confusion
from tflite_mammo.reporting.canvas import COLOURS
from tflite_mammo.reporting.page import render
from tflite_mammo.reporting.plots import PLOTTED, History, history_plot, study_roc_plot
from tflite_mammo.reporting.tables import interval, number, published, spread
from tflite_mammo.scores import Scores
from tflite_mammo.studies.conduct import Conducted
from tflite_mammo.studies.figures import EXTERNAL, OF_A_PART, PUBLISHED
from tflite_mammo.studies.summary import Summary
from tflite_mammo.training.run import Run

ALWAYS = ("auc", "accuracy", "sensitivity", "specificity", "minutes")
DIGITS = {"minutes": 1, "best_epoch": 1, "images_per_second": 0}
MOST_SHADE = 0.6
EPOCH_COLUMNS = ("accuracy", "loss", "val_accuracy", "val_loss")


def study_page(done: Conducted, folder: Path, command: str) -> str:
    """`folder` holds the runs; `command` is what repeats the study."""
    there = [row for row in done.runs if not row.failed]
    runs = {s.recipe: [Run(folder / row.run) for row in there if row.recipe == s.recipe] for s in done.recipes}
    tests = {recipe: [run.scores.of_split("test") for run in found] for recipe, found in runs.items()}
    finished = [run for found in runs.values() for run in found]
    names = _names(done.data.classes)
    compared = [name for name in PUBLISHED if name in ALWAYS or _any_published(done.recipes, name)]
    return render(
        "study.html.j2",
        {
            "study": done.study,
            "data": done.data,
            "external": done.external,
            "finding": done.data.classes[-1],
            "figures": [names[name] for name in compared],
            "comparison": [_compared(summary, compared) for summary in done.recipes],
            "external_figures": [names[name] for name in OF_A_PART],
            "external_rows": [_external(summary) for summary in done.recipes] if done.external else [],
            "key": [_key(i, summary) for i, summary in enumerate(done.recipes)],
            "roc_plot": study_roc_plot(list(tests.values())) if finished else "",
            "matrices": [_matrix(recipe, tables) for recipe, tables in tests.items() if tables],
            "courses": [_course(recipe, [run.history for run in found]) for recipe, found in runs.items() if found],
            "rows": [(row, interval(row.auc), _cell(row.figures, "accuracy"), _cell(row.figures, "minutes"),
                      _cell(row.figures, "images_per_second")) for row in done.runs],
            "failures": done.failures,
            "leak": any(run.audit.accepted for run in finished),
            "command": command,
            "version": __version__,
            "made_with": _made_with(finished),
        },
    )  # fmt: skip


def _names(classes: Sequence[str]) -> dict[str, str]:
    """The finding and what is not it by their own names."""
    finding, rest = classes[-1], classes[0] if len(classes) == 2 else "the rest"
    names = {name: name.replace("_", " ") for name in (*PUBLISHED, *OF_A_PART)}
    sides = {"precision": "precision", "f1": "F1"}
    named = {f"{key}_{side}": f"{word}, {of}" for key, word in sides.items() for side, of in
             (("positive", finding), ("negative", rest))}  # fmt: skip
    return names | named | {"auc": "AUC", "f1_weighted": "F1, weighted"}


def _key(place: int, summary: Summary) -> tuple[str, str, str]:
    return summary.recipe, COLOURS[place % len(COLOURS)], spread(summary.figures.get("auc"))


def _any_published(recipes: Sequence[Summary], name: str) -> bool:
    return any(summary.reported and getattr(summary.reported, name) is not None for summary in recipes)


def _compared(summary: Summary, names: Sequence[str]) -> dict[str, Any]:
    cells = [
        (spread(summary.figures.get(name), _digits(name)), published(summary.reported, name, _digits(name)))
        for name in names
    ]
    return {"summary": summary, "cells": cells}


def _external(summary: Summary) -> tuple[str, list[str]]:
    return summary.recipe, [spread(summary.figures.get(name)) for name in EXTERNAL]


def _digits(name: str) -> int:
    return DIGITS.get(name, 3)


def _cell(figures: dict[str, float], name: str) -> str:
    return number(figures.get(name), _digits(name))


def _matrix(recipe: str, tables: Sequence[Scores]) -> dict[str, Any]:
    """Summed over the runs; the shade is the share of the images of that class."""
    matrix = sum(confusion(scores) for scores in tables)
    shares = matrix / np.maximum(np.sum(matrix, axis=1, keepdims=True), 1)
    rows = [
        [(int(count), share, MOST_SHADE * share) for count, share in zip(counts, parts, strict=True)]
        for counts, parts in zip(np.asarray(matrix), shares, strict=True)
    ]
    classes = tables[0].classes
    return {"recipe": recipe, "runs": len(tables), "classes": classes, "rows": list(zip(classes, rows, strict=True))}


def _course(recipe: str, histories: Sequence[History]) -> dict[str, Any]:
    """The plots and the table of every epoch, the mean of the runs that came so far."""
    longest = max(len(history) for history in histories)
    rows = []
    for i in range(longest):
        there = [history[i] for history in histories if len(history) > i]
        rows.append([i + 1, len(there), *(f"{np.mean([row[name] for row in there]):.4f}" for name in EPOCH_COLUMNS)])
    known = [what for what in PLOTTED if what in histories[0][0]]
    return {
        "recipe": recipe,
        "runs": len(histories),
        "rows": rows,
        "plots": [history_plot(histories, what) for what in known],
    }


def _made_with(runs: Sequence[Run]) -> str:
    """Every set of versions and machines that the runs were trained with."""
    found = Counter(
        f"tflite-mammo {e.tflite_mammo}, Keras {e.keras} on {e.backend} {e.backend_version}, {e.machine}, "
        f"{', '.join(e.devices)}"
        for e in (run.environment for run in runs)
    )
    return "; ".join(f"{words} ({count} runs)" if len(found) > 1 else words for words, count in found.items())

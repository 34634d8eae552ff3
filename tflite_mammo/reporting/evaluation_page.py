"""An Evaluation and what can be shown of it to a folder: evaluation.html, evaluation.json, scores.csv and PNGs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from tflite_mammo import __version__
from tflite_mammo.bundle import INTENDED_USE
from tflite_mammo.evaluation.evaluate import Evaluation
from tflite_mammo.evaluation.metrics import CALLED, PROBABILITY
from tflite_mammo.evaluation.mistakes import Mistake, surest_mistakes
from tflite_mammo.evaluation.pooling import tables_of_units, with_patients
from tflite_mammo.evaluation.ranked import RANKED
from tflite_mammo.reporting.canvas import png, svg
from tflite_mammo.reporting.checklist_facts import Known
from tflite_mammo.reporting.checklists import CLAIM, TRIPOD, Checklist, filled, still_open
from tflite_mammo.reporting.evaluation_plots import plots_of
from tflite_mammo.reporting.page import render
from tflite_mammo.reporting.text import FIGURE_NAMES, UNIT_NAMES
from tflite_mammo.schema import to_json
from tflite_mammo.scores import AS_TRAINED, Scores, write_scores

FALLEN = ("auc", "sensitivity", "specificity", "brier")
CHECKLISTS = (("CLAIM 2024", CLAIM), ("TRIPOD+AI", TRIPOD))
INTERVALS = ("AUC by DeLong, clustered by patient", "shares by Wilson, with the number of images they are worth")
OF_A_CLASS = ("auc", "average_precision", "sensitivity", "precision_positive", "f1_positive")


@dataclass(frozen=True)
class Subject:
    """What is judged."""

    name: str
    kind: str
    made: str = ""
    source: str = ""
    """Of the data it was trained on; nothing where that is not known."""
    synthetic: bool = False
    leak: bool = False
    intended_use: str = INTENDED_USE
    versions: str = ""
    known: Known = field(default_factory=Known)
    """For the checklists."""


def write_evaluation(
    folder: Path, scores: Scores, evaluation: Evaluation, subject: Subject, pictures: Mapping[str, str], command: str
) -> None:
    """`pictures` holds what is to be shown of an image, by its name."""
    write_scores(scores, folder / "scores.csv")
    (folder / "evaluation.json").write_text(to_json(evaluation), encoding="utf-8")
    (folder / "plots").mkdir()
    drawings = plots_of(tables_of_units(with_patients(scores), evaluation.pooling), evaluation)
    for name, (_, draw) in drawings.items():
        png(draw, folder / "plots" / f"{name}.png")
    page = render(
        "evaluation.html.j2",
        {
            **_values(scores, evaluation, subject, pictures),
            "plots": [svg(draw, label) for label, draw in drawings.values()],
            "command": command,
            "version": __version__,
        },
    )
    (folder / "evaluation.html").write_text(page, encoding="utf-8")


def _values(scores: Scores, evaluation: Evaluation, subject: Subject, pictures: Mapping[str, str]) -> dict[str, Any]:
    alarms, missed = surest_mistakes(scores, evaluation.threshold.value)
    known = _known(evaluation, subject, sum(mistake.row.file in pictures for mistake in (*alarms, *missed)))
    return {
        "e": evaluation,
        "subject": subject,
        "finding": evaluation.finding,
        "patients": evaluation.of_patients,
        "units": UNIT_NAMES,
        "names": FIGURE_NAMES,
        "groups": [[(name, FIGURE_NAMES[name]) for name in group] for group in (RANKED, CALLED, PROBABILITY)],
        "class_figures": [(name, "F1" if name == "f1_positive" else FIGURE_NAMES[name]) for name in OF_A_CLASS],
        "fallen": FALLEN,
        "scaling": str(evaluation.scaling),
        "subgroups": [
            (column, list(rows)) for column, rows in groupby(evaluation.subgroups, key=lambda group: group.column)
        ],
        "mapped": known.maps,
        "alarms": _shots(alarms, pictures),
        "missed": _shots(missed, pictures),
        "checklists": [_answered(name, checklist, known) for name, checklist in CHECKLISTS],
    }


def _shots(mistakes: Sequence[Mistake], pictures: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"row": one.row, "score": one.score, "called": one.called, "picture": pictures.get(one.row.file, "")}
        for one in mistakes
    ]


def _answered(name: str, checklist: Checklist, known: Known) -> dict[str, Any]:
    answers = filled(checklist, known)
    return {"name": name, "list": checklist, "answers": answers, "open": still_open(answers)}


def _known(evaluation: Evaluation, subject: Subject, mistakes: int) -> Known:
    """What this evaluation adds to what the subject knows of itself."""
    return replace(
        subject.known,
        threshold=evaluation.threshold,
        scaling="" if evaluation.scaling == AS_TRAINED else str(evaluation.scaling),
        split=evaluation.split,
        maps=subject.known.maps if mistakes else "",
        test_images=evaluation.images,
        test_patients=evaluation.patients,
        positives=evaluation.positives,
        finding=evaluation.finding,
        levels=tuple(level.unit for level in evaluation.levels),
        pooling=f"their {'highest' if evaluation.pooling == 'max' else 'mean'}" if len(evaluation.levels) > 1 else "",
        draws=evaluation.draws,
        intervals=INTERVALS,
        externals=tuple(external.name for external in evaluation.externals),
        subgroups=tuple(dict.fromkeys(group.column for group in evaluation.subgroups)),
        mistakes_shown=mistakes,
        intended_use=subject.intended_use,
    )

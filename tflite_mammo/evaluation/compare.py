"""Two Scores of the same patients' images to a Comparison: how far model B is above model A, and is that chance?

Each model is called at its own locked threshold. Both meet the same drawings of patients, so what is hard or easy for
both cancels out of the difference.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tflite_mammo.evaluation.bootstrap import DRAWS, SEED, numbers
from tflite_mammo.evaluation.changed import Changed, changed
from tflite_mammo.evaluation.differences import Difference, differences
from tflite_mammo.evaluation.figure import is_few, judge
from tflite_mammo.evaluation.mcnemar import McNemar, mcnemar
from tflite_mammo.evaluation.pooling import Pooling, Unit, tables_of_units, with_patients
from tflite_mammo.evaluation.remarks import on_classes, on_rows
from tflite_mammo.scores import Scores, Threshold


@dataclass(frozen=True)
class Compared:
    """The differences of one unit."""

    unit: Unit
    count: int
    positives: int
    figures: dict[str, Difference]
    mcnemar: dict[str, McNemar]
    """By the figure that it tests: among those with the finding, those without, all."""
    changed: tuple[Changed, ...]


@dataclass(frozen=True)
class Comparison:
    split: str
    classes: tuple[str, ...]
    images: int
    patients: int
    thresholds: tuple[Threshold, Threshold]
    """Of A, of B."""
    pooling: Pooling
    levels: tuple[Compared, ...]
    """Images first; sides and patients where that is another table."""
    remarks: tuple[str, ...] = ()
    draws: int = DRAWS
    seed: int = SEED


def compare(
    a: Scores,
    b: Scores,
    thresholds: tuple[Threshold, Threshold],
    *,
    pooling: Pooling = "max",
    notes: tuple[str, ...] = (),
    draws: int = DRAWS,
) -> Comparison:
    given, a, b = a, with_patients(a), with_patients(b.aligned_to(a))
    of_a, of_b = tables_of_units(a, pooling), tables_of_units(b, pooling)
    number = numbers(a.patients)
    levels = tuple(_level(unit, (table, of_b[unit]), thresholds, number, draws) for unit, table in of_a.items())
    return Comparison(
        split="+".join(sorted({row.split for row in a.rows})),
        classes=a.classes,
        images=len(a.rows),
        patients=len(set(a.patients)),
        thresholds=thresholds,
        pooling=pooling,
        levels=levels,
        remarks=(*notes, *_remarks(given, levels)),
        draws=draws,
    )


def _level(
    unit: Unit,
    pair: tuple[Scores, Scores],
    thresholds: tuple[Threshold, Threshold],
    number: Mapping[str, int],
    draws: int,
) -> Compared:
    a, b = (judge(table, threshold.value, number) for table, threshold in zip(pair, thresholds, strict=True))
    right_a, right_b = a.called == a.positive, b.called == b.positive
    members = {"sensitivity": a.positive, "specificity": ~a.positive, "accuracy": np.ones_like(a.positive)}
    return Compared(
        unit=unit,
        count=a.positive.size,
        positives=int(a.positive.sum()),
        figures=differences(a, b, draws),
        mcnemar={name: mcnemar(right_a[rows], right_b[rows], a.owner[rows]) for name, rows in members.items()},
        changed=tuple(_changed(pair, thresholds)),
    )


def _changed(pair: tuple[Scores, Scores], thresholds: tuple[Threshold, Threshold]) -> Iterator[Changed]:
    """Of which one calls the finding, and the other does not."""
    finding = pair[0].classes[-1]
    for one in changed(pair, (thresholds[0].value, thresholds[1].value)):
        if finding in (one.call_a, one.call_b):
            yield one


def _remarks(scores: Scores, levels: tuple[Compared, ...]) -> Iterator[str]:
    images = levels[0]
    yield from on_classes(scores.classes[-1], images.positives, images.count, is_few(scores.positive))
    untold = [level.unit for level in levels if (auc := level.figures["auc"]).a is not None and auc.p is None]
    if untold:
        yield (
            f"the difference of AUCs per {', '.join(untold)} has no interval and no p: too few patients with the "
            "finding or without, or no patient differs from the rest"
        )
    yield from on_rows(scores)

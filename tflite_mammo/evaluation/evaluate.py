"""Scores to an Evaluation: figures with 95 % intervals per image, side and patient, at a threshold that was locked."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.bootstrap import DRAWS, SEED, numbers, owners
from tflite_mammo.evaluation.falls import falls
from tflite_mammo.evaluation.figure import Drawn, Figures, draw, figures_of, is_few, judge
from tflite_mammo.evaluation.metrics import PROBABILITY, Judged
from tflite_mammo.evaluation.pointing import Pointing
from tflite_mammo.evaluation.pooling import UNITS, Pooling, Unit, tables_of_units, with_patients
from tflite_mammo.evaluation.prevalence import AtPrevalence, at_prevalence
from tflite_mammo.evaluation.remarks import remarks_on
from tflite_mammo.evaluation.scaling import unscaled
from tflite_mammo.evaluation.subgroups import Subgroup, subgroups
from tflite_mammo.scores import AS_TRAINED, Scaling, Scores, Threshold, called

PREVALENCES = (0.005, 0.25)
"""Of screening, and of women who were called back for a diagnosis."""
BEFORE = "before scaling"


@dataclass(frozen=True)
class Level:
    """The figures of one unit, of the finding against the rest."""

    unit: Unit
    count: int
    positives: int
    few: bool
    """Too few with the finding, or without, for the figures to be more than hints."""
    calls: tuple[tuple[int, int], tuple[int, int]]
    """Without the finding, then with it: how many were not called, and how many were."""
    figures: Figures
    at_prevalence: tuple[AtPrevalence, ...] = ()


@dataclass(frozen=True)
class Evaluation:
    split: str
    classes: tuple[str, ...]
    images: int
    patients: int
    threshold: Threshold
    pooling: Pooling
    """How the scores of a side or a patient become one; called from the same threshold on."""
    levels: tuple[Level, ...]
    """Images first; sides and patients where that is another table."""
    one_vs_rest: dict[str, Figures] = field(default_factory=dict)
    """Images of each class against all others, where there are more than two."""
    scaling: Scaling = AS_TRAINED
    before_scaling: Figures = field(default_factory=dict)
    """What calibration changed, as it was."""
    subgroups: tuple[Subgroup, ...] = ()
    remarks: tuple[str, ...] = ()
    externals: "tuple[External, ...]" = ()
    pointing: Pointing | None = None
    """Where a network's maps and the lesions' boxes are known."""
    draws: int = DRAWS
    seed: int = SEED

    @property
    def finding(self) -> str:
        return self.classes[-1]

    @property
    def figures(self) -> Figures:
        """Per image."""
        return self.levels[0].figures

    @property
    def positives(self) -> int:
        return self.levels[0].positives

    @property
    def of_patients(self) -> Level:
        """Or of the largest unit below that has both classes: of images, where each patient has one."""
        return next((level for level in reversed(self.levels) if 0 < level.positives < level.count), self.levels[0])


@dataclass(frozen=True)
class External:
    """The same model at the same threshold on data that it has nothing to do with."""

    name: str
    source: str
    evaluation: Evaluation
    falls: dict[str, Figures]
    """Per unit: the figures of the model's own test part less those here."""


def evaluate(
    scores: Scores,
    threshold: Threshold,
    *,
    pooling: Pooling = "max",
    by: Sequence[str] | None = None,
    prevalences: Sequence[float] = PREVALENCES,
    scaling: Scaling = AS_TRAINED,
    mammograms: bool = True,
    notes: Sequence[str] = (),
    draws: int = DRAWS,
) -> Evaluation:
    """`by` names the columns of the subgroups; without it they are those that tell kinds apart. `notes` are remarks
    of whoever knows more of the images than the table.
    """
    if not scores.rows:
        raise MammoError("there is no image to judge: the table of scores is empty")
    given, scores = scores, with_patients(scores)
    tables = _tables(scores, threshold.value, pooling, scaling)
    drawn = draw(tables, len(scores.rows), draws)
    levels = tuple(_level(unit, tables[unit], drawn[unit], prevalences) for unit in UNITS if unit in tables)
    evaluation = Evaluation(
        split="+".join(sorted({row.split for row in scores.rows})),
        classes=scores.classes,
        images=len(scores.rows),
        patients=len(set(scores.patients)),
        threshold=threshold,
        pooling=pooling,
        levels=levels,
        one_vs_rest={
            name: figures_of(tables[_rest_of(name)], drawn[_rest_of(name)])
            for name in scores.classes
            if _rest_of(name) in tables
        },
        scaling=scaling,
        before_scaling=_changed(figures_of(tables[BEFORE], drawn[BEFORE]), scores) if BEFORE in tables else {},
        subgroups=subgroups(scores, threshold.value, by),
        draws=draws,
    )
    return replace(evaluation, remarks=(*notes, *remarks_on(given, evaluation, mammograms=mammograms)))


def with_externals(evaluation: Evaluation, found: Sequence[tuple[str, str, Evaluation]]) -> Evaluation:
    """`found` holds name, source and evaluation of each."""
    externals = [External(name, source, other, falls(evaluation, other)) for name, source, other in found]
    return replace(evaluation, externals=tuple(externals))


def _tables(scores: Scores, threshold: float, pooling: Pooling, scaling: Scaling) -> dict[str, Judged]:
    """Everything that figures are wanted of, whose patients are drawn together."""
    number = numbers(scores.patients)
    tables: dict[str, Scores] = dict(tables_of_units(scores, pooling).items())
    if scaling != AS_TRAINED:
        tables[BEFORE] = unscaled(scores, scaling)
    judged = {name: judge(table, threshold, number) for name, table in tables.items()}
    if len(scores.classes) > 2:
        verdict, owner = called(scores.values, threshold), owners(scores.patients)
        for i, name in enumerate(scores.classes):
            values = scores.values[:, i].astype(np.float64)
            judged[_rest_of(name)] = Judged(values, scores.labels == i, verdict == i, owner)
    return judged


def _rest_of(name: str) -> str:
    """No unit and no class is called so."""
    return f"{name} against the rest"


def _level(unit: Unit, judged: Judged, drawn: Drawn, prevalences: Sequence[float]) -> Level:
    positive, called_it = judged.positive, judged.called
    figures = figures_of(judged, drawn)
    calls = [(int((~part).sum()), int(part.sum())) for part in (called_it[~positive], called_it[positive])]
    return Level(
        unit=unit,
        count=positive.size,
        positives=int(positive.sum()),
        few=is_few(positive),
        calls=(calls[0], calls[1]),
        figures=figures,
        at_prevalence=tuple(at_prevalence(share, figures, drawn, judged.fewest) for share in prevalences),
    )


def _changed(figures: Figures, scores: Scores) -> Figures:
    """What a calibration may change: of two classes it leaves the order of the scores."""
    return {name: figures[name] for name in (*(["auc"] if len(scores.classes) > 2 else []), *PROBABILITY)}

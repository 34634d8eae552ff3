"""One network in its forms, scored on the same patients, to a Proof: what every step towards the device changed."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from tflite_mammo.benchmarking.device import Device, describe_device
from tflite_mammo.benchmarking.glance import Speed, glance
from tflite_mammo.conversion.ladder import Ladder
from tflite_mammo.evaluation.drift import DriftReport, measure_drift
from tflite_mammo.evaluation.figure import is_few
from tflite_mammo.evaluation.remarks import on_classes, on_rows
from tflite_mammo.files import is_table
from tflite_mammo.scores import Scores, Threshold


@dataclass(frozen=True, eq=False)
class Form:
    """The trained network, the file as exported, the file to be shipped; or whatever is compared."""

    name: str
    scores: Scores
    file: Path
    """A network, a .tflite file or a table of scores."""

    @property
    def runs_here(self) -> bool:
        return self.file.suffix.lower() == ".tflite"


@dataclass(frozen=True)
class Stage:
    """What is told of a form beside its scores."""

    name: str
    file: str
    """Without its place on this machine."""
    sha256: str
    size_bytes: int = 0
    """0 for a table of scores, which is no model."""
    speeds: tuple[Speed, ...] = ()


@dataclass(frozen=True)
class Proof:
    split: str
    threshold: Threshold
    allowed_by: str
    """The preset or file whose budget holds."""
    stages: tuple[Stage, ...]
    drift: DriftReport
    """The last against the first: the verdict."""
    steps: tuple[DriftReport, ...]
    """Each against the one before; nothing where there are two."""
    notes: tuple[str, ...] = ()
    """What a reader must know of where the scores come from."""
    remarks: tuple[str, ...] = ()
    """What a reader must know of the images."""
    device: Device | None = None
    """That the speeds were seen on."""
    ladder: Ladder | None = None
    """What a search for more precision tried; None where none was asked for."""


def prove(
    forms: Sequence[Form], drift: DriftReport, threshold: Threshold, allowed_by: str, notes: tuple[str, ...] = ()
) -> Proof:
    """`drift` is that of the last against the first."""
    tables = [form.scores for form in forms]
    first, few = tables[0], is_few(tables[0].positive)
    remarks = (*on_classes(first.classes[-1], drift.positives, drift.images, few), *on_rows(first))
    steps = pairwise(tables) if len(tables) > 2 else ()
    return Proof(
        split="+".join(sorted({row.split for row in first.rows})),
        threshold=threshold,
        allowed_by=allowed_by,
        stages=tuple(_stage(form) for form in forms),
        drift=drift,
        steps=tuple(measure_drift(one, other, threshold.value, drift.budget) for one, other in steps),
        notes=notes,
        remarks=remarks,
    )


Speeds = Mapping[Path, tuple[Speed, ...]]


def speeds_of(forms: Iterable[Form]) -> Speeds:
    """Of those that run here, all of them in turns."""
    files = list(dict.fromkeys(form.file for form in forms if form.runs_here))
    return dict(zip(files, glance(files), strict=True)) if files else {}


def with_speeds(proof: Proof, forms: Sequence[Form], seen: Speeds) -> Proof:
    """`forms` are those of the proof, as they were when they were timed."""
    if not seen:
        return proof
    stages = [replace(stage, speeds=seen.get(form.file, ())) for stage, form in zip(proof.stages, forms, strict=True)]
    return replace(proof, stages=tuple(stages), device=describe_device())


def _stage(form: Form) -> Stage:
    content = form.file.read_bytes()
    size = 0 if is_table(form.file) else len(content)
    return Stage(form.name, form.file.name, hashlib.sha256(content).hexdigest(), size)

"""Scores of images to scores of sides or of patients: the finding against the rest, one row for all images of one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from tflite_mammo.scores import ScoreRow, Scores

Unit = Literal["image", "side", "patient"]
UNITS: tuple[Unit, ...] = get_args(Unit)
Pooling = Literal["max", "mean"]
REST = "rest"


def pooled(scores: Scores, unit: Unit, pooling: Pooling) -> Scores:
    """A side or a patient has the finding if one of its images has. Images that name no side are of no side."""
    if unit == "image":
        return scores
    members: dict[tuple[str, str], list[int]] = {}
    for i, row in enumerate(scores.rows):
        if unit == "patient" or row.side:
            members.setdefault((row.patient, row.side if unit == "side" else ""), []).append(i)
    over, of_images = np.max if pooling == "max" else np.mean, scores.finding
    finding = np.array([over(of_images[rows]) for rows in members.values()])
    name = scores.classes[-1]
    rows = tuple(_row(scores, rows, patient, side, name) for (patient, side), rows in members.items())
    values = np.stack([1 - finding, finding], axis=1)
    return Scores((REST, name), rows, values.astype(np.float32))


def tables_of_units(scores: Scores, pooling: Pooling) -> Mapping[Unit, Scores]:
    """Images first; sides and patients where that makes another table."""
    sides, patients = (pooled(scores, unit, pooling) for unit in UNITS[1:])
    images, of_sides, of_patients = (len(table.rows) for table in (scores, sides, patients))
    tables: dict[Unit, Scores] = {"image": scores}
    if of_sides and of_sides not in (images, of_patients):
        tables["side"] = sides
    return tables if of_patients == images else {**tables, "patient": patients}


def with_patients(scores: Scores) -> Scores:
    """An image that names no patient counts as one of its own: all of them together would be a crowd as one woman."""
    if all(row.patient for row in scores.rows):
        return scores
    rows = tuple(row if row.patient else replace(row, patient=f"?{row.file}") for row in scores.rows)
    return Scores(scores.classes, rows, scores.values)


def _row(scores: Scores, members: Sequence[int], patient: str, side: str, name: str) -> ScoreRow:
    has_it = any(scores.rows[i].label == name for i in members)
    file = f"{patient} {side}" if side else patient
    return ScoreRow(file, patient, side, "", scores.rows[members[0]].split, name if has_it else REST)

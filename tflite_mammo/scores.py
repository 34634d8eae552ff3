"""The table in the middle: one row an image, one score a class. Every verdict is a function of one or two of them."""

import csv
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.errors import MammoError
from tflite_mammo.files import read_table, whole_file

KEYS = ("file", "patient", "side", "view", "split", "label")


@dataclass(frozen=True)
class ScoreRow:
    file: str
    patient: str
    side: str
    view: str
    split: str
    label: str


@dataclass(frozen=True)
class Threshold:
    """From which score of the finding on an image is called."""

    value: float
    rule: str
    locked_on: str
    """Which part of which data, by fingerprint."""

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"threshold {self.value}; expected a number")


def called(values: NDArray[np.float32], threshold: float) -> NDArray[np.int64]:
    """The class that each row of scores is called: the finding from the threshold on, else the best of the rest."""
    rest = values[:, :-1].argmax(axis=1)
    classes: NDArray[np.int64] = np.where(values[:, -1].astype(np.float64) >= threshold, values.shape[1] - 1, rest)
    return classes


@dataclass(frozen=True, eq=False)
class Scores:
    classes: tuple[str, ...]
    rows: tuple[ScoreRow, ...]
    values: NDArray[np.float32]
    """One row per image, one column per class."""

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.rows), len(self.classes)):
            raise MammoError(
                f"scores of shape {self.values.shape}; expected {len(self.rows)} rows for {len(self.classes)} classes"
            )
        bad = np.flatnonzero(~np.isfinite(self.values).all(axis=1))
        if bad.size:
            raise MammoError(f"scores: {bad.size} rows hold no number, the first is {self.rows[int(bad[0])].file}")
        name, count = Counter(row.file for row in self.rows).most_common(1)[0] if self.rows else ("", 0)
        if count > 1:
            raise MammoError(f"scores: {count} rows for {name}; expected one row per image")
        unknown = {row.label for row in self.rows} - set(self.classes)
        if unknown:
            raise MammoError(f"scores: label '{min(unknown)}' is none of the classes {', '.join(self.classes)}")

    @property
    def positive(self) -> NDArray[np.bool_]:
        """Whether the image shows the finding, which is the last class."""
        return np.array([row.label == self.classes[-1] for row in self.rows], dtype=np.bool_)

    @property
    def labels(self) -> NDArray[np.int64]:
        """The number of each image's class."""
        return np.array([self.classes.index(row.label) for row in self.rows], np.int64)

    @property
    def finding(self) -> NDArray[np.float64]:
        """The score of the finding, in float64: beside a float32 a threshold would be rounded before it is compared."""
        return self.values[:, -1].astype(np.float64)

    @property
    def patients(self) -> Sequence[str]:
        return [row.patient for row in self.rows]

    def of_split(self, name: str) -> "Scores":
        keep = [i for i, row in enumerate(self.rows) if row.split == name]
        if not keep:
            present = ", ".join(sorted({row.split for row in self.rows})) or "no row at all"
            raise MammoError(f"scores: no image of split '{name}'; found {present}")
        return Scores(self.classes, tuple(self.rows[i] for i in keep), self.values[keep])

    def aligned_to(self, other: "Scores") -> "Scores":
        """These scores in the order of `other`; both must be of the same images."""
        if self.classes != other.classes:
            raise MammoError(f"scores of classes {', '.join(self.classes)} against {', '.join(other.classes)}")
        place = {row.file: i for i, row in enumerate(self.rows)}
        missing = [row.file for row in other.rows if row.file not in place]
        if missing or len(self.rows) != len(other.rows):
            example = f", such as {missing[0]}" if missing else ""
            raise MammoError(
                f"the two tables are not of the same images: {len(self.rows)} against {len(other.rows)} rows, "
                f"{len(missing)} without a partner{example}"
            )
        order = [place[row.file] for row in other.rows]
        for i, row in zip(order, other.rows, strict=True):
            if self.rows[i].label != row.label:
                raise MammoError(f"{row.file} is {self.rows[i].label} in one table and {row.label} in the other")
        return Scores(self.classes, other.rows, self.values[order])


def write_scores(scores: Scores, path: Path) -> None:
    with whole_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow([*KEYS, *(f"score_{name}" for name in scores.classes)])
        for row, values in zip(scores.rows, scores.values, strict=True):
            # str of a float32 is the shortest text that reads back as the same float32.
            table.writerow([*(getattr(row, key) for key in KEYS), *(str(value) for value in values)])


def read_scores(path: Path) -> Scores:
    columns, lines = read_table(path)
    classes = tuple(name.removeprefix("score_") for name in columns if name.startswith("score_"))
    missing = [key for key in KEYS if key not in columns]
    if missing or len(classes) < 2:
        lacking = missing[0] if missing else "score_<class>, two or more"
        raise MammoError(f"{path}: column '{lacking}' is missing; found {', '.join(columns) or 'an empty file'}")
    rows, values = [], []
    for number, line in lines:
        rows.append(ScoreRow(**{key: line[key] or "" for key in KEYS}))
        try:
            values.append([float(line[f"score_{name}"]) for name in classes])
        except (TypeError, ValueError):
            raise MammoError(f"{path}, line {number}: a score is no number") from None
    return Scores(classes, tuple(rows), np.array(values, np.float32).reshape(len(rows), len(classes)))

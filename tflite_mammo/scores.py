"""The table in the middle: one row an image, one score a class. Every verdict is a function of one or two of them."""

import csv
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.errors import MammoError
from tflite_mammo.files import read_table, whole_file

ScalingMethod = Literal["none", "temperature", "platt"]
KEYS = ("file", "patient", "side", "view", "split", "label")
SCORE = "score_"


@dataclass(frozen=True)
class ScoreRow:
    file: str
    patient: str
    side: str
    view: str
    split: str
    label: str
    more: Mapping[str, str] = field(default_factory=dict)
    """What else is known: density, lesion kind, device. Columns of other names in a table come here."""


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


@dataclass(frozen=True)
class Scaling:
    """How scores were made to mean a chance: new logits are slope x logits, plus the intercept for the finding."""

    method: ScalingMethod = "none"
    slope: float = 1.0
    """One over the temperature."""
    intercept: float = 0.0
    fitted_on: str = ""

    def __post_init__(self) -> None:
        if not (0 < self.slope < math.inf and math.isfinite(self.intercept)):
            raise ValueError(f"a slope of {self.slope} and a shift of {self.intercept}; expected a slope above 0")

    def __str__(self) -> str:
        if self.method == "none":
            return "scores as the network was trained to give them"
        shift = f", shift {self.intercept:+.3f}" if self.method == "platt" else ""
        words = f"temperature {1 / self.slope:.3f}" if self.method == "temperature" else f"slope {self.slope:.3f}"
        return f"{'Platt' if self.method == 'platt' else 'temperature'} scaling, {words}{shift}"


AS_TRAINED = Scaling()


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
            what = f"{bad.size} rows hold a score that is no number" if bad.size > 1 else "a score is no number"
            raise MammoError(f"scores: {what}, the first is of {self.rows[int(bad[0])].file}")
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

    def where(self, keep: NDArray[np.bool_]) -> "Scores":
        rows = tuple(row for row, kept in zip(self.rows, keep, strict=True) if kept)
        return Scores(self.classes, rows, self.values[keep])

    def of_split(self, name: str) -> "Scores":
        keep = np.array([row.split == name for row in self.rows], np.bool_)
        if not keep.any():
            present = ", ".join(sorted({row.split for row in self.rows})) or "no row at all"
            raise MammoError(f"scores: no image of split '{name}'; found {present}")
        return self.where(keep)

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
                f"{len(missing)} without a partner of the same file{example}"
            )
        order = [place[row.file] for row in other.rows]
        for i, row in zip(order, other.rows, strict=True):
            if self.rows[i].label != row.label:
                raise MammoError(f"{row.file} is {self.rows[i].label} in one table and {row.label} in the other")
            if self.rows[i].patient != row.patient:  # intervals are by patient: nobody could say which is right
                raise MammoError(
                    f"{row.file} is of patient '{self.rows[i].patient}' in one table and of '{row.patient}' in the "
                    "other; name the patients alike in both"
                )
        return Scores(self.classes, other.rows, self.values[order])


def write_scores(scores: Scores, path: Path) -> None:
    with whole_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        more = sorted({name for row in scores.rows for name in row.more})
        names = [f"of_{name}" if name.startswith(SCORE) else name for name in more]  # no class of the model's
        table.writerow([*KEYS, *(f"{SCORE}{name}" for name in scores.classes), *names])
        for row, values in zip(scores.rows, scores.values, strict=True):
            # str of a float32 is the shortest text that reads back as the same float32.
            known = [getattr(row, key) for key in KEYS]
            table.writerow([*known, *(str(value) for value in values), *(row.more.get(name, "") for name in more)])


def read_scores(path: Path) -> Scores:
    columns, lines = read_table(path)
    classes = tuple(name.removeprefix(SCORE) for name in columns if name.startswith(SCORE))
    others = [name for name in columns if name not in KEYS and not name.startswith(SCORE)]
    _expect_columns(path, columns, classes)
    rows, values = [], []
    for number, line in lines:
        if None in line:
            raise MammoError(f"{path}, line {number}: more cells than columns; expected {len(columns)}")
        known = {key: line[key] or "" for key in KEYS}
        rows.append(ScoreRow(**known, more={name: line[name] or "" for name in others}))
        try:
            values.append([float(line[f"{SCORE}{name}"]) for name in classes])
        except (TypeError, ValueError):
            raise MammoError(f"{path}, line {number}: a score is no number") from None
    with np.errstate(over="ignore"):  # too large for a float32 it is no number, which is told of below
        table = np.array(values, np.float32).reshape(len(rows), len(classes))
    try:
        return Scores(classes, tuple(rows), table)
    except MammoError as error:
        raise MammoError(f"{path}: {str(error).removeprefix('scores: ')}") from None


def _expect_columns(path: Path, columns: Sequence[str], classes: Sequence[str]) -> None:
    found = ", ".join(columns) or "an empty file"
    for sign, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(columns) == 1 and sign in columns[0]:
            raise MammoError(f"{path}: its cells lie between {name}; expected commas, save it as CSV with commas")
    for key in KEYS:
        if key not in columns:
            like = [name for name in columns if name.strip().lower() == key]
            remedy = f"rename '{like[0]}'" if like else "add it; its cells may be empty where they are not known"
            raise MammoError(f"{path}: column '{key}' is missing; found {found}; {remedy}")
    if len(classes) < 2:
        raise MammoError(
            f"{path}: column 'score_<class>, two or more' is missing; found {found}; of two classes the other's score "
            "is 1 less this one's"
        )
    repeated = [name for name, count in Counter(columns).items() if count > 1]
    if repeated or "" in classes:
        raise MammoError(f"{path}: column '{repeated[0] if repeated else SCORE}'; expected once, with a class's name")

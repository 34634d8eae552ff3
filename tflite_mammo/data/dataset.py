"""The prepared folder DATA/: dataset.json, manifest.csv, images.npy (memory-mapped uint8), cues.csv, problems.csv.

Where lesions are outlined boxes.csv too.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.data.adapters.table import read_examples
from tflite_mammo.data.boxes import read_boxes
from tflite_mammo.data.manifest import PARTS, Example
from tflite_mammo.data.rows import TENSORS, Done
from tflite_mammo.data.split import Split
from tflite_mammo.errors import MammoError
from tflite_mammo.files import read_table
from tflite_mammo.placing import Placed
from tflite_mammo.preprocess import Bytes, PreprocessSpec
from tflite_mammo.schema import read_json
from tflite_mammo.scores import ScoreRow, Scores

COLUMNS = ("row", "file", "lesion", "label", "patient", "same_as", "side", "view", "left", "top", "right", "bottom")
CUES = "cues.csv"
CUE_NAMES = ("width", "height", "file_bytes", "brightness", "border")


@dataclass(frozen=True)
class DatasetInfo:
    """What dataset.json holds."""

    adapter: str
    classes: tuple[str, ...]
    spec: PreprocessSpec
    spec_fingerprint: str
    source: str
    licence: str
    synthetic: bool
    seed: int
    folds: int
    """0 where there is one split."""
    images: int
    problems: dict[str, int]
    """How many rows of problems.csv there are of each kind."""
    counts: dict[str, dict[str, int]]
    """Images per part and class; with folds the parts are called "fold_1 train" and so on."""
    fingerprint: str
    """sha256 over the pixels, the manifest and the classes: what a run says it was trained on."""
    manifest_sha256: str

    def counts_of(self, part: str, fold: int = 0) -> dict[str, int]:
        """Images of each class, in one fold where there are folds; nothing of a part that is not told of."""
        return self.counts.get(f"fold_{fold} {part}" if fold else part, {})


@dataclass(frozen=True)
class Part:
    """One side of the split: which rows of the array, and what is known of each."""

    name: str
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    examples: tuple[Example, ...]


class Dataset:
    """A prepared folder, opened at one of its folds where it has folds. The pixels stay on disk until asked for."""

    def __init__(self, folder: Path, fold: int | None = None) -> None:
        self.folder, self.fold = folder, fold
        self.info = read_info(folder)
        if self.info.spec.fingerprint != self.info.spec_fingerprint:
            raise MammoError(f"{folder}: prepared by a version whose tensors differ from today's; prepare it again")
        _expect_fold(folder, fold, self.info.folds)
        examples = read_examples(folder / "manifest.csv")
        if sha256((folder / "manifest.csv").read_bytes()).hexdigest() != self.info.manifest_sha256:
            raise MammoError(f"{folder}: manifest.csv was changed after it was prepared; prepare the images again")
        self.examples = tuple(replace(e, part=e.folds[fold - 1]) for e in examples) if fold else examples
        patients = {name: frozenset(e.unit for e in self.examples if e.part == name) for name in PARTS}
        self.split = Split(**patients)
        shape = (len(self.examples), *self.info.spec.shape)
        if self.images.shape != shape:
            raise MammoError(
                f"{folder}: images.npy holds {self.images.shape}, the manifest says {shape}; prepare again"
            )

    @classmethod
    def whole(cls, folder: Path) -> "Dataset":
        """For looking at all of it: at the first fold, where there are folds."""
        return cls(folder, fold=1 if read_info(folder).folds else None)

    @cached_property
    def images(self) -> Bytes:
        try:
            images: Bytes = np.load(self.folder / TENSORS, mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            raise MammoError(f"{self.folder}: images.npy cannot be read ({error}); prepare it again") from error
        return images

    def part(self, name: str) -> Part:
        if name not in PARTS:
            raise MammoError(f"no part is called '{name}'; there are: {', '.join(PARTS)}")
        rows = [i for i, example in enumerate(self.examples) if example.part == name]
        if not rows:
            raise MammoError(f"{self.folder}: its {name} part is empty; prepare it with a larger share")
        examples = tuple(self.examples[i] for i in rows)
        labels = np.array([self.info.classes.index(example.label) for example in examples], np.int64)
        return Part(name, np.array(rows, np.int64), labels, examples)

    @cached_property
    def row_of(self) -> dict[str, int]:
        """By the example's name in every table."""
        return {example.name: row for row, example in enumerate(self.examples)}

    @cached_property
    def cues(self) -> dict[str, NDArray[np.float64]]:
        """What can be told of each file without looking at the breast: size, bytes, brightness."""
        columns, lines = read_table(self.folder / CUES)
        try:
            cues = {name: np.array([float(row[name]) for _, row in lines]) for name in columns}
        except (TypeError, ValueError):
            cues = {}
        if set(cues) != set(CUE_NAMES) or len(lines) != len(self.examples):
            raise MammoError(f"{self.folder}: {CUES} was changed after it was prepared; prepare the images again")
        return cues

    @cached_property
    def boxes(self) -> dict[int, Placed]:
        """Where the lesion lies on the tensor, by row; none in data that an earlier version prepared."""
        return read_boxes(self.folder, self.images.shape)

    def counts(self, name: str) -> dict[str, int]:
        part = self.part(name)
        return {label: int((part.labels == i).sum()) for i, label in enumerate(self.info.classes)}

    def tensors(self, part: Part) -> Iterator[Bytes]:
        return (self.images[row] for row in part.rows)

    def scores(self, part: Part, values: NDArray[np.float32]) -> Scores:
        """The table of what some predictor said of every image of one part."""
        rows = tuple(ScoreRow(e.name, e.patient, e.side, e.view, part.name, e.label, e.more) for e in part.examples)
        return Scores(self.info.classes, rows, values)

    def expect_spec(self, spec: PreprocessSpec, whose: str) -> None:
        """A model must see pixels made as those it was trained on."""
        if spec.fingerprint != self.info.spec_fingerprint:
            raise MammoError(
                f"{self.folder} was prepared otherwise than {whose} expects: {self.info.spec.differences(spec)}; "
                "prepare the images again with that model's settings (--like)"
            )

    def expect_classes(self, classes: tuple[str, ...], whose: str) -> None:
        if classes != self.info.classes:
            raise MammoError(
                f"{self.folder} holds the classes {', '.join(self.info.classes)}, {whose} knows {', '.join(classes)}; "
                f"prepare it again with --classes {','.join(classes)}"
            )


def read_info(folder: Path) -> DatasetInfo:
    if not (folder / "dataset.json").is_file():
        raise MammoError(f"{folder}: no dataset.json; expected a folder that `tflite-mammo prepare` wrote")
    return read_json(DatasetInfo, folder / "dataset.json")


def write_manifest(path: Path, examples: Sequence[Example]) -> None:
    more = sorted({key for example in examples for key in example.more})
    folds = range(len(examples[0].folds))
    parts = [f"fold_{number + 1}" for number in folds] or ["split"]
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow([*COLUMNS, *parts, *more])
        for row, e in enumerate(examples):
            box: tuple[object, ...] = e.box or ("", "", "", "")
            known = [row, e.file, e.lesion, e.label, e.patient, e.group, e.side, e.view, *box, *(e.folds or [e.part])]
            table.writerow([*known, *(e.more.get(key, "") for key in more)])


def write_cues(path: Path, rows: Sequence[Done]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(CUE_NAMES)
        table.writerows([getattr(done, name) for name in CUE_NAMES] for done in rows)


def _expect_fold(folder: Path, fold: int | None, folds: int) -> None:
    if folds and fold is None:
        raise MammoError(f"{folder} is prepared in {folds} folds; say which with --fold 1 to {folds}")
    if fold is not None and not 1 <= fold <= folds:
        there = f"1 to {folds}" if folds else "none, it has one split"
        raise MammoError(f"{folder}: no fold {fold}; there are: {there}")

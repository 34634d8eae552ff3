"""The prepared folder DATA/: dataset.json, manifest.csv, images.npy (memory-mapped uint8), problems.csv."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.data.adapters.table import read_examples
from tflite_mammo.data.manifest import PARTS, Example
from tflite_mammo.data.split import Split
from tflite_mammo.errors import MammoError
from tflite_mammo.preprocess import Bytes, PreprocessSpec
from tflite_mammo.schema import read_json
from tflite_mammo.scores import ScoreRow, Scores

COLUMNS = ("row", "file", "label", "patient", "side", "view", "split", "left", "top", "right", "bottom")


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
    images: int
    problems: int
    counts: dict[str, dict[str, int]]
    """Images per part and class."""
    fingerprint: str
    """sha256 over the pixels, the manifest and the classes: what a run says it was trained on."""
    manifest_sha256: str
    left_out: dict[str, int] = field(default_factory=dict)
    """Images of classes that were not asked for."""


@dataclass(frozen=True)
class Part:
    """One side of the split: which rows of the array, and what is known of each."""

    name: str
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    examples: tuple[Example, ...]


class Dataset:
    """A prepared folder, opened. The pixels stay on disk until a row is asked for."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "dataset.json").is_file():
            raise MammoError(f"{folder}: no dataset.json; expected a folder that `tflite-mammo prepare` wrote")
        self.folder = folder
        self.info = read_json(DatasetInfo, folder / "dataset.json")
        if self.info.spec.fingerprint != self.info.spec_fingerprint:
            raise MammoError(f"{folder}: prepared by a version whose tensors differ from today's; prepare it again")
        self.examples = read_examples(folder / "manifest.csv")
        if sha256((folder / "manifest.csv").read_bytes()).hexdigest() != self.info.manifest_sha256:
            raise MammoError(f"{folder}: manifest.csv was changed after it was prepared; prepare the images again")
        patients = {name: frozenset(e.patient for e in self.examples if e.part == name) for name in PARTS}
        self.split = Split(**patients)
        shape = (len(self.examples), *self.info.spec.shape)
        if self.images.shape != shape:
            raise MammoError(
                f"{folder}: images.npy holds {self.images.shape}, the manifest says {shape}; prepare again"
            )

    @cached_property
    def images(self) -> Bytes:
        try:
            images: Bytes = np.load(self.folder / "images.npy", mmap_mode="r")
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

    def tensors(self, part: Part) -> Iterator[Bytes]:
        return (self.images[row] for row in part.rows)

    def scores(self, part: Part, values: NDArray[np.float32]) -> Scores:
        """The table of what some predictor said of every image of one part."""
        rows = tuple(ScoreRow(e.file, e.patient, e.side, e.view, part.name, e.label) for e in part.examples)
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


def write_manifest(path: Path, examples: tuple[Example, ...]) -> None:
    more = sorted({key for example in examples for key in example.more})
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow([*COLUMNS, *more])
        for row, e in enumerate(examples):
            box: tuple[object, ...] = e.box or ("", "", "", "")
            known = [row, e.file, e.label, e.patient, e.side, e.view, e.part, *box]
            table.writerow([*known, *(e.more.get(key, "") for key in more)])

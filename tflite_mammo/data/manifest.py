"""What is known of a collection before its pixels are touched: its examples, classes, source and licence."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from tflite_mammo.errors import MammoError
from tflite_mammo.imaging import Box

PARTS = ("train", "validation", "test")
COLUMNS = ("label", "patient", "side", "view", "lesion", "split")
"""What every collection may say of an example, besides what its adapter alone knows."""
RESERVED = ("error", "refused")
"""What edge_app writes in the place of a class."""
ProblemKind = Literal["unreadable", "row", "absent", "duplicate", "patient", "two labels", "left out"]


@dataclass(frozen=True, slots=True)
class Example:
    file: str
    """Relative to the collection's folder, with forward slashes."""
    label: str
    patient: str
    side: str = ""
    """left or right, the woman's own; empty where it is not known."""
    view: str = ""
    """CC, MLO or another; empty where it is not known."""
    lesion: str = ""
    """Which lesion of the file is meant, where its owners outline lesions; empty for the image as a whole."""
    box: Box | None = None
    """The lesion: left, top, right, bottom in pixels of the original image."""
    mask: str = ""
    """An image of the same size, not zero where the lesion lies: `box` is found from it when the pixels are read."""
    part: str = ""
    """train, validation or test where the collection's owners split it; else empty."""
    folds: tuple[str, ...] = ()
    """The part in each fold, where there are folds."""
    group: str = ""
    """The patient with whom this one shares an image, as an audit found; a split keeps them together."""
    more: dict[str, str] = field(default_factory=dict)
    """What else the adapter knows: density, lesion kind, device."""

    @property
    def unit(self) -> str:
        """What a split may not part: the patient, or all patients of a group."""
        return self.group or self.patient

    @property
    def name(self) -> str:
        """The one name of this example in every table."""
        return f"{self.file}#{self.lesion}" if self.lesion else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing about a collection that a person should know: a row of problems.csv."""

    file: str
    kind: ProblemKind
    """patient, two labels and left out are told and counted; the others kept an image from being used."""
    reason: str

    def __post_init__(self) -> None:
        # A name that is not UTF-8 could not be written down.
        object.__setattr__(self, "file", self.file.encode("utf-8", "replace").decode())


@dataclass(frozen=True)
class Manifest:
    root: Path
    classes: tuple[str, ...]
    """The last one is the finding that a score counts for: malignant."""
    examples: tuple[Example, ...]
    source: str
    licence: str = "not stated"
    synthetic: bool = False
    problems: tuple[Problem, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.classes)) < 2 or len(set(self.classes)) < len(self.classes):
            found = f"classes {', '.join(self.classes)}" if self.classes else "no image that can be used"
            raise MammoError(f"{self.root}: {found}; expected two classes or more, each once{self._first_problem()}")
        for name in self.classes:
            if name in RESERVED or not name.isprintable() or name != name.strip():
                raise MammoError(f"{self.root}: a class may not be called {name!r}; rename it")
        name, count = next(iter(Counter(example.name for example in self.examples).most_common(1)), ("", 0))
        if count > 1:
            raise MammoError(f"{self.root}: {name} stands {count} times; expected each image once")
        counts = Counter(example.label for example in self.examples)
        for label in counts:
            if label not in self.classes:
                raise MammoError(f"{self.root}: label '{label}' is none of the classes {', '.join(self.classes)}")
        empty = [name for name in self.classes if not counts[name]]
        if empty:
            raise MammoError(
                f"{self.root}: no image of class '{empty[0]}'; found {_counted(counts) or 'none at all'}"
                f"{self._first_problem()}"
            )

    def _first_problem(self) -> str:
        return f"; the first problem: {self.problems[0].file}: {self.problems[0].reason}" if self.problems else ""

    def only(self, classes: tuple[str, ...]) -> "Manifest":
        """The same collection without the examples of other classes, which become problems of the kind 'left out'."""
        listed = ", ".join(classes)
        kept, out = self._kept(lambda e: "" if e.label in classes else f"label '{e.label}' is none of {listed}")
        return replace(self, classes=classes, examples=kept, problems=self.problems + out)

    def where(self, column: str, value: str) -> "Manifest":
        """The same collection without the examples of which `column` says something else."""
        known = {*COLUMNS, *(key for example in self.examples for key in example.more)}
        if column not in known:
            raise MammoError(f"{self.root}: no column is called '{column}'; there are: {', '.join(sorted(known))}")
        kept, out = self._kept(
            lambda example: "" if cell(example, column) == value else f"{column} is '{cell(example, column)}'"
        )
        if not kept:
            there = sorted({cell(example, column) for example in self.examples})
            raise MammoError(f"{self.root}: {column} is never '{value}'; found {', '.join(there[:10])}")
        return replace(self, classes=present(self.classes, kept), examples=kept, problems=self.problems + out)

    def outlined(self) -> "Manifest":
        """Only what has an outline, for crops of the lesion."""
        kept, out = self._kept(lambda e: "" if e.box or e.mask else "no lesion is outlined in it, and crop is 'roi'")
        if not kept:
            raise MammoError(f"{self.root}: no lesion is outlined in it; crop 'roi' needs boxes, circles or outlines")
        return replace(self, classes=present(self.classes, kept), examples=kept, problems=self.problems + out)

    def by_image(self) -> "Manifest":
        """One example per image: of several lesions in one file the gravest stays and gives the label."""
        gravest: dict[str, Example] = {}
        for example in self.examples:
            known = gravest.get(example.file)
            if known is None or self.classes.index(example.label) > self.classes.index(known.label):
                gravest[example.file] = example
        examples = tuple(replace(example, lesion="") for example in gravest.values())
        return replace(self, classes=present(self.classes, examples), examples=examples)

    def _kept(self, fault: Callable[[Example], str]) -> tuple[tuple[Example, ...], tuple[Problem, ...]]:
        """The examples without a fault, and the others as what was left out."""
        faults = [(example, fault(example)) for example in self.examples]
        return (
            tuple(example for example, reason in faults if not reason),
            tuple(Problem(example.name, "left out", reason) for example, reason in faults if reason),
        )


def order_classes(labels: set[str]) -> tuple[str, ...]:
    """Alphabetical, but with the finding last: normal, benign, malignant; 0, 1."""
    grave = {"normal": -1, "malignant": 1, "cancer": 1}
    return tuple(sorted(labels, key=lambda label: (grave.get(label.lower(), 0), label)))


def present(classes: tuple[str, ...], examples: Iterable[Example]) -> tuple[str, ...]:
    """Those of `classes` that are there, in their order."""
    found = {example.label for example in examples}
    return tuple(name for name in classes if name in found)


def cell(example: Example, column: str) -> str:
    """What is known of an example under a column's name."""
    name = "part" if column == "split" else column
    return str(getattr(example, name)) if column in COLUMNS else example.more.get(column, "")


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {label}" for label, count in sorted(counts.items()))

"""What is known of a collection before its pixels are touched: its examples, classes, source and licence."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tflite_mammo.errors import MammoError

Box = tuple[int, int, int, int]
PARTS = ("train", "validation", "test")
RESERVED = ("error", "refused")
"""What edge_app writes in the place of a class."""


@dataclass(frozen=True)
class Example:
    file: str
    """Relative to the collection's folder, with forward slashes."""
    label: str
    patient: str
    side: str = ""
    view: str = ""
    box: Box | None = None
    """The lesion: left, top, right, bottom in pixels of the original image."""
    part: str = ""
    """train, validation or test where the collection's owners split it; else empty."""
    more: dict[str, str] = field(default_factory=dict)
    """What else the adapter knows: density, lesion kind, device."""


@dataclass(frozen=True)
class Manifest:
    root: Path
    classes: tuple[str, ...]
    """The last one is the finding that a score counts for: malignant."""
    examples: tuple[Example, ...]
    source: str
    licence: str = "not stated"
    synthetic: bool = False

    def __post_init__(self) -> None:
        if len(set(self.classes)) < 2 or len(set(self.classes)) < len(self.classes):
            raise MammoError(f"{self.root}: classes {', '.join(self.classes)}; expected two or more, each once")
        for name in self.classes:
            if name in RESERVED or not name.isprintable() or name != name.strip():
                raise MammoError(f"{self.root}: a class may not be called {name!r}; rename it")
        files = Counter(example.file for example in self.examples)
        name, count = files.most_common(1)[0] if files else ("", 0)
        if count > 1:
            raise MammoError(f"{self.root}: {name} stands {count} times; expected each image once")
        for name in files:
            if not _is_text(name):
                raise MammoError(f"{self.root}: the file name {name!r} is not UTF-8; rename it")
        counts = Counter(example.label for example in self.examples)
        for label in counts:
            if label not in self.classes:
                raise MammoError(f"{self.root}: label '{label}' is none of the classes {', '.join(self.classes)}")
        empty = [name for name in self.classes if not counts[name]]
        if empty:
            raise MammoError(f"{self.root}: no image of class '{empty[0]}'; found {_counted(counts) or 'none at all'}")

    def only(self, classes: tuple[str, ...]) -> "Manifest":
        """The same collection without the examples of other classes."""
        kept = tuple(example for example in self.examples if example.label in classes)
        return Manifest(self.root, classes, kept, self.source, self.licence, self.synthetic)

    def count_without(self, classes: tuple[str, ...]) -> dict[str, int]:
        """How many examples `only` leaves out, per class."""
        return dict(Counter(example.label for example in self.examples if example.label not in classes))


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def order_classes(labels: set[str]) -> tuple[str, ...]:
    """Alphabetical, but with the finding last: normal, benign, malignant; 0, 1."""
    grave = {"normal": -1, "malignant": 1, "cancer": 1}
    return tuple(sorted(labels, key=lambda label: (grave.get(label.lower(), 0), label)))


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {label}" for label, count in sorted(counts.items()))

"""Patients into train, validation and test. A split that shares a patient cannot be constructed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tflite_mammo.data.manifest import PARTS, Example, Manifest
from tflite_mammo.errors import MammoError


@dataclass(frozen=True)
class Split:
    train: frozenset[str]
    validation: frozenset[str]
    test: frozenset[str]

    def __post_init__(self) -> None:
        for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
            shared = sorted(getattr(self, one) & getattr(self, other))
            if shared:
                more = f" and {len(shared) - 1} more" if len(shared) > 1 else ""
                raise MammoError(
                    f"patient {shared[0]}{more} would be in {one} and in {other}; "
                    "a patient's images must all lie in one part"
                )

    def part_of(self, patient: str) -> str:
        return next(name for name in PARTS if patient in getattr(self, name))


def split_by_patient(manifest: Manifest, shares: tuple[float, float, float], seed: int) -> Split:
    """Draw by patient, stratified by the gravest label among each patient's images."""
    if not all(0 <= share <= 1 for share in shares) or abs(sum(shares) - 1.0) > 1e-6:
        raise MammoError(f"split {'/'.join(f'{100 * s:g}' for s in shares)}; expected three shares that add up to 100")
    strata: dict[str, list[str]] = {}
    for patient, label in sorted(_gravest(manifest.examples, manifest.classes).items()):
        strata.setdefault(label, []).append(patient)
    parts: dict[str, list[str]] = {name: [] for name in PARTS}
    rng = np.random.default_rng(seed)
    for label in sorted(strata):
        patients = [strata[label][i] for i in rng.permutation(len(strata[label]))]
        ends = np.rint(np.cumsum(shares) * len(patients)).astype(int)
        for name, start, end in zip(PARTS, (0, *ends[:-1]), ends, strict=True):
            parts[name] += patients[start:end]
    split = Split(**{name: frozenset(patients) for name, patients in parts.items()})
    _expect_every_class(manifest, split, [name for name, share in zip(PARTS, shares, strict=True) if share > 0])
    return split


def official_split(manifest: Manifest, seed: int) -> Split:
    """The owners' split. Where they name no validation part, a sixth of their training patients become it."""
    parts = {name: frozenset(e.patient for e in manifest.examples if e.part == name) for name in PARTS}
    if not parts["test"] or not parts["train"]:
        missing = "train" if not parts["train"] else "test"
        raise MammoError(f"{manifest.root}: its own split has no {missing} part; use --split 70/15/15 instead")
    without = sorted({e.patient for e in manifest.examples} - parts["train"] - parts["validation"] - parts["test"])
    if without:
        raise MammoError(
            f"{manifest.root}: its own split names no part for {len(without)} patients, such as {without[0]}; "
            "give each a part or use --split 70/15/15"
        )
    if not parts["validation"]:
        Split(parts["train"], frozenset(), parts["test"])  # a patient on both sides is named before anything is drawn
        chosen = tuple(example for example in manifest.examples if example.part == "train")
        drawn = split_by_patient(
            Manifest(manifest.root, manifest.classes, chosen, manifest.source), (5 / 6, 1 / 6, 0.0), seed
        )
        parts.update(train=drawn.train, validation=drawn.validation)
    split = Split(**parts)
    _expect_every_class(manifest, split, list(PARTS))
    return split


def _gravest(examples: Sequence[Example], classes: tuple[str, ...]) -> dict[str, str]:
    gravest: dict[str, str] = {}
    for example in examples:
        known = gravest.get(example.patient, classes[0])
        gravest[example.patient] = max(known, example.label, key=classes.index)
    return gravest


def _expect_every_class(manifest: Manifest, split: Split, wanted: list[str]) -> None:
    for name in wanted:
        patients = getattr(split, name)
        present = {example.label for example in manifest.examples if example.patient in patients}
        absent = [label for label in manifest.classes if label not in present]
        if absent:
            raise MammoError(
                f"{manifest.root}: the {name} part would hold no '{absent[0]}' image; "
                "there are too few patients of that class, add some or give that part a larger share"
            )

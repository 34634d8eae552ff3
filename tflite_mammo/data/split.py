"""Patients into train, validation and test, once or in folds. A split that shares a patient cannot be constructed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

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

    def part_of(self, unit: str) -> str:
        return next(name for name in PARTS if unit in getattr(self, name))


def split_by_patient(manifest: Manifest, shares: tuple[float, float, float], seed: int) -> Split:
    """Draw by patient, stratified by the gravest label among each patient's images."""
    if not all(0 <= share <= 1 for share in shares) or abs(sum(shares) - 1.0) > 1e-6:
        raise MammoError(f"split {'/'.join(f'{100 * s:g}' for s in shares)}; expected three shares that add up to 100")
    parts: dict[str, list[str]] = {name: [] for name in PARTS}
    rng = np.random.default_rng(seed)
    for stratum in _strata(manifest.examples, manifest.classes):
        patients = [stratum[i] for i in rng.permutation(len(stratum))]
        ends = np.rint(np.cumsum(shares) * len(patients)).astype(int)
        for name, start, end in zip(PARTS, (0, *ends[:-1]), ends, strict=True):
            parts[name] += patients[start:end]
    split = Split(**{name: frozenset(patients) for name, patients in parts.items()})
    _expect_every_class(manifest, split, [name for name, share in zip(PARTS, shares, strict=True) if share > 0])
    return split


def fold_by_patient(manifest: Manifest, count: int, seed: int) -> tuple[Split, ...]:
    """`count` splits; each patient is tested in one of them and validates in the one before it.

    Patients of the owners' test part, where there is one, are the test part of every fold; then each of the others
    validates once.
    """
    kept = frozenset(example.unit for example in manifest.examples if example.part == "test")
    least = 2 if kept else 3
    if count < least:
        raise MammoError(f"{count} folds; expected {least} or more, so that each has a part to train on")
    dealt: list[set[str]] = [set() for _ in range(count)]
    rng, place = np.random.default_rng(seed), 0
    for patients in _strata([e for e in manifest.examples if e.unit not in kept], manifest.classes):
        for i in rng.permutation(len(patients)):
            dealt[place % count].add(patients[i])
            place += 1  # goes on through the strata, so that the folds differ by one patient at most
    everybody = frozenset().union(*dealt)
    splits = []
    for number in range(count):
        validation = frozenset(dealt[number if kept else (number + 1) % count])
        test = kept or frozenset(dealt[number])
        splits.append(Split(everybody - validation - test, validation, test))
        _expect_every_class(manifest, splits[-1], list(PARTS), f"of fold {number + 1}")
    return tuple(splits)


def official_split(manifest: Manifest, seed: int) -> Split:
    """The owners' split. Where they name no validation part, a sixth of their training patients become it."""
    parts = {name: frozenset(e.unit for e in manifest.examples if e.part == name) for name in PARTS}
    if not parts["test"] or not parts["train"]:
        missing = "train" if not parts["train"] else "test"
        raise MammoError(f"{manifest.root}: its own split has no {missing} part; use --split 70/15/15 instead")
    without = sorted({e.unit for e in manifest.examples} - parts["train"] - parts["validation"] - parts["test"])
    if without:
        raise MammoError(
            f"{manifest.root}: its own split names no part for {len(without)} patients, such as {without[0]}; "
            "give each a part or use --split 70/15/15"
        )
    if not parts["validation"]:
        Split(parts["train"], frozenset(), parts["test"])  # a patient on both sides is named before anything is drawn
        chosen = tuple(example for example in manifest.examples if example.part == "train")
        drawn = split_by_patient(replace(manifest, examples=chosen), (5 / 6, 1 / 6, 0.0), seed)
        parts.update(train=drawn.train, validation=drawn.validation)
    split = Split(**parts)
    _expect_every_class(manifest, split, list(PARTS))
    return split


def official_folds(manifest: Manifest, seed: int) -> tuple[Split, ...]:
    """The owners' folds, each completed as a split of theirs would be. What a fold does not name is not in it."""
    splits = []
    for number in range(len(manifest.examples[0].folds)):
        examples = [replace(example, part=example.folds[number]) for example in manifest.examples]
        named = tuple(example for example in examples if example.part)
        try:
            splits.append(official_split(replace(manifest, examples=named), seed))
        except MammoError as error:
            raise MammoError(f"fold {number + 1} of its owners: {error}") from None
    return tuple(splits)


def _strata(examples: Sequence[Example], classes: tuple[str, ...]) -> list[list[str]]:
    """Patients by the gravest label among their images, in an order that depends on nothing else."""
    gravest: dict[str, str] = {}
    for example in examples:
        known = gravest.get(example.unit, classes[0])
        gravest[example.unit] = max(known, example.label, key=classes.index)
    strata: dict[str, list[str]] = {}
    for patient, label in sorted(gravest.items()):
        strata.setdefault(label, []).append(patient)
    return [strata[label] for label in sorted(strata)]


def _expect_every_class(manifest: Manifest, split: Split, wanted: list[str], where: str = "") -> None:
    for name in wanted:
        patients = getattr(split, name)
        present = {example.label for example in manifest.examples if example.unit in patients}
        absent = [label for label in manifest.classes if label not in present]
        if absent:
            raise MammoError(
                f"{manifest.root}: the {name} part {where + ' ' if where else ''}would hold no '{absent[0]}' image; "
                "there are too few patients of that class, add some or give that part a larger share"
            )

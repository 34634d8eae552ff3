"""Prepared datasets to a LeakReport. Several are looked at as one: training data and an external test set, say."""

from collections.abc import Sequence
from itertools import combinations, product

from tflite_mammo.auditing.duplicates import Pair, find_pairs
from tflite_mammo.auditing.report import AUDIT_VERSION, Duplicate, LeakReport, digest_of
from tflite_mammo.auditing.shortcuts import shortcuts
from tflite_mammo.bundle import ModelCard
from tflite_mammo.console import Advance, no_progress
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.manifest import Example
from tflite_mammo.data.rows import TENSORS
from tflite_mammo.errors import MammoError

Place = tuple[str, tuple[str, ...]]
"""A dataset's folder, and the part of it or the part in each of its folds."""


def audit(
    datasets: Sequence[Dataset],
    card: ModelCard | None = None,
    *,
    workers: int | None = None,
    advance: Advance = no_progress,
) -> tuple[LeakReport, list[Duplicate], list[Pair]]:
    """The verdict, every duplicate, and for each the places of its two images among all images in turn."""
    calibrated_on = _calibrated_on(datasets, card) if card else 0
    everything = [(dataset, row) for dataset in datasets for row in range(len(dataset.examples))]
    pairs = find_pairs([(d.folder / TENSORS, row) for d, row in everything], workers=workers, advance=advance)
    places = _places(everything, pairs)
    duplicates = [
        _duplicate(pair, everything[pair.one], everything[pair.other], _apart(places[pair.one] | places[pair.other]))
        for pair in pairs
    ]
    report = LeakReport(
        version=AUDIT_VERSION,
        data=tuple(dataset.info.fingerprint for dataset in datasets),
        images=len(everything),
        patients=sum(len({example.patient for example in dataset.examples}) for dataset in datasets),
        duplicates=len(duplicates),
        leaks=sum(duplicate.leak for duplicate in duplicates),
        two_labels=sum(duplicate.two_labels for duplicate in duplicates),
        shared_patients=_shared(datasets),
        calibrated_on=calibrated_on,
        shortcuts={str(dataset.folder): shortcuts(dataset) for dataset in datasets},
    )
    return report, duplicates, pairs


def _duplicate(pair: Pair, one: tuple[Dataset, int], other: tuple[Dataset, int], leak: bool) -> Duplicate:
    mine, theirs = one[0].examples[one[1]], other[0].examples[other[1]]
    return Duplicate(
        file=mine.name,
        other=theirs.name,
        data=str(one[0].folder),
        other_data=str(other[0].folder),
        part="/".join(_parts_of(mine)),
        other_part="/".join(_parts_of(theirs)),
        patient=mine.patient,
        other_patient=theirs.patient,
        label=mine.label,
        other_label=theirs.label,
        how=pair.how,
        likeness=pair.likeness,
        leak=leak,
    )


def _places(everything: Sequence[tuple[Dataset, int]], pairs: Sequence[Pair]) -> list[set[Place]]:
    """Where each image lies, and where those lie that are identical with it: only the first of them is compared."""
    places = [{(str(dataset.folder), _parts_of(dataset.examples[row]))} for dataset, row in everything]
    for pair in pairs:
        if pair.identical:
            places[pair.one] |= places[pair.other]
            places[pair.other] = places[pair.one]
    return places


def _parts_of(example: Example) -> tuple[str, ...]:
    return example.folds or (example.part,)


def _apart(places: set[Place]) -> bool:
    """Whether any two lie in different parts: of one dataset in the same fold, of two in any folds of theirs."""
    for (data, here), (other_data, there) in combinations(sorted(places), 2):
        met = zip(here, there, strict=True) if data == other_data else product(here, there)
        if any(one and other and one != other for one, other in met):
            return True
    return False


def _shared(datasets: Sequence[Dataset]) -> tuple[str, ...]:
    """Patients whose images lie in different parts of two datasets.

    Of one collection they are the same women. Tables and class folders do not tell which collection they are of: the
    same name is taken for the same woman.
    """
    known: dict[tuple[str, str], set[Place]] = {}
    anonymous = any(dataset.info.adapter in ("csv", "folder") for dataset in datasets)
    for dataset in datasets:
        source = "" if anonymous else dataset.info.source
        for example in dataset.examples:
            known.setdefault((source, example.patient), set()).add((str(dataset.folder), _parts_of(example)))
    return tuple(sorted(patient for (_, patient), places in known.items() if _apart(places)))


def _calibrated_on(datasets: Sequence[Dataset], card: ModelCard) -> int:
    if len(card.calibration) < card.calibration_images:
        raise MammoError("the model's card does not say what it was calibrated on; convert it again")
    if not card.calibration:  # float weights or ranges found while it runs
        return 0
    known, found = set(card.calibration), 0
    for dataset in datasets:
        dataset.expect_spec(card.spec, "the model")
        # In other folds than its own, its training images are tested.
        own = slice(card.fold - 1, card.fold) if card.fold and dataset.info.fingerprint == card.data else slice(None)
        for row, example in enumerate(dataset.examples):
            if {"validation", "test"} & set(_parts_of(example)[own]):
                found += digest_of(dataset.images[row].tobytes()) in known
    return found

"""What an adapter found, to a Manifest: whatever cannot be used becomes a problem, and the rest goes on."""

import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from tflite_mammo.data.manifest import Example, Manifest, Problem, order_classes, present
from tflite_mammo.data.same import grouped


def gather(
    root: Path,
    examples: Iterable[Example],
    problems: Iterable[Problem] = (),
    *,
    classes: tuple[str, ...] = (),
    source: str,
    licence: str = "not stated",
    synthetic: bool = False,
) -> Manifest:
    """`classes` are the labels that there may be, the gravest last; without them every label found is a class."""
    listed, misspelt = _one_spelling(list(examples))
    faults = {example.file: fault for example in listed if (fault := _fault(example, classes))}
    # The image as a whole, since its label is the gravest of its lesions' and nobody knows this one's.
    faulty = [Problem(file, "row", fault) for file, fault in faults.items()]
    kept, repeated = _each_once(grouped([example for example in listed if example.file not in faults]))
    known = present(classes, kept) if classes else order_classes({example.label for example in kept})
    told = (*problems, *misspelt, *faulty, *repeated, *_two_labels(kept))
    return Manifest(root, known, tuple(kept), source, licence, synthetic, told)


def _one_spelling(examples: list[Example]) -> tuple[list[Example], list[Problem]]:
    """P3, p3 and P3 with a blank are one woman: taken for two, she could lie on both sides of a split."""
    first: dict[str, str] = {}
    spelt, problems = [], []
    for example in examples:
        patient = " ".join(unicodedata.normalize("NFC", example.patient).split())
        taken_for = first.setdefault(patient.casefold(), patient)
        if taken_for != patient:
            reason = f"patient {patient!r} is taken for {taken_for!r}, which is spelt otherwise"
            problems.append(Problem(example.name, "patient", reason))
        spelt.append(replace(example, patient=taken_for))
    return spelt, problems


def _fault(example: Example, classes: tuple[str, ...]) -> str:
    if classes and example.label not in classes:
        return f"label '{example.label}' is none of {', '.join(classes)}"
    if not example.patient:
        return "no patient; without one it could lie on both sides of a split"
    try:
        example.name.encode()
    except UnicodeEncodeError:
        return "its file name is not UTF-8; rename it"
    if any(character < " " for character in example.name + example.patient):
        return "a control character in its file name or patient; rename it"
    return ""


def _each_once(examples: Iterable[Example]) -> tuple[list[Example], list[Problem]]:
    by_name: dict[str, list[Example]] = {}
    of_file: dict[str, list[str]] = {}
    for example in examples:
        by_name.setdefault(example.name, []).append(example)
        of_file.setdefault(example.file, []).append(example.patient)
    kept, problems = [], []
    for name, rows in by_name.items():
        labels = sorted({row.label for row in rows})
        patients = sorted(set(of_file[rows[0].file]))  # of all its lesions: one image cannot lie in two parts
        if len(labels) > 1 or len(patients) > 1:
            what = f"labels {', '.join(labels)}" if len(labels) > 1 else f"patients {', '.join(patients)}"
            times = len(rows) if len(labels) > 1 else len(of_file[rows[0].file])
            problems.append(Problem(name, "duplicate", f"stands {times} times with the {what}; none of them is used"))
            continue
        kept.append(rows[0])
        if len(rows) > 1:
            problems.append(Problem(name, "duplicate", f"stands {len(rows)} times; the first is used"))
    return kept, problems


def _two_labels(examples: list[Example]) -> list[Problem]:
    """Images of one breast, or of a woman whose sides are not told, that do not all bear the same label."""
    of_breast: dict[tuple[str, str], set[str]] = {}
    whole = [example for example in examples if not example.lesion]
    for example in whole:
        of_breast.setdefault((example.patient, example.side), set()).add(example.label)
    return [
        Problem(
            example.name,
            "two labels",
            f"'{example.label}', and patient {example.patient} has other images"
            f"{f' of the {example.side} breast' if example.side else ''} of another label; it is used",
        )
        for example in whole
        if len(of_breast[example.patient, example.side]) > 1
    ]

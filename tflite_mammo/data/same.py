"""Images that show the same thing, to one group: what the audit found, taken into account at the next prepare.

In: a Manifest and pairs of files, as `audit` writes them to duplicates.csv. Out: a Manifest in which no split can part
such a pair, and without the images that bear two labels.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tflite_mammo.data.manifest import Example, Manifest, Problem
from tflite_mammo.errors import MammoError
from tflite_mammo.files import read_table

Pair = tuple[str, str]


def read_pairs(table: Path) -> list[Pair]:
    columns, lines = read_table(table)
    for name in ("file", "other"):
        if name not in columns:
            raise MammoError(f"{table}: column '{name}' is missing; expected duplicates.csv of `tflite-mammo audit`")
    # An image of one dataset and one of another: here both names would mean images of the same collection.
    return [(row["file"], row["other"]) for _, row in lines if row.get("data") == row.get("other_data")]


def taken_together(manifest: Manifest, pairs: Sequence[Pair]) -> tuple[Manifest, int]:
    """The manifest, and how many of the pairs it holds.

    Patients that share an image become one group. An image that bears two labels is left out: either may be wrong.
    """
    files = {example.file: example for example in manifest.examples}
    by_name = {example.name: example for example in manifest.examples} | files
    known = [(_found(one, by_name), _found(other, by_name)) for one, other in pairs]
    held = [(one, other) for one, other in known if one and other]
    examples = grouped(manifest.examples, [(one.patient, other.patient) for one, other in held])
    doubtful = {
        example.file: other.file
        for pair in held
        for example, other in (pair, pair[::-1])
        if example.label != other.label and example.file != other.file
    }
    problems = tuple(
        Problem(file, "duplicate", f"'{files[file].label}', and {other} shows the same with another label; not used")
        for file, other in doubtful.items()
    )
    kept = tuple(example for example in examples if example.file not in doubtful)
    return replace(manifest, examples=kept, problems=manifest.problems + problems), len(held)


def grouped(examples: Sequence[Example], tied: Iterable[Pair] = ()) -> tuple[Example, ...]:
    """Patients who are tied, or of whom any row names the same group, as one group in all of their rows."""
    ties = [(example.patient, example.group) for example in examples if example.group]
    ties += [(one, other) for one, other in tied if one != other]
    first = {name: name for tie in ties for name in tie}
    for one, other in ties:
        ends = sorted((_end(first, one), _end(first, other)))
        first[ends[1]] = ends[0]
    return tuple(replace(e, group=_end(first, e.patient)) if e.patient in first else e for e in examples)


def _found(name: str, by_name: dict[str, Example]) -> Example | None:
    """Of an audit of lesion crops the image counts: FILE#1 is FILE where images are taken whole."""
    return by_name.get(name) or by_name.get(name.rpartition("#")[0])


def _end(first: dict[str, str], patient: str) -> str:
    while first[patient] != patient:
        patient = first[patient]
    return patient

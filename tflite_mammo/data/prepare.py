"""A Manifest to a prepared folder: read, preprocess, split; what could not be used is named in problems.csv.

Images are read by all cores or by a cluster, tensors go straight to disk, and a prepare that was stopped goes on where
it was when it is called again.
"""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from tflite_mammo.console import Advance, no_progress
from tflite_mammo.data.boxes import BOXES, write_boxes
from tflite_mammo.data.dataset import CUES, Dataset, DatasetInfo, write_cues, write_manifest
from tflite_mammo.data.manifest import PARTS, Example, Manifest, Problem
from tflite_mammo.data.reading import read_row, stamp_of
from tflite_mammo.data.rows import JOURNAL, TENSORS, Done, Rows, finish_rows
from tflite_mammo.data.split import Split, fold_by_patient, official_folds, official_split, split_by_patient
from tflite_mammo.errors import MammoError
from tflite_mammo.files import whole_folder
from tflite_mammo.parallel import Engine, map_ordered
from tflite_mammo.preprocess import PreprocessSpec
from tflite_mammo.schema import to_json

PLAN = "plan.json"
CHUNK = 4
"""Images that travel to a worker together."""


@dataclass(frozen=True)
class PreparePlan:
    adapter: str
    spec: PreprocessSpec
    split: tuple[float, float, float] | Literal["official"]
    folds: int = 0
    seed: int = 0
    strict: bool = False
    """The first problem ends it."""


def prepare(
    manifest: Manifest,
    out: Path,
    plan: PreparePlan,
    *,
    workers: int | None = None,
    engine: Engine = "local",
    advance: Advance = no_progress,
) -> Dataset:
    """Write the new folder `out`. An unreadable image is a row in problems.csv, and the rest goes on."""
    manifest = placed(manifest, plan)
    if plan.strict:
        _expect_none(manifest.problems)
    with whole_folder(out, resume=True) as folder:
        _begin(folder, manifest, plan.spec)
        done = _read_all(manifest, folder, plan, workers, engine, advance)
        failed = [Problem(manifest.examples[row].name, "unreadable", d.reason) for row, d in done.items() if d.reason]
        kept = [row for row, d in done.items() if not d.reason]
        examples = [replace(manifest.examples[row], box=done[row].box, mask="") for row in kept]
        _expect_every_class(manifest, examples, failed)
        problems = (*manifest.problems, *failed)
        pixels = finish_rows(folder, kept, plan.spec.shape)
        write_manifest(folder / "manifest.csv", examples)
        write_cues(folder / CUES, [done[row] for row in kept])
        write_boxes(folder, [done[row] for row in kept])
        with (folder / "problems.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("file", "kind", "reason"), *(astuple(problem) for problem in problems)])
        info = _info(manifest, plan, examples, problems, pixels, (folder / "manifest.csv").read_bytes())
        (folder / "dataset.json").write_text(to_json(info), encoding="utf-8")
        Dataset.whole(folder)  # what cannot be opened must not be put in place
        (folder / PLAN).unlink()
    return Dataset.whole(out)


def placed(manifest: Manifest, plan: PreparePlan) -> Manifest:
    """Each example with its part, or its part in every fold; what the owners' split does not name is left out."""
    splits = split_as_planned(manifest, plan)
    official = plan.split == "official" and not plan.folds
    examples, out = [], []
    for example in manifest.examples:
        own = (example.folds or (example.part,)) if official else ()
        parts = ["" if own and not own[number] else split.part_of(example.unit) for number, split in enumerate(splits)]
        if any(parts):
            part, folds = ("", tuple(parts)) if len(parts) > 1 else (parts[0], ())
            examples.append(replace(example, part=part, folds=folds))
        else:
            out.append(Problem(example.name, "left out", "its own split names no part for it"))
    return replace(manifest, examples=tuple(examples), problems=(*manifest.problems, *out))


def split_as_planned(manifest: Manifest, plan: PreparePlan) -> tuple[Split, ...]:
    """One split, or one for each fold."""
    if plan.folds:
        if plan.split == "official":
            _expect_test_part(manifest)
        else:
            manifest = replace(manifest, examples=tuple(replace(e, part="") for e in manifest.examples))
        return fold_by_patient(manifest, plan.folds, plan.seed)
    if plan.split != "official":
        return (split_by_patient(manifest, plan.split, plan.seed),)
    if manifest.examples[0].folds:
        return official_folds(manifest, plan.seed)
    return (official_split(manifest, plan.seed),)


def _expect_test_part(manifest: Manifest) -> None:
    if not any(example.part == "test" for example in manifest.examples):
        what = "folds of its own" if manifest.examples[0].folds else "no test part of its own"
        raise MammoError(f"{manifest.root} has {what}; leave --folds or --split official away")


def _begin(folder: Path, manifest: Manifest, spec: PreprocessSpec) -> None:
    """Rows of an earlier try are of use only if it went over the same files in the same way, and told as much."""
    digest = hashlib.sha256(json.dumps([str(manifest.root.resolve()), spec.fingerprint, *Done.__slots__]).encode())
    for example in manifest.examples:
        digest.update(json.dumps([example.file, example.lesion, example.box, example.mask]).encode())
    key = digest.hexdigest()
    plan = folder / PLAN
    anew = not plan.is_file() or plan.read_text(encoding="utf-8") != key
    for left in folder.iterdir():
        if left.name not in (PLAN, TENSORS, JOURNAL, CUES, BOXES, "manifest.csv", "problems.csv", "dataset.json"):
            raise MammoError(f"{folder} holds {left.name}, which prepare did not write; take it away")
        if anew:
            left.unlink()
    plan.write_text(key, encoding="utf-8")


def _read_all(
    manifest: Manifest, folder: Path, plan: PreparePlan, workers: int | None, engine: Engine, advance: Advance
) -> dict[int, Done]:
    """What became of each row, in order; rows of an earlier try whose file has not changed since are not read again."""
    with Rows(folder, len(manifest.examples), plan.spec.shape) as rows:
        todo = []
        for row, example in enumerate(manifest.examples):
            known = rows.done.get(row)
            if not known or known.reason or known.stamp != stamp_of(manifest.root, example):
                todo.append((row, example))
        advance(len(manifest.examples) - len(todo))
        read = partial(read_row, root=manifest.root.resolve(), spec=plan.spec)  # workers of a cluster run elsewhere
        for done, tensor in map_ordered(read, todo, workers, engine=engine, chunk=CHUNK):
            rows.add(done, tensor)
            if done.reason and plan.strict:
                raise MammoError(
                    f"{manifest.examples[done.row].name}: {done.reason}; --strict stops at the first problem"
                )
            advance(1)
        return dict(sorted(rows.done.items()))


def _expect_none(problems: Iterable[Problem]) -> None:
    for problem in problems:
        if problem.kind != "left out":
            raise MammoError(f"{problem.file}: {problem.reason}; --strict stops at the first problem")


def _expect_every_class(manifest: Manifest, examples: list[Example], failed: list[Problem]) -> None:
    """In every part of every fold, of what could be read as of what was planned."""
    planned, readable = _places(manifest.examples), _places(examples)
    for number, part in sorted({place[:2] for place in planned}):
        for label in manifest.classes:
            if (number, part, label) not in readable:
                first = f"; the first problem: {failed[0].file}: {failed[0].reason}" if failed else ""
                where = f"{part} part" + (f" of fold {number + 1}" if manifest.examples[0].folds else "")
                raise MammoError(f"{manifest.root}: no '{label}' image of the {where} could be read{first}")


def _places(examples: Iterable[Example]) -> set[tuple[int, str, str]]:
    return {
        (number, part, example.label)
        for example in examples
        for number, part in enumerate(example.folds or (example.part,))
        if part
    }


def _info(
    manifest: Manifest,
    plan: PreparePlan,
    examples: list[Example],
    problems: tuple[Problem, ...],
    pixels: str,
    table: bytes,
) -> DatasetInfo:
    everything = "\n".join((pixels, hashlib.sha256(table).hexdigest(), *manifest.classes))
    return DatasetInfo(
        adapter=plan.adapter,
        classes=manifest.classes,
        spec=plan.spec,
        spec_fingerprint=plan.spec.fingerprint,
        source=manifest.source,
        licence=manifest.licence,
        synthetic=manifest.synthetic,
        seed=plan.seed,
        folds=len(examples[0].folds),
        images=len(examples),
        problems=dict(sorted(Counter(problem.kind for problem in problems).items())),
        counts=_counts(examples, manifest.classes),
        fingerprint=hashlib.sha256(everything.encode()).hexdigest(),
        manifest_sha256=hashlib.sha256(table).hexdigest(),
    )


def _counts(examples: list[Example], classes: tuple[str, ...]) -> dict[str, dict[str, int]]:
    counted: Counter[tuple[str, str]] = Counter()
    for example in examples:
        for number, part in enumerate(example.folds, start=1):
            counted[f"fold_{number} {part}", example.label] += 1
        counted[example.part, example.label] += 1
    folds = len(examples[0].folds)
    parts = [f"fold_{number} {part}" for number in range(1, folds + 1) for part in PARTS] if folds else PARTS
    return {part: {label: counted[part, label] for label in classes} for part in parts}

"""A Manifest to a prepared folder: read, preprocess, split; what could not be read is named in problems.csv."""

import csv
import hashlib
import os
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from tflite_mammo.console import Advance, no_progress
from tflite_mammo.data.dataset import Dataset, DatasetInfo, write_manifest
from tflite_mammo.data.manifest import PARTS, Example, Manifest
from tflite_mammo.data.split import official_split, split_by_patient
from tflite_mammo.errors import MammoError
from tflite_mammo.files import whole_folder
from tflite_mammo.imaging import read_pixels
from tflite_mammo.parallel import map_ordered
from tflite_mammo.preprocess import Bytes, PreprocessSpec, preprocess
from tflite_mammo.schema import to_json


@dataclass(frozen=True)
class PreparePlan:
    adapter: str
    spec: PreprocessSpec
    shares: tuple[float, float, float] | None
    """None keeps the collection's own split."""
    seed: int = 0
    left_out: dict[str, int] | None = None


def prepare(
    manifest: Manifest, out: Path, plan: PreparePlan, *, workers: int | None = None, advance: Advance = no_progress
) -> Dataset:
    """Write the new folder `out`. An unreadable image is a row in problems.csv, and the rest goes on."""
    if plan.shares is None:
        split = official_split(manifest, plan.seed)
    else:
        split = split_by_patient(manifest, plan.shares, plan.seed)
    with whole_folder(out) as folder:
        kept: list[Example] = []
        problems: list[tuple[str, str]] = []
        pixels = hashlib.sha256()
        images = np.lib.format.open_memmap(
            folder / "images.all.npy", mode="w+", dtype=np.uint8, shape=(len(manifest.examples), *plan.spec.shape)
        )
        _reserve(folder / "images.all.npy")
        read = partial(_read, root=manifest.root, spec=plan.spec)
        results = map_ordered(read, manifest.examples, workers)
        for example, result in zip(manifest.examples, results, strict=True):
            if isinstance(result, str):
                problems.append((example.file, result))
            else:
                images[len(kept)] = result
                pixels.update(result.tobytes())
                kept.append(replace(example, part=split.part_of(example.patient)))
            advance(1)
        images.flush()
        _expect_enough(manifest, [name for name in PARTS if getattr(split, name)], kept, problems)
        _cut(folder, len(kept))
        write_manifest(folder / "manifest.csv", tuple(kept))
        manifest_bytes = (folder / "manifest.csv").read_bytes()
        pixels.update(manifest_bytes + "\n".join(manifest.classes).encode())
        with (folder / "problems.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("file", "reason"), *problems])
        info = DatasetInfo(
            adapter=plan.adapter,
            classes=manifest.classes,
            spec=plan.spec,
            spec_fingerprint=plan.spec.fingerprint,
            source=manifest.source,
            licence=manifest.licence,
            synthetic=manifest.synthetic,
            seed=plan.seed,
            images=len(kept),
            problems=len(problems),
            counts=_counts(kept, manifest.classes),
            fingerprint=pixels.hexdigest(),
            manifest_sha256=hashlib.sha256(manifest_bytes).hexdigest(),
            left_out=plan.left_out or {},
        )
        (folder / "dataset.json").write_text(to_json(info), encoding="utf-8")
    return Dataset(out)


def _reserve(path: Path) -> None:
    """Take the disk space now: a full disk met while writing to mapped memory would kill the process without a word."""
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def _read(example: Example, *, root: Path, spec: PreprocessSpec) -> Bytes | str:
    try:
        return preprocess(read_pixels(root / example.file), spec)
    except MammoError as error:
        return str(error)


def _expect_enough(manifest: Manifest, parts: list[str], kept: list[Example], problems: list[tuple[str, str]]) -> None:
    readable = {(example.part, example.label) for example in kept}
    for part in parts:
        for label in manifest.classes:
            if (part, label) not in readable:
                raise MammoError(
                    f"{manifest.root}: no '{label}' image of the {part} part could be read; "
                    f"the first problem: {problems[0][1]}"
                )


def _cut(folder: Path, count: int) -> None:
    """images.npy with the rows that were read; a copy is made only where some were not."""
    every = np.load(folder / "images.all.npy", mmap_mode="r")
    if count == len(every):
        (folder / "images.all.npy").rename(folder / "images.npy")
        return
    np.save(folder / "images.npy", every[:count])
    (folder / "images.all.npy").unlink()


def _counts(examples: list[Example], classes: tuple[str, ...]) -> dict[str, dict[str, int]]:
    counted = Counter((example.part, example.label) for example in examples)
    return {part: {label: counted[part, label] for label in classes} for part in PARTS}

"""How much of what was planted the audit finds, and how long it takes over 10,000 images.

python benchmarks/audit.py                                  # phantoms, into benchmarks/results/audit.json
python benchmarks/audit.py --images FOLDER --out mine.json  # your own images instead

Planted: 200 originals, each with a copy of every kind below, among 2,000 others (or as many as the folder has).
Recall: copies that are listed together with their original. Precision: listed pairs that stem from one original. In
real collections a pair of two "originals" may well be a true duplicate: look at it before blaming the audit.
"""

import csv
import json
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tflite_mammo import __version__
from tflite_mammo.auditing.audit import audit
from tflite_mammo.auditing.duplicates import Pair, find_pairs
from tflite_mammo.console import progress, say
from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.phantoms import PhantomSet, write_phantoms
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.data.rows import TENSORS
from tflite_mammo.imaging import image_files
from tflite_mammo.parallel import available_cores
from tflite_mammo.preprocess import PreprocessSpec

Grey = NDArray[np.uint8]

ORIGINALS, OTHERS, SIZE_PX, SEED = 200, 2000, 512, 11
MANY, MANY_PX = 10_000, 256


def copies(image: Grey, rng: np.random.Generator) -> Iterator[tuple[str, Grey]]:
    """What augmentation scripts leave behind."""
    height, width = image.shape
    yield "mirrored", image[:, ::-1]
    yield "turned by 90 degrees", np.rot90(image, int(rng.integers(1, 4)))
    angle = rng.uniform(3, 12) * rng.choice([-1, 1])
    yield "turned by 3 to 12 degrees", _turned(image, angle)
    share = rng.uniform(0.75, 0.95)
    rows, columns = int(height * share), int(width * share)
    top, left = int(rng.integers(0, height - rows + 1)), int(rng.integers(0, width - columns + 1))
    yield "cropped to 75 to 95 percent", image[top : top + rows, left : left + columns]
    toned = image.astype(np.float32) * rng.uniform(0.6, 1.5) + rng.uniform(-25, 25)
    yield "brightened or darkened", np.clip(toned, 0, 255).astype(np.uint8)
    yield "CLAHE", cv2.createCLAHE(float(rng.uniform(2, 4)), (8, 8)).apply(image)
    _, saved = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 50))])
    yield "saved as JPEG of quality 20 to 50", np.asarray(cv2.imdecode(saved, cv2.IMREAD_GRAYSCALE), np.uint8)
    yield "mirrored and turned by up to 10 degrees", _turned(image[:, ::-1], rng.uniform(-10, 10))


def _turned(image: Grey, degrees: float) -> Grey:
    height, width = image.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return np.asarray(cv2.warpAffine(np.ascontiguousarray(image), turn, (width, height)), np.uint8)


@click.command()
@click.option("--images", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Instead of phantoms")
@click.option("--crop", type=click.Choice(["breast", "none"]), default="breast", show_default=True)
@click.option("--many/--no-many", default=True, help="Time 10,000 images too")
@click.option("--out", type=click.Path(path_type=Path), default=Path(__file__).parent / "results" / "audit.json")
def main(images: Path | None, crop: str, many: bool, out: Path) -> None:
    """Measure the audit on planted copies."""
    with TemporaryDirectory() as scratch:
        planted = Path(scratch) / "planted"
        source = images or _phantoms(Path(scratch) / "phantoms", (ORIGINALS + OTHERS) // 4, SIZE_PX)
        _plant(source, planted)
        figures = {"tflite_mammo": __version__, "images": "phantoms (synthetic)" if images is None else images.name}
        figures |= _judged(_prepared(planted, Path(scratch) / "data", crop))
        if many:
            figures |= {"cores": available_cores()}
            drawn = _phantoms(Path(scratch) / "many", MANY // 4, MANY_PX)
            figures |= {"many": _timed(_prepared_phantoms(drawn, Path(scratch) / "many-data"))}
    out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    say(out.read_text(encoding="utf-8"))


def _phantoms(folder: Path, patients: int, size_px: int) -> Path:
    with progress(f"drawing phantoms of {patients} patients", patients) as advance:
        write_phantoms(folder, PhantomSet(patients, SEED, size_px, "png"), advance=advance)
    return folder


def _plant(source: Path, folder: Path) -> None:
    rng = np.random.default_rng(SEED)
    files = image_files(source)
    chosen = [files[i] for i in rng.permutation(len(files))[: ORIGINALS + OTHERS]]
    (folder / "images").mkdir(parents=True)
    rows = []
    for number, path in enumerate(chosen):
        image = np.asarray(Image.open(path).convert("L"))
        drawn = [("original", image), *(copies(image, rng) if number < ORIGINALS else ())]
        for kind, (what, pixels) in enumerate(drawn):
            name = f"images/{number:05d}_{kind}.png"
            Image.fromarray(np.ascontiguousarray(pixels)).save(folder / name, compress_level=1)
            # Each copy is said to be another woman: the worst that a careless collection does.
            rows.append((name, "ab"[number % 2], f"P{number}_{kind}", number, what))
    with (folder / "images.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("file", "label", "patient", "original", "what"), *rows])


def _prepared(folder: Path, out: Path, crop: str) -> Dataset:
    manifest = read_collection(folder, "csv", AdapterOptions())
    spec = PreprocessSpec(crop="breast" if crop == "breast" else "none")
    return prepare(manifest, out, PreparePlan("csv", spec, (0.7, 0.15, 0.15)))


def _prepared_phantoms(folder: Path, out: Path) -> Dataset:
    manifest = read_collection(folder, "phantoms", AdapterOptions())
    return prepare(manifest, out, PreparePlan("phantoms", PreprocessSpec(), (0.7, 0.15, 0.15)))


def _pairs(dataset: Dataset) -> tuple[list[Pair], float]:
    rows = [(dataset.folder / TENSORS, row) for row in range(len(dataset.examples))]
    started = time.perf_counter()
    with progress("auditing images", len(rows)) as advance:
        pairs = find_pairs(rows, advance=advance)
    return pairs, time.perf_counter() - started


def _judged(dataset: Dataset) -> dict[str, object]:
    pairs, seconds = _pairs(dataset)
    original = [example.more["original"] for example in dataset.examples]
    what = [example.more["what"] for example in dataset.examples]
    first = {name: row for row, name in enumerate(original) if what[row] == "original"}
    listed = {frozenset((pair.one, pair.other)) for pair in pairs}
    found = {kind: [] for kind in what if kind != "original"}  # type: dict[str, list[bool]]
    for row, kind in enumerate(what):
        if kind != "original":
            found[kind].append(frozenset((row, first[original[row]])) in listed)
    right = sum(original[pair.one] == original[pair.other] for pair in pairs)
    every = [hit for hits in found.values() for hit in hits]
    return {
        "prepared_images": len(original),
        "originals": len({original[row] for row in range(len(what)) if what[row] != "original"}),
        "copies": len(every),
        "pairs_listed": len(pairs),
        "recall": round(sum(every) / len(every), 4),
        "precision": round(right / len(pairs), 4),
        "recall_by_kind": {kind: round(sum(hits) / len(hits), 3) for kind, hits in found.items()},
        "seconds": round(seconds, 1),
    }


def _timed(dataset: Dataset) -> dict[str, object]:
    """The whole audit, shortcuts and all."""
    started = time.perf_counter()
    with progress("auditing images", len(dataset.examples)) as advance:
        report, _, _ = audit([dataset], advance=advance)
    seconds = time.perf_counter() - started
    return {"images": report.images, "pairs_listed": report.duplicates, "seconds": round(seconds, 1)}


if __name__ == "__main__":
    main()

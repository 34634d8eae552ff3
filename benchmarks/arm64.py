"""Whether LiteRT decides on an arm64 board as it does here: the same files read, prepared and scored on both sides.

python benchmarks/arm64.py MODEL... --images FOLDER --root ROOT [--out benchmarks/results/arm64.json]

ROOT is an arm64 Debian that qemu-user runs; README.md has the commands that make one.

Held (status 1 otherwise): every tensor the same to the byte, and scores at most STEP apart.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
from emulated import PROCESSORS, Side, board_side, expect_root, expect_same_litert, this_side

import tflite_mammo
from tflite_mammo.bundle import ModelBundle, read_bundle
from tflite_mammo.console import CleanCommand, say
from tflite_mammo.errors import MammoError
from tflite_mammo.files import write_text
from tflite_mammo.imaging import image_files
from tflite_mammo.scores import called

PROGRAM = Path(__file__).with_name("one_side.py")
STEP = 1 / 256
"""Between two scores that an int8 softmax can tell apart, which is what `coral` files end in."""
TOLD = (
    "network", "preset", "images", "cpu", "tensor bytes that differ", "score difference max", "labels that differ",
)  # fmt: skip


@click.command(cls=CleanCommand)
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--images", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder")
@click.option("--root", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path), help="Debian")
@click.option("--cpu", "cpus", multiple=True, type=click.Choice(list(PROCESSORS)), help="[default: both]")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="JSON to write")
def main(models: tuple[Path, ...], images: Path, root: Path, cpus: tuple[str, ...], out: Path | None) -> None:
    """Compare this machine's tensors and scores with an emulated board's"""
    bundles = [read_bundle(path) for path in models]
    if len({path.name for path in models}) < len(models):
        raise MammoError("two models have the same file name; expected names that tell them apart")
    if not image_files(images):
        raise MammoError(f"{images}: no image in it")
    expect_root(root)
    rows = []
    with TemporaryDirectory(dir=root / "tmp") as folder:
        _fill(Path(folder), models, images)
        here = this_side(Path(folder), PROGRAM)
        for cpu in cpus or PROCESSORS:
            say(f"scoring as a {PROCESSORS[cpu].board} would: one to ten seconds an image and model")
            there = board_side(root, Path(folder), PROGRAM, cpu)
            expect_same_litert(here, there)
            rows += [{"cpu": cpu, **_compare(bundle, here, there)} for bundle in bundles]
    click.echo("\n".join(_table(rows)))
    if out:
        write_text(out, json.dumps(rows, indent=2) + "\n")
    if any(row["tensor bytes that differ"] or row["score difference max"] > STEP for row in rows):
        raise SystemExit(1)


def _fill(stage: Path, models: tuple[Path, ...], images: Path) -> None:
    shutil.copytree(Path(tflite_mammo.__file__).parent, stage / "tflite_mammo")
    shutil.copytree(images, stage / "images")
    for model in models:
        shutil.copy(model, stage)


def _compare(bundle: ModelBundle, here: Side, there: Side) -> dict[str, Any]:
    card = bundle.card
    tensors, scores = f"tensors {card.spec_fingerprint}", f"scores {bundle.path.name}"
    one, other = (side.arrays[scores].astype(np.float64) for side in (here, there))
    apart = np.abs(one - other)[:, -1]
    labels = [called(side.arrays[scores], card.threshold.value) for side in (here, there)]
    return {
        "network": card.recipe.get("backbone", card.name),
        "preset": card.quantisation + (", searched" if card.ladder else ""),
        "images": len(one),
        "tensor bytes that differ": int((here.arrays[tensors] != there.arrays[tensors]).sum()),
        "scores, lowest and highest": [round(float(end), 4) for end in (one[:, -1].min(), one[:, -1].max())],
        "score difference mean": float(apart.mean()),
        "score difference max": float(apart.max()),
        "labels that differ": int((labels[0] != labels[1]).sum()),
        "litert": here.versions["litert"],
        "here": here.versions["machine"],
    }


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield from ("| " + " | ".join(TOLD) + " |", "|" + "---|" * len(TOLD))
    for row in rows:
        cells = (f"{cell:.7f}" if isinstance(cell, float) else str(cell) for cell in map(row.get, TOLD))
        yield "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()

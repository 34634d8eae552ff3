"""Whether LiteRT decides on an arm64 board as it does here: the same files read, prepared and scored on both sides.

python benchmarks/arm64.py MODEL... --images FOLDER --root ROOT [--out benchmarks/results/arm64.json]

ROOT is an arm64 Debian that qemu-user runs; README.md has the commands that make one.

Held (status 1 otherwise): every tensor the same to the byte, and scores of an integer body at most one step apart. A
step lies between two neighbouring scores that a file can give: where a float softmax stands behind an int8 layer of
logits, one unit of that layer in the log-odds of the finding; where scores leave as integers, 1/256. A file that
computes in floats, or quantises its activations while it runs, has none to be counted in.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from emulated import PROCESSORS, PROGRAM, Side, board_side, expect_root, this_side
from numpy.typing import NDArray

import tflite_mammo
from tflite_mammo.boards.graph import graph_of
from tflite_mammo.bundle import ModelBundle, read_bundle, read_model
from tflite_mammo.console import CleanCommand, say
from tflite_mammo.errors import MammoError
from tflite_mammo.files import write_text
from tflite_mammo.imaging import image_files
from tflite_mammo.runtime import SCORES
from tflite_mammo.scores import called

MOST_STEPS = 1
ROUNDED = 0.01
"""Of a step: what a softmax in float adds when steps are counted back from its scores."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Step:
    of: str
    """score or logit."""
    size: float

    def between(self, here: Floats, there: Floats) -> Floats:
        """How many steps each image's scores are apart; in the logit, those of the finding against each other class."""
        if self.of == "logit":
            here, there = (np.log(scores[:, -1:]) - np.log(scores[:, :-1]) for scores in (here, there))
        steps: Floats = np.abs(here - there).max(axis=1) / self.size
        return steps


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
        here = this_side(Path(folder))
        for cpu in cpus or PROCESSORS:
            say(f"scoring as a {PROCESSORS[cpu].board} would: one to ten seconds an image and model")
            there = board_side(root, Path(folder), cpu)
            rows += [{"cpu": cpu, **_compare(bundle, here, there)} for bundle in bundles]
    click.echo(json.dumps(rows, indent=2))
    if out:
        write_text(out, json.dumps(rows, indent=2) + "\n")
    if any(row["tensor bytes that differ"] or (row["most steps"] or 0) > MOST_STEPS for row in rows):
        raise SystemExit(1)


def _fill(stage: Path, models: tuple[Path, ...], images: Path) -> None:
    shutil.copytree(Path(tflite_mammo.__file__).parent, stage / "tflite_mammo")
    shutil.copytree(images, stage / "images")
    for file in (PROGRAM, *models):
        shutil.copy(file, stage)


def _compare(bundle: ModelBundle, here: Side, there: Side) -> dict[str, Any]:
    if here.versions["litert"] != there.versions["litert"]:
        versions = f"{here.versions['litert']} here and {there.versions['litert']} in the root"
        raise MammoError(f"LiteRT {versions}; install the same in both, or nobody knows what made the difference")
    card, step = bundle.card, _step(bundle.path)
    tensors, scores = f"tensors {card.spec_fingerprint}", f"scores {bundle.path.name}"
    one, other = (side.arrays[scores].astype(np.float64) for side in (here, there))
    apart = np.abs(one - other)[:, -1]
    labels = [called(side.arrays[scores], card.threshold.value) for side in (here, there)]
    return {
        "network": card.recipe.get("backbone", card.name),
        "preset": card.quantisation,
        "images": len(one),
        "tensor bytes that differ": int((here.arrays[tensors] != there.arrays[tensors]).sum()),
        "scores, lowest and highest": [round(float(end), 4) for end in (one[:, -1].min(), one[:, -1].max())],
        "score difference mean": float(apart.mean()),
        "score difference max": float(apart.max()),
        "labels that differ": int((labels[0] != labels[1]).sum()),
        "step of": step and step.of,
        "step": step and step.size,
        **_counted(step, one, other),
        "litert": here.versions["litert"],
        "here": here.versions["machine"],
    }


def _counted(step: Step | None, one: Floats, other: Floats) -> dict[str, Any]:
    if step is None:
        return {"most steps": None, "images a step apart": None}
    steps = step.between(one, other)
    whole = np.rint(steps)
    assert np.abs(steps - whole).max() < ROUNDED, "scores between two steps: the step is not what this takes it for"
    return {"most steps": int(whole.max()), "images a step apart": int((whole > 0).sum())}


def _step(path: Path) -> Step | None:
    """By the last integers before the scores, with nothing but DEQUANTIZE and SOFTMAX behind them."""
    graph = graph_of(read_model(path))
    made_by = {tensor.index: node for node in graph.nodes for tensor in node.outputs}
    tensor = next(output for output in graph.outputs if output.name == SCORES)
    of = "logit" if tensor.is_float else "score"
    while tensor.is_float:
        node = made_by[tensor.index]
        if node.kind not in ("SOFTMAX", "DEQUANTIZE"):
            return None
        tensor = node.given[0]
    details = {detail["index"]: detail for detail in Interpreter(model_path=str(path)).get_tensor_details()}
    return Step(of, float(details[tensor.index]["quantization"][0]))


if __name__ == "__main__":
    main()

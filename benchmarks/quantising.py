"""Our road to int8 against TFLiteConverter's: seconds for ResNet50 and 200 calibration images; speed and size of files.

python benchmarks/quantising.py [--out benchmarks/results/quantising.json]

Both start from a float32 flatbuffer that lies ready, so exporting is in neither: `quantise` from the exported file,
TFLiteConverter from the one that it made for itself, at the step in which it calibrates and quantises. Ours has the
ends of the file finished in its time, and two more images (black, white) to theirs one. Then the search for precision,
to its last rung, as `--fallback` climbs where nothing is good enough.
"""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import click
import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from pairs import INVOKES, Ratio, answering, in_turns
from tensorflow.lite.python.lite import TFLiteConverterBase
from ways import IN_TENSORFLOW, INT8

from tflite_mammo.console import CleanCommand
from tflite_mammo.conversion.engines import quantise_exported
from tflite_mammo.conversion.export import Exported, export
from tflite_mammo.conversion.quantise import quantise
from tflite_mammo.conversion.search import search
from tflite_mammo.files import write_text
from tflite_mammo.preprocess import Bytes
from tflite_mammo.quiet import quiet
from tflite_mammo.schema import to_json
from tflite_mammo.training.network import assemble
from tflite_mammo.training.recipe import Recipe
from tflite_mammo.training.tables import Stage

SHAPE, IMAGES = (224, 224, 1), 200
PAIRS, TIMED_PAIRS = 3, 41
NONE_MAY_FLIP = replace(INT8, budget=replace(INT8.budget, label_flips=0.0))


@click.command(cls=CleanCommand)
@click.option("--images", default=IMAGES, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path(__file__).parent / "results" / "quantising.json")
def main(images: int, out: Path) -> None:
    """Measure quantising ResNet50 to int8."""
    exported, tensors = _exported(), list(np.random.default_rng(0).integers(0, 256, (images, *SHAPE), dtype=np.uint8))
    theirs, finished = _their_step(exported, tensors)
    ours = partial(quantise, exported.float32, INT8, tensors)
    making = in_turns(ours, theirs, PAIRS)
    sizes, answers = _compared(ours(), finished)
    found = {
        "calibration_images": images,
        "seconds": [round(making.ours_s, 2), round(making.peer_s, 2)],
        "times_their_seconds": _told(making),
        "size_bytes": sizes,
        "times_their_size": round(sizes[0] / sizes[1], 4),
        "ms": [round(1000 * seconds / INVOKES, 3) for seconds in (answers.ours_s, answers.peer_s)],
        "times_their_ms": _told(answers),
        "search": _searched(exported.float32, tensors[: 2 * INT8.calibration_images]),
    }
    write_text(out, to_json(found))
    click.echo(to_json(found))


def _exported() -> Exported:
    """At a random start: how long quantising takes does not depend on what was learned."""
    keras.utils.set_random_seed(0)
    recipe = Recipe("resnet50", "resnet50", (Stage(1),), weights="random", batch_norm="adapt")
    return export(assemble(recipe, SHAPE, 2).model)


def _their_step(exported: Exported, tensors: list[Bytes]) -> tuple[Callable[[], object], bytes]:
    """Quantising, with what TFLiteConverter had ready for it, to be done again; and the finished file."""
    own, kept = TFLiteConverterBase._optimize_tflite_model, list[tuple[tuple[Any, ...], dict[str, Any]]]()

    def keep(*given: Any, **named: Any) -> Any:
        kept.append((given, named))
        return own(*given, **named)

    preset = replace(IN_TENSORFLOW, calibration_images=len(tensors))
    with mock.patch.object(TFLiteConverterBase, "_optimize_tflite_model", keep):
        finished, _ = quantise_exported(exported, preset, tensors)
    ((given, named),) = kept

    def step() -> None:
        with quiet():
            own(*given, **named)

    return step, finished


def _compared(ours: bytes, theirs: bytes) -> tuple[list[int], Ratio]:
    with TemporaryDirectory() as scratch:
        paths = [Path(scratch) / f"{name}.tflite" for name in ("ours", "theirs")]
        for path, flatbuffer in zip(paths, (ours, theirs), strict=True):
            path.write_bytes(flatbuffer)
        return [len(ours), len(theirs)], in_turns(answering(paths[0]), answering(paths[1]), TIMED_PAIRS)


def _searched(float32: bytes, tensors: list[Bytes]) -> dict[str, float]:
    half = len(tensors) // 2
    started = time.perf_counter()
    _, ladder = search(float32, NONE_MAY_FLIP, tensors[:half], tensors[half:], threshold=0.5)
    seconds = time.perf_counter() - started
    return {"images": half, "validation_images": half, "rungs": len(ladder.rungs), "seconds": round(seconds, 1)}


def _told(ratio: Ratio) -> dict[str, float]:
    return {"median": round(ratio.median, 3), "low": round(ratio.low, 3), "high": round(ratio.high, 3)}


if __name__ == "__main__":
    main()

"""Which operators an arm64 board computes in float as this machine does, to the last bit.

python benchmarks/operators.py --root ROOT [--out benchmarks/results/operators.json]

ROOT as for arm64.py. Each operator stands in a network of its own, with weights and inputs drawn at random.

Held (status 1 otherwise): what `--fallback` may leave in float is the same to the bit.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
from emulated import PROCESSORS, Side, board_side, expect_root, expect_same_litert, this_side

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf
from keras import layers

from tflite_mammo.console import CleanCommand, say
from tflite_mammo.conversion.export import converted
from tflite_mammo.conversion.graph import FloatGraph
from tflite_mammo.conversion.search import alike
from tflite_mammo.files import write_text

PROGRAM = Path(__file__).with_name("one_side_of_operators.py")
SHAPE, INPUTS = (28, 28, 32), 8


def _beside(join: layers.Layer) -> Callable[[Any], Any]:
    """With another tensor, which is found without rounding."""
    return lambda x: join([x, layers.MaxPooling2D(3, 1, "same")(x)])


keras.utils.set_random_seed(0)  # what a layer draws is settled when it is made
OPERATORS: dict[str, Callable[[Any], Any]] = {
    **{f"convolution, {k} x {k}": layers.Conv2D(48, k, padding="same") for k in (1, 3, 5, 7)},
    "convolution, 3 x 3, every second pixel": layers.Conv2D(48, 3, 2, padding="same"),
    "convolution, 3 x 3, in 4 groups": layers.Conv2D(48, 3, padding="same", groups=4),
    **{f"depthwise convolution, {k} x {k}": layers.DepthwiseConv2D(k, padding="same") for k in (3, 5, 7)},
    "depthwise convolution, 3 x 3, every second pixel": layers.DepthwiseConv2D(3, 2, padding="same"),
    "sum": _beside(layers.Add()),
    "product": _beside(layers.Multiply()),
    "mean of all pixels": layers.GlobalAveragePooling2D(),
    "mean of 2 x 2": layers.AveragePooling2D(2),
    "highest of 3 x 3": layers.MaxPooling2D(3, 2),
    "ReLU6": layers.ReLU(6.0),
    "hard swish": layers.Activation("hard_silu"),
    "sigmoid": layers.Activation("sigmoid"),
    "SiLU": layers.Activation("silu"),
    "dense": lambda x: layers.Dense(48)(layers.Flatten()(x)),
}


@dataclass(frozen=True)
class Row:
    operator: str
    may_stay_in_float: bool
    values_that_differ: dict[str, float]
    """Their share, by processor."""


@click.command(cls=CleanCommand)
@click.option("--root", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path), help="Debian")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="JSON to write")
def main(root: Path, out: Path | None) -> None:
    """Compare what this machine and emulated boards compute in float, operator by operator"""
    expect_root(root)
    alone = {name: _alone(operator) for name, operator in OPERATORS.items()}
    with TemporaryDirectory(dir=root / "tmp") as folder:
        here, there = _both_sides(alone, root, Path(folder))
    rows = [
        Row(name, _may_stay(file), {cpu: _share(here, board, name) for cpu, board in there.items()})
        for name, file in alone.items()
    ]
    click.echo("\n".join(_table(rows)))
    if out:
        board = next(iter(there.values())).versions
        found = {"here": here.versions, "there": board, "operators": [asdict(row) for row in rows]}
        write_text(out, json.dumps(found, indent=2) + "\n")
    if any(row.may_stay_in_float and any(row.values_that_differ.values()) for row in rows):
        raise SystemExit(1)


def _alone(operator: Callable[[Any], Any]) -> bytes:
    pixels = keras.Input(SHAPE, 1)
    return converted(tf.lite.TFLiteConverter.from_keras_model(keras.Model(pixels, operator(pixels))))


def _both_sides(alone: Mapping[str, bytes], root: Path, stage: Path) -> tuple[Side, dict[str, Side]]:
    """`stage` lies in the root; the boards' sides by processor."""
    np.save(stage / "inputs.npy", np.random.default_rng(0).normal(size=(INPUTS, 1, *SHAPE)).astype(np.float32))
    for name, file in alone.items():
        (stage / f"{name}.tflite").write_bytes(file)
    here, there = this_side(stage, PROGRAM), {}
    for cpu, processor in PROCESSORS.items():
        say(f"computing as a {processor.board} would")
        there[cpu] = board_side(root, stage, PROGRAM, cpu)
        expect_same_litert(here, there[cpu])
    return here, there


def _may_stay(file: bytes) -> bool:
    graph = FloatGraph(file)
    return {op.output for op in graph.ops} <= alike(graph)


def _share(here: Side, there: Side, name: str) -> float:
    return float((here.arrays[name] != there.arrays[name]).mean())


def _table(rows: list[Row]) -> Iterator[str]:
    yield f"| operator, in float | {' | '.join(PROCESSORS)} | may stay in float |"
    yield "|" + "---|" * (len(PROCESSORS) + 2)
    for row in rows:
        differ = " | ".join(f"{share:.1%}" if share else "none" for share in row.values_that_differ.values())
        yield f"| {row.operator} | {differ} | {'yes' if row.may_stay_in_float else 'no'} |"


if __name__ == "__main__":
    main()

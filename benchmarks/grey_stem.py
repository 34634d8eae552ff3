"""What one channel instead of three equal ones saves on a device, at 224 px with LiteRT: operators and milliseconds.

python benchmarks/grey_stem.py [--out benchmarks/results/grey_stem.json]
"""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import click
import numpy as np
from pairs import INVOKES, answering, in_turns

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

NETWORKS = ("small-cnn", "mobilenetv2", "efficientnet-lite0")
PRESETS = ("float32", "int8")
SHAPE = (224, 224, 1)
PAIRS = 41


@click.command()
@click.option("--out", type=click.Path(path_type=Path))
def main(out: Path | None) -> None:
    rows = []
    for name in NETWORKS:
        one, three = _files(name, folded=True), _files(name, folded=False)
        for preset in PRESETS:
            rows.append({"network": name, "preset": preset, **_compare(one[preset], three[preset])})
            print(rows[-1])
    if out:
        out.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def _files(name: str, *, folded: bool) -> dict[str, bytes]:
    """At a random start: how fast a network is does not depend on what it learned."""
    import keras

    from tflite_mammo.conversion import device
    from tflite_mammo.conversion.engines import quantise_exported
    from tflite_mammo.conversion.export import export
    from tflite_mammo.conversion.preset import read_preset
    from tflite_mammo.training.network import assemble
    from tflite_mammo.training.recipe import Recipe
    from tflite_mammo.training.tables import Stage

    keras.utils.set_random_seed(0)
    network = assemble(Recipe("grey", name, (Stage(1),), weights="random", batch_norm="adapt"), SHAPE, 2).model
    images = list(np.random.default_rng(0).integers(0, 256, (4, *SHAPE), dtype=np.uint8))
    with mock.patch.object(device, "on_one_channel", device.on_one_channel if folded else lambda network: None):
        exported = export(network)
    return {preset: quantise_exported(exported, read_preset(preset), images)[0] for preset in PRESETS}


def _compare(one: bytes, three: bytes) -> dict[str, object]:
    with TemporaryDirectory() as scratch:
        paths = [Path(scratch) / f"{number}.tflite" for number in (1, 3)]
        for path, flatbuffer in zip(paths, (one, three), strict=True):
            path.write_bytes(flatbuffer)
        ratio = in_turns(answering(paths[0]), answering(paths[1]), PAIRS)
    return {
        "operators": [_operators(one), _operators(three)],
        "bytes": [len(one), len(three)],
        "ms": [round(1000 * seconds / INVOKES, 3) for seconds in (ratio.ours_s, ratio.peer_s)],
        "ratio": round(ratio.median, 3),
    }


def _operators(flatbuffer: bytes) -> int:
    from ai_edge_litert.tools import flatbuffer_utils

    return len(flatbuffer_utils.read_model_from_bytearray(bytearray(flatbuffer)).subgraphs[0].operators)


if __name__ == "__main__":
    main()

"""Which calibration ranges keep int8 closer to the network: lowest-to-highest values, or litert-quantizer's default?

python benchmarks/ranges.py RUN... [--out benchmarks/results/ranges.json]
"""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import click
import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path))
def main(runs: tuple[Path, ...], out: Path | None) -> None:
    rows = []
    for number, folder in enumerate(runs, 1):
        for name in ("lowest to highest", "moving average"):
            rows.append({"run": number, "ranges": name, **_drift(folder, averaged=name == "moving average")})
            print(rows[-1])
    if out:
        out.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def _drift(folder: Path, *, averaged: bool) -> dict[str, object]:
    from tflite_mammo.conversion import quantise
    from tflite_mammo.conversion.convert import convert
    from tflite_mammo.conversion.preset import read_preset
    from tflite_mammo.data.dataset import Dataset
    from tflite_mammo.training.run import Run

    def found(float32: bytes, plan: Any, tensors: list[Any]) -> Any:
        """As Quantizer.calibrate does it; of black and white the extremes count in any case."""
        if len(tensors) <= 2:
            return own(float32, plan, tensors)
        calibrator = Calibrator(float32, num_threads=2)
        calibrator.calibrate({"serving_default": [{"pixels": tensor[np.newaxis]} for tensor in tensors]}, plan)
        return calibrator.get_model_qsvs()

    from litert_quantizer.calibrator import Calibrator

    own = quantise._found
    run = Run(folder)
    dataset = Dataset(Path(run.environment.data_folder))
    with TemporaryDirectory() as scratch, mock.patch.object(quantise, "_found", found if averaged else own):
        (done,) = convert(run, dataset, [(read_preset("int8"), Path(scratch) / "m.tflite")])
    drift = done.drift
    return {
        "network": f"{run.environment.recipe}, seed {run.environment.seed}",
        "images": drift.images,
        "labels flipped": drift.label_flips,
        "score difference mean": round(drift.score_difference_mean, 4),
        "score difference max": round(drift.score_difference_max, 4),
        "auc difference": round(drift.auc_difference, 4),
    }


if __name__ == "__main__":
    main()

"""A trained run to a Trial: exported once, to be quantised again and again, each file judged against the network."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tflite_mammo.cli._shared import data_of
from tflite_mammo.conversion.convert import calibration_tensors, validation_of
from tflite_mammo.conversion.engines import Validation
from tflite_mammo.conversion.export import Exported, export
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.evaluation.budget import Budget
from tflite_mammo.evaluation.drift import DriftReport, measure_drift
from tflite_mammo.preprocess import Bytes
from tflite_mammo.runtime import Runtime
from tflite_mammo.training.run import Run

FEW_DRAWS = 10
"""For intervals, of which no table here tells."""


@dataclass(frozen=True, eq=False)
class Trial:
    run: Run
    dataset: Dataset
    exported: Exported
    seconds: float
    """That exporting took."""

    @property
    def network(self) -> str:
        return self.run.recipe.backbone

    @property
    def seed(self) -> int:
        return self.run.environment.seed

    @property
    def validation(self) -> Validation:
        return validation_of(self.run, self.dataset)

    def calibration(self, count: int, seed: int | None = None) -> Sequence[Bytes]:
        """The images that `convert` would take, or another draw of them."""
        return calibration_tensors(self.dataset, count, self.run.recipe.seed if seed is None else seed)

    def drift(self, flatbuffer: bytes, budget: Budget) -> DriftReport:
        """On the test part, at the locked threshold, against the network's own scores."""
        part = self.dataset.part("test")
        with TemporaryDirectory() as scratch:
            path = Path(scratch) / "m.tflite"
            path.write_bytes(flatbuffer)
            runtime = Runtime(path, threads=2)
            found = np.stack([runtime.scores(tensor) for tensor in self.dataset.tensors(part)])
        before, after = self.run.scores.of_split("test"), self.dataset.scores(part, found)
        return measure_drift(before, after, self.run.evaluation.threshold.value, budget, FEW_DRAWS)


def trial_of(folder: Path) -> Trial:
    run = Run(folder)
    dataset, network = data_of(run, None), run.model()
    started = time.perf_counter()
    exported = export(network)
    return Trial(run, dataset, exported, time.perf_counter() - started)

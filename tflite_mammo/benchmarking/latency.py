"""How long one answer takes, and what it costs in memory.

Every measurement runs in a fresh process, so that load time, first answer and peak memory are those of a real start.
Models take turns over several rounds, so that a machine that slows down slows all of them.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tflite_mammo.benchmarking.device import Device, describe_device
from tflite_mammo.bundle import read_bundle
from tflite_mammo.console import Advance, no_progress
from tflite_mammo.errors import MammoError
from tflite_mammo.schema import from_dict

ROUNDS = 3


@dataclass(frozen=True)
class Sample:
    """What one process measured; the child prints it as JSON."""

    runtime: str
    runtime_version: str
    load_ms: float
    first_ms: float
    peak_memory_mb: float
    invoke_ms: tuple[float, ...]


@dataclass(frozen=True)
class LatencyReport:
    model: str
    quantisation: str
    model_sha256: str
    file_mb: float
    runtime: str
    runtime_version: str
    threads: int
    load_ms: float
    first_ms: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    peak_memory_mb: float
    invoke_ms: tuple[float, ...]
    """Every sample, round after round."""
    device: Device


def measure_latency(
    models: Sequence[Path],
    threads: Sequence[int],
    runtime: str = "auto",
    runs: int = 100,
    advance: Advance = no_progress,
) -> list[LatencyReport]:
    """One report per model and number of threads, each from ROUNDS processes of `runs` inferences."""
    bundles = {path: read_bundle(path) for path in models}
    settings = [(path, count) for path in models for count in threads]
    samples: dict[tuple[Path, int], list[Sample]] = {setting: [] for setting in settings}
    for _ in range(ROUNDS):
        for setting in settings:
            samples[setting].append(_in_a_process(*setting, runtime, runs))
            advance(1)
    device = describe_device()
    reports = []
    for (path, count), measured in samples.items():
        invoke = np.concatenate([sample.invoke_ms for sample in measured])
        p50, p90, p99 = (round(float(q), 4) for q in np.quantile(invoke, (0.5, 0.9, 0.99)))
        bundle = bundles[path]
        reports.append(
            LatencyReport(
                model=bundle.card.name,
                quantisation=bundle.card.quantisation,
                model_sha256=bundle.sha256,
                file_mb=round(path.stat().st_size / 1e6, 3),
                runtime=measured[0].runtime,
                runtime_version=measured[0].runtime_version,
                threads=count,
                load_ms=float(np.median([sample.load_ms for sample in measured])),
                first_ms=float(np.median([sample.first_ms for sample in measured])),
                p50_ms=p50,
                p90_ms=p90,
                p99_ms=p99,
                peak_memory_mb=round(max(sample.peak_memory_mb for sample in measured), 1),
                invoke_ms=tuple(float(value) for value in invoke),
                device=device,
            )
        )
    return reports


def _in_a_process(path: Path, threads: int, runtime: str, runs: int) -> Sample:
    command = [sys.executable, "-m", "tflite_mammo.benchmarking.child", str(path), str(threads), runtime, str(runs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"])[-1]
        raise MammoError(reason.removeprefix("error: "))
    return from_dict(Sample, json.loads(done.stdout), "benchmark")

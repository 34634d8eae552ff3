"""The process that measures: python -m tflite_mammo.benchmarking.child MODEL THREADS RUNTIME RUNS, a Sample as JSON."""

import sys
import time
from pathlib import Path

import numpy as np

from tflite_mammo.benchmarking.device import peak_memory_mb
from tflite_mammo.benchmarking.latency import Sample
from tflite_mammo.errors import MammoError
from tflite_mammo.runtime import Runtime
from tflite_mammo.schema import to_json

WARM_UP = 10


def measure(path: Path, threads: int, runtime: str, runs: int) -> Sample:
    started = time.perf_counter()
    model = Runtime(path, threads=threads, runtime=runtime)
    load_ms = _since(started)
    tensor = np.random.default_rng(0).integers(0, 256, model.shape, dtype=np.uint8)
    started = time.perf_counter()
    model.scores(tensor)
    first_ms = _since(started)
    for _ in range(WARM_UP):
        model.invoke()
    samples = tuple(invoke_ms(model) for _ in range(runs))
    return Sample(model.name, model.version, load_ms, first_ms, round(peak_memory_mb(), 1), samples)


def invoke_ms(model: Runtime) -> float:
    started = time.perf_counter()
    model.invoke()
    return _since(started)


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 4)


if __name__ == "__main__":
    try:
        print(to_json(measure(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))))
    except MammoError as error:
        sys.exit(f"error: {error}")

"""Model files to how fast each answers here: a glance, in this process and in turns. No benchmark.

A benchmark is `measure_latency`, from fresh processes and with every sample kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tflite_mammo.benchmarking.child import WARM_UP, invoke_ms
from tflite_mammo.runtime import Runtime

ROUNDS = 30
THREADS = (1, 2)


@dataclass(frozen=True)
class Speed:
    threads: int
    median_ms: float
    p95_ms: float


def glance(models: Sequence[Path]) -> list[tuple[Speed, ...]]:
    """Of each model a Speed per number of threads. All take turns, so that a busy machine slows all of them."""
    by_threads = [_speeds(models, threads) for threads in THREADS]
    return list(zip(*by_threads, strict=True))


def _speeds(models: Sequence[Path], threads: int) -> list[Speed]:
    runtimes = [Runtime(path, threads=threads) for path in models]
    for runtime in runtimes:
        runtime.set_pixels(np.random.default_rng(0).integers(0, 256, runtime.shape, dtype=np.uint8))
        for _ in range(WARM_UP):
            runtime.invoke()
    rounds = np.array([[invoke_ms(runtime) for runtime in runtimes] for _ in range(ROUNDS)])
    median, p95 = np.quantile(rounds, (0.5, 0.95), axis=0).round(4)
    return [Speed(threads, float(m), float(p)) for m, p in zip(median, p95, strict=True)]

"""Ways of doing the same, timed in turns: what is compared is the ratio, round by round, not two clocks' readings."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

INVOKES = 10
"""Of a model file in each round: one alone would mostly wait for what the file before left in the cache."""


@dataclass(frozen=True)
class Ratio:
    ours_s: float
    peer_s: float
    median: float
    """Of ours / peer over the pairs; below 1 is faster than the peer."""
    low: float
    high: float


def in_turns(ours: Callable[[], object], peer: Callable[[], object], pairs: int = 7) -> Ratio:
    times = in_rounds((ours, peer), pairs)
    ratios = sorted((times[:, 0] / times[:, 1]).tolist())
    return Ratio(
        ours_s=float(np.median(times[:, 0])),
        peer_s=float(np.median(times[:, 1])),
        median=median(ratios),
        low=ratios[0],
        high=ratios[-1],
    )


def in_rounds(ways: Sequence[Callable[[], object]], rounds: int) -> NDArray[np.float64]:
    """Seconds, a row per round and a column per way."""
    for way in ways:
        way()  # warm all up
    times = np.empty((rounds, len(ways)))
    for number in range(rounds):
        # Every other round goes backwards, so that none always follows a warm cache.
        for place in range(len(ways))[:: 1 if number % 2 == 0 else -1]:
            times[number, place] = _seconds(ways[place])
    return times


def answering(path: Path, threads: int = 1) -> Callable[[], None]:
    """INVOKES answers of a model file."""
    from tflite_mammo.runtime import Runtime

    runtime = Runtime(path, threads=threads)
    runtime.set_pixels(np.random.default_rng(1).integers(0, 256, runtime.shape, dtype=np.uint8))

    def answer() -> None:
        for _ in range(INVOKES):
            runtime.invoke()

    return answer


def record(benchmark: BenchmarkFixture, name: str, ratio: Ratio) -> None:
    """Show a ratio beside pytest-benchmark's own figures and keep it in its JSON."""
    benchmark.extra_info[name] = round(ratio.median, 3)
    spread = f"{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
    print(f"\n{name}: {spread}, {ratio.ours_s:.4f} s against {ratio.peer_s:.4f} s")


def _seconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started

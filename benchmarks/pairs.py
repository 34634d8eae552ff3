"""Two ways of doing the same, timed in turns: what is compared is the ratio, pair by pair, not two clocks' readings."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from pytest_benchmark.fixture import BenchmarkFixture


@dataclass(frozen=True)
class Ratio:
    ours_s: float
    peer_s: float
    median: float
    """Of ours / peer over the pairs; below 1 is faster than the peer."""
    low: float
    high: float


def in_turns(ours: Callable[[], object], peer: Callable[[], object], pairs: int = 7) -> Ratio:
    ours(), peer()  # warm both up
    times = []
    for number in range(pairs):
        # Every other pair starts with the peer, so that neither always follows a warm cache.
        order = (ours, peer) if number % 2 == 0 else (peer, ours)
        taken = {function: _seconds(function) for function in order}
        times.append((taken[ours], taken[peer]))
    ratios = sorted(mine / other for mine, other in times)
    return Ratio(
        ours_s=median(mine for mine, _ in times),
        peer_s=median(other for _, other in times),
        median=median(ratios),
        low=ratios[0],
        high=ratios[-1],
    )


def record(benchmark: BenchmarkFixture, name: str, ratio: Ratio) -> None:
    """Show a ratio beside pytest-benchmark's own figures and keep it in its JSON."""
    benchmark.extra_info[name] = round(ratio.median, 3)
    spread = f"{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
    print(f"\n{name}: {spread}, {ratio.ours_s:.4f} s against {ratio.peer_s:.4f} s")


def _seconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started

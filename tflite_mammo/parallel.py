"""The same function over many items in several processes, results in order."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

PR_SET_PDEATHSIG = 1
AHEAD_PER_WORKER = 8
"""Enough to keep workers busy, few enough that results waiting for their turn do not fill the memory."""


def available_cores() -> int:
    """The processors that this process may use, which a container may limit."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _end_with_parent() -> None:
    """A worker whose parent is killed would wait for work for ever; on Linux it asks to be ended with it."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def map_ordered(
    function: Callable[[Item], Result], items: Sequence[Item], workers: int | None = None
) -> Iterator[Result]:
    """Yield function(item) in the order of `items`. `workers` defaults to the processors this process may use."""
    workers = min(workers or available_cores(), len(items))
    if workers <= 1:
        yield from map(function, items)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # spawn, not fork: a fork of a process in which TensorFlow has started its threads can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent) as pool:
        rest = iter(items)
        waiting = [pool.submit(function, item) for item in islice(rest, workers * AHEAD_PER_WORKER)]
        try:
            while waiting:
                yield waiting.pop(0).result()
                waiting.extend(pool.submit(function, item) for item in islice(rest, 1))
        finally:
            for future in waiting:
                future.cancel()

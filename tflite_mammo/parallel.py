"""The same function over many items in several processes, on this machine or on a Ray cluster; results in order."""

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, Literal, TypeVar

from tflite_mammo.errors import MammoError, missing_extra

Item = TypeVar("Item")
Result = TypeVar("Result")
Engine = Literal["local", "ray"]

PR_SET_PDEATHSIG = 1
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT_BYTES = 32 * 2**20
AHEAD_PER_WORKER = 4
"""Enough chunks to keep workers busy, few enough that results waiting for their turn do not fill the memory."""


def available_cores() -> int:
    """The processors that this process may use, which a container may limit."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_ordered(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    workers: int | None = None,
    *,
    engine: Engine = "local",
    chunk: int = 1,
    cpus: float = 1,
    gpus: float = 0,
) -> Iterator[Result]:
    """Yield function(item) in the order of `items`.

    `workers` defaults to the processors this process may use, on a cluster to all of its. A chunk of items travels
    together: for work of a few milliseconds an item the way there and back would cost more than the work. `cpus` and
    `gpus` are what a cluster sets aside for each chunk.
    """
    chunks = [items[start : start + chunk] for start in range(0, len(items), chunk)]
    if engine == "ray":
        yield from _on_a_cluster(function, chunks, workers, cpus, gpus)
        return
    workers = min(workers or available_cores(), len(chunks))
    if workers <= 1:
        yield from map(function, items)
        return
    import multiprocessing
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    # spawn, not fork: a fork of a process in which TensorFlow has started its threads can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        rest, waiting = iter(chunks), deque[Future[list[Result]]]()
        try:
            waiting.extend(pool.submit(_each, function, some) for some in islice(rest, workers * AHEAD_PER_WORKER))
            while waiting:
                results = waiting.popleft().result()
                waiting.extend(pool.submit(_each, function, some) for some in islice(rest, 1))
                yield from results
        except BrokenProcessPool as error:
            raise MammoError("a worker was ended from outside, for want of memory perhaps; use fewer") from error
        finally:
            for future in waiting:
                future.cancel()


def _each(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [function(item) for item in items]


def _start_worker() -> None:
    """The parent decides when a worker ends: not the terminal's Ctrl-C, and without fail when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()()
    keep_memory()


def end_with_parent() -> Callable[[], object]:
    """What a new process calls to be ended when its parent is. The library is looked up here, before any fork."""
    if sys.platform != "linux":
        return lambda: None
    import ctypes

    return partial(ctypes.CDLL(None).prctl, PR_SET_PDEATHSIG, signal.SIGTERM)


def keep_memory() -> None:
    """Let this process keep what an image took for the next one.

    glibc gives it back to the system, from where it returns page by page: a quarter of the time of reading a PNG.
    """
    if sys.platform == "linux":
        import ctypes

        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):  # musl has none, and no need of it
            libc.mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)
            libc.mallopt(M_TRIM_THRESHOLD, 2 * KEPT_BYTES)


def _on_a_cluster(
    function: Callable[[Item], Result], chunks: Sequence[Sequence[Item]], workers: int | None, cpus: float, gpus: float
) -> Iterator[Result]:
    """Every node must see the same files under the same paths and have this package installed."""
    ray = _joined_cluster()
    _expect_room(ray.nodes(), {"CPU": cpus, "GPU": gpus})
    remote = ray.remote(_each).options(num_cpus=cpus, num_gpus=gpus, max_retries=2)
    shared = ray.put(function)
    rest = iter(chunks)
    ahead = AHEAD_PER_WORKER * (workers or int(ray.cluster_resources().get("CPU", 1)))
    waiting = deque(remote.remote(shared, some) for some in islice(rest, ahead))
    try:
        while waiting:
            results = ray.get(waiting[0])
            waiting.popleft()  # not before it is there, or a stop would leave it running
            waiting.extend(remote.remote(shared, some) for some in islice(rest, 1))
            yield from results
    except ray.exceptions.RayError as error:
        raise MammoError(f"the Ray cluster gave up ({str(error).strip().splitlines()[-1]}); see its logs") from error
    finally:
        for reference in waiting:
            ray.cancel(reference)


def _expect_room(nodes: Sequence[Any], wanted: dict[str, float]) -> None:
    """Ray itself would wait without end for a node that can take the work."""
    rooms = [node["Resources"] for node in nodes if node["Alive"]]
    if not any(all(room.get(kind, 0) >= count for kind, count in wanted.items()) for room in rooms):
        asked = " and ".join(f"{count:g} {kind}" for kind, count in wanted.items() if count)
        raise MammoError(f"no node of the Ray cluster has {asked}, as one run asks for; ask for less")


def _joined_cluster() -> Any:
    """The cluster that runs here or that RAY_ADDRESS names; else one of this machine alone."""
    try:
        import ray
    except ImportError:
        raise missing_extra("ray", "cluster") from None
    if not ray.is_initialized():
        quietly = {"log_to_driver": False, "logging_level": "error", "configure_logging": False}
        try:
            ray.init(address=os.environ.get("RAY_ADDRESS", "auto"), **quietly)
        except ConnectionError as error:
            if "RAY_ADDRESS" in os.environ:
                raise MammoError(f"no Ray cluster answers at {os.environ['RAY_ADDRESS']}; start it first") from error
            ray.init(num_cpus=available_cores(), include_dashboard=False, **quietly)
    return ray

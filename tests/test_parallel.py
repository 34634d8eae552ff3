import ctypes
import math
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import SimpleNamespace

import pytest

from tflite_mammo import parallel
from tflite_mammo.errors import MammoError
from tflite_mammo.parallel import AHEAD_PER_WORKER, KEPT_BYTES, keep_memory, map_ordered

MANY = 2 * AHEAD_PER_WORKER + 5
"""More than two workers take at once."""


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    items = [2000 if i % 7 == 0 else i for i in range(MANY)]  # slow ones between quick ones
    assert list(map_ordered(math.factorial, items, workers)) == [math.factorial(item) for item in items]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_exception_in_a_worker_reaches_the_caller(workers: int) -> None:
    results = map_ordered(int, ["1", "2", "three", "4"], workers)
    assert [next(results), next(results)] == [1, 2]
    with pytest.raises(ValueError, match="invalid literal for int"):
        next(results)


def test_no_items_give_no_results() -> None:
    assert list(map_ordered(math.factorial, [], 2)) == []


def test_one_item_needs_no_second_process() -> None:
    seen: list[int] = []
    list(map_ordered(seen.append, [7], 2))
    assert seen == [7]


def test_one_worker_computes_a_result_only_when_it_is_asked_for() -> None:
    seen: list[int] = []
    results: Iterator[None] = map_ordered(seen.append, _items(3), 1)
    next(results)
    assert seen == [0]


def _items(count: int) -> Sequence[int]:
    return range(count)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("chunk", [1, 3, 4, MANY + 1])
def test_chunks_change_nothing_in_the_results(workers: int, chunk: int) -> None:
    results = map_ordered(math.factorial, range(MANY), workers, chunk=chunk)
    assert list(results) == [math.factorial(item) for item in range(MANY)]


def test_items_of_one_chunk_are_worked_on_by_one_process() -> None:
    seen = list(map_ordered(_process, range(MANY), 2, chunk=5))
    assert all(len(set(seen[start : start + 5])) == 1 for start in range(0, MANY, 5))
    assert os.getpid() not in seen


def _process(_: int) -> int:
    return os.getpid()


def test_a_chunk_that_holds_everything_needs_no_second_process() -> None:
    assert list(map_ordered(_process, range(3), 2, chunk=3)) == [os.getpid()] * 3


def test_results_that_nobody_takes_any_more_end_the_workers() -> None:
    results = map_ordered(math.factorial, range(1000), 2, chunk=2)
    assert next(results) == 1
    results.close()  # type: ignore[attr-defined]
    assert not multiprocessing.active_children()


def test_a_worker_that_was_ended_from_outside_is_one_clean_line() -> None:
    with pytest.raises(MammoError, match="ended from outside, for want of memory perhaps; use fewer"):
        list(map_ordered(os._exit, [9] * MANY, 2))
    assert not multiprocessing.active_children()


def test_results_before_the_end_of_a_worker_are_given() -> None:
    results = map_ordered(_exit_at_the_last, range(MANY), 2)
    assert next(results) == 0
    with pytest.raises(MammoError, match="a worker was ended from outside"):
        list(results)


def test_a_pool_that_breaks_while_it_is_given_work_is_one_clean_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise BrokenProcessPool

    monkeypatch.setattr(ProcessPoolExecutor, "submit", broken)
    with pytest.raises(MammoError, match="a worker was ended from outside"):
        list(map_ordered(math.factorial, range(MANY), 2))


def _exit_at_the_last(item: int) -> int:
    if item == MANY - 1:  # not before the first result has been taken
        os._exit(9)
    return item


def _library(monkeypatch: pytest.MonkeyPatch, **functions: object) -> None:
    monkeypatch.setattr(parallel.sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(**functions))


def test_memory_is_kept_for_the_next_image(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    _library(monkeypatch, mallopt=lambda *what: told.append(what))
    keep_memory()
    assert told == [(-3, KEPT_BYTES), (-1, 2 * KEPT_BYTES)]  # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h


def test_a_c_library_that_cannot_be_told_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    _library(monkeypatch)
    keep_memory()  # musl has no mallopt: this would raise


def test_another_system_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    _library(monkeypatch, mallopt=lambda *_: pytest.fail("asked for"))
    monkeypatch.setattr(parallel.sys, "platform", "darwin")
    keep_memory()


def test_every_worker_keeps_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    _library(monkeypatch, mallopt=lambda *what: told.append(what), prctl=lambda *_: 0)
    monkeypatch.setattr(parallel.signal, "signal", lambda *_: None)  # or this process would mind no Ctrl-C
    parallel._start_worker()
    assert len(told) == 2


def test_a_missing_ray_is_one_clean_line_that_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(
        MammoError, match=r"ray is not installed; install it with: pip install 'tflite-mammo\[cluster\]'"
    ):
        list(map_ordered(math.factorial, [1], engine="ray"))

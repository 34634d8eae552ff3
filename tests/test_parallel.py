import math
from collections.abc import Iterator, Sequence

import pytest

from tflite_mammo.parallel import AHEAD_PER_WORKER, map_ordered

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

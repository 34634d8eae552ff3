from collections.abc import Callable
from typing import Any, get_args

import pytest

from tflite_mammo.boards.anatomy import Anatomy
from tflite_mammo.boards.anchors import ALL, ANCHORS, BOARDS, ONE, USB, Anchor, Board, Precision
from tflite_mammo.boards.coral import ON_CHIP_MB, look_at_coral
from tflite_mammo.boards.latency import Estimate, estimate
from tflite_mammo.cli.inspect import TARGETS

Sized = Callable[..., Anatomy]
WIDE = {"INT8": 1, "FLOAT32": 4}


@pytest.fixture
def sized(dissect: Callable[..., Anatomy]) -> Sized:
    """A network of one dense layer per given type, with so many G MACs, and a stated size of weights."""

    def of(weights_mb: float = 1.0, **gmacs: float) -> Anatomy:
        tensors: list[Any] = []
        rows = []
        for dtype, count in gmacs.items():
            inner, first = round(count * 1e6), len(tensors)
            kept = "INT8" if dtype == "DYNAMIC" else dtype
            kind = "FLOAT32" if dtype == "DYNAMIC" else dtype
            stored = round(weights_mb * 1e6)
            tensors += [(kind, (1, inner)), (kept, (1000, inner), stored), (kind, (1, 1000))]
            rows.append(("FULLY_CONNECTED", (first, first + 1), (first + 2,)))
        return dissect(tensors, rows)

    return of


def _at(anatomy: Anatomy, board: Board, setting: str) -> Estimate:
    coral = look_at_coral(anatomy) if board == "coral" else None
    return next(one for one in estimate(anatomy, board, coral) if one.setting == setting)


@pytest.mark.parametrize("anchor", [a for a in ANCHORS if a.board != "coral"], ids=lambda a: f"{a.board}-{a.network}")
def test_the_estimate_of_a_published_network_holds_its_published_figure(sized: Sized, anchor: Anchor) -> None:
    dtype = "INT8" if anchor.precision == "int8" else "FLOAT32"
    found = _at(sized(**{dtype: anchor.gmacs}), anchor.board, anchor.setting)
    assert found.low_ms is not None
    assert found.high_ms is not None
    assert found.low_ms - 0.06 <= anchor.ms <= found.high_ms + 0.06
    assert anchor in found.scaled_from


@pytest.mark.parametrize("anchor", [a for a in ANCHORS if a.board == "coral"], ids=lambda a: f"{a.setting}-{a.network}")
def test_the_estimate_for_an_edge_tpu_is_within_a_sixth_of_its_published_figure(sized: Sized, anchor: Anchor) -> None:
    found = _at(sized(anchor.weights_mb, INT8=anchor.gmacs), "coral", anchor.setting)
    assert found.low_ms is not None
    assert found.high_ms is not None
    assert found.low_ms * 5 / 6 <= anchor.ms <= found.high_ms * 7 / 6


def test_between_two_networks_both_are_scaled_by_their_work(sized: Sized) -> None:
    """0.6 G MACs between MobileNetV2 (0.30, 4.0 ms) and ResNet-18 (1.81, 8.75 ms)."""
    found = _at(sized(INT8=0.6), "pi5", ALL)
    assert (found.low_ms, found.high_ms) == (round(0.6 / 1.81 * 8.75, 1), 8.0)
    assert {anchor.network for anchor in found.scaled_from} == {"MobileNetV2", "ResNet-18"}


def test_runtimes_that_disagree_make_the_range(sized: Sized) -> None:
    """4.5 G MACs: ResNet-50 lies below them, once as ExecuTorch's and, a little further, as ncnn's."""
    found = _at(sized(INT8=4.5), "pi5", ALL)
    assert {anchor.runtime for anchor in found.scaled_from} == {"ExecuTorch", "ncnn"}
    assert found.low_ms is not None
    assert found.low_ms < 20.6 * 4.5 / 4.09 < 47.5 < (found.high_ms or 0)


@pytest.mark.parametrize(
    ("board", "setting", "gmacs"), [("pi4", ALL, 0.01), ("pi5", ONE, 0.3), ("pi5", ALL, 100), ("coral", USB, 0.05)]
)
def test_far_from_all_that_was_published_there_is_no_number(
    sized: Sized, board: Board, setting: str, gmacs: float
) -> None:
    found = _at(sized(INT8=gmacs), board, setting)
    assert (found.low_ms, found.high_ms, found.scaled_from) == (None, None, ())
    assert f"no published figure near {gmacs:.3g} G MACs in int8; published:" in found.why


def test_of_dynamic_range_nothing_is_published(sized: Sized) -> None:
    assert _at(sized(DYNAMIC=1.0), "pi5", ALL).why == "no published figure for int8 weights times float on this board"


def test_a_network_of_both_arithmetics_takes_the_sum(sized: Sized) -> None:
    both, whole, half = (_at(sized(**of), "pi5", ALL) for of in ({"INT8": 1.0, "FLOAT32": 1.0}, {"INT8": 1.0},
                                                                {"FLOAT32": 1.0}))  # fmt: skip
    assert both.low_ms == pytest.approx((whole.low_ms or 0) + (half.low_ms or 0), abs=0.11)
    assert both.high_ms == pytest.approx((whole.high_ms or 0) + (half.high_ms or 0), abs=0.11)


def test_bytes_that_do_not_fit_on_the_chip_cost_time(sized: Sized) -> None:
    fits, streams = (_at(sized(megabytes, INT8=1.0), "coral", USB) for megabytes in (ON_CHIP_MB, ON_CHIP_MB + 10))
    assert None not in (fits.low_ms, fits.high_ms, streams.low_ms, streams.high_ms)
    assert 10 < (streams.low_ms or 0) - (fits.low_ms or 0) < (streams.high_ms or 0) - (fits.high_ms or 0) < 30


def test_where_nothing_runs_on_the_tpu_there_is_no_estimate_for_it(sized: Sized) -> None:
    assert "nothing that multiplies" in _at(sized(FLOAT32=1.0), "coral", USB).why


def test_every_anchor_names_its_source_and_every_board_has_some() -> None:
    assert all(anchor.source and anchor.ms > 0 and anchor.gmacs > 0 for anchor in ANCHORS)
    assert {anchor.board for anchor in ANCHORS} == set(BOARDS) == set(get_args(Board)) == set(TARGETS)
    assert {anchor.precision for anchor in ANCHORS} == set(get_args(Precision))
    assert all(anchor.weights_mb for anchor in ANCHORS if anchor.board == "coral")

"""An Anatomy to estimates of how long one image takes on a board, scaled from published figures.

An estimate, never a measurement: networks differ by a factor of three in milliseconds per multiply-accumulate (MAC),
and so do runtimes. The range is that of the published networks nearest in MACs, each scaled by them. Where nothing near
was published, the estimate says so instead of a number. `tflite-mammo benchmark` measures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tflite_mammo.boards.anatomy import Anatomy
from tflite_mammo.boards.anchors import ANCHORS, Anchor, Board, Precision
from tflite_mammo.boards.coral import ON_CHIP_MB, CoralOutlook

NEAR = 1.5
"""Every anchor within this factor counts, beside the nearest on either side."""
FARTHEST = 4.0
"""Beyond all anchors by more than this factor in size, scaling would be guessing."""
WORTH_NAMING = 0.01
"""The share of a file's MACs below which another precision is not waited for."""


@dataclass(frozen=True)
class Estimate:
    board: Board
    setting: str
    low_ms: float | None
    """None where nothing near was published; `why` then says what is missing."""
    high_ms: float | None
    scaled_from: tuple[Anchor, ...]
    why: str = ""


PRECISIONS: tuple[Precision, ...] = ("int8", "float")
Range = tuple[float, float, tuple[Anchor, ...]]


def estimate(anatomy: Anatomy, board: Board, coral: CoralOutlook | None = None) -> tuple[Estimate, ...]:
    """One for each setting that somebody published figures of."""
    settings = dict.fromkeys(anchor.setting for anchor in ANCHORS if anchor.board == board)
    if coral:
        return tuple(_on_coral(coral, board, setting) for setting in settings)
    return tuple(_on_cpu(anatomy, board, setting) for setting in settings)


def _on_cpu(anatomy: Anatomy, board: Board, setting: str) -> Estimate:
    missing = _unpublished(anatomy)
    if missing:
        return Estimate(board, setting, None, None, (), missing)
    parts = []
    for precision in PRECISIONS:
        macs = anatomy.macs_in(precision)
        if macs < WORTH_NAMING * anatomy.macs:
            continue
        anchors = _published(board, setting, precision)
        found = _scaled(macs / 1e9, anchors)
        if found is None:
            return Estimate(board, setting, None, None, (), _nothing_near(macs, precision, anchors))
        parts.append(found)
    return _sum(board, setting, parts)


def _unpublished(anatomy: Anatomy) -> str:
    """Kinds of arithmetic that nobody published figures of."""
    if not anatomy.macs:
        return "the file multiplies nothing that can be counted"
    known = sum(anatomy.macs_in(precision) for precision in PRECISIONS)
    if known >= (1 - WORTH_NAMING) * anatomy.macs:
        return ""
    other = "int8 weights times float" if anatomy.macs_in("dynamic") else "this arithmetic"
    return f"no published figure for {other} on this board"


def _on_coral(coral: CoralOutlook, board: Board, setting: str) -> Estimate:
    if not coral.mapped_macs:
        return Estimate(board, setting, None, None, (), "nothing that multiplies would run on the Edge TPU")
    anchors = _published(board, setting, "int8")
    small = [anchor for anchor in anchors if anchor.weights_mb <= ON_CHIP_MB]
    computing = _scaled(coral.mapped_macs / 1e9, small, farthest=float("inf"))
    if computing is None or coral.mapped_macs / 1e9 * FARTHEST < min(anchor.gmacs for anchor in small):
        return Estimate(board, setting, None, None, (), _nothing_near(coral.mapped_macs, "int8", small))
    parts = [computing]
    if coral.streamed_bytes:
        parts.append(_streaming(coral.streamed_bytes / 1e6, small, [a for a in anchors if a not in small]))
    return _sum(board, setting, parts)


def _streaming(streamed_mb: float, small: Sequence[Anchor], large: Sequence[Anchor]) -> Range:
    """Milliseconds per megabyte that does not fit on the chip: what large networks take beyond their computing."""
    rate = max(small, key=lambda anchor: anchor.gmacs)
    per_mb = [(anchor.ms - anchor.gmacs * rate.ms / rate.gmacs) / (anchor.weights_mb - ON_CHIP_MB) for anchor in large]
    return streamed_mb * min(per_mb), streamed_mb * max(per_mb), tuple(large)


def _published(board: Board, setting: str, precision: Precision) -> list[Anchor]:
    return [a for a in ANCHORS if (a.board, a.setting, a.precision) == (board, setting, precision)]


def _scaled(gmacs: float, anchors: Sequence[Anchor], farthest: float = FARTHEST) -> Range | None:
    below = max((anchor.gmacs for anchor in anchors if anchor.gmacs <= gmacs), default=0.0)
    above = min((anchor.gmacs for anchor in anchors if anchor.gmacs >= gmacs), default=float("inf"))
    if (not below and above > farthest * gmacs) or (above == float("inf") and below * farthest < gmacs):
        return None
    near = [a for a in anchors if a.gmacs in (below, above) or 1 / NEAR <= a.gmacs / gmacs <= NEAR]
    scaled = [anchor.ms * gmacs / anchor.gmacs for anchor in near]
    return min(scaled), max(scaled), tuple(near)


def _sum(board: Board, setting: str, parts: Sequence[Range]) -> Estimate:
    anchors = tuple(dict.fromkeys(anchor for part in parts for anchor in part[2]))
    low, high = sum(part[0] for part in parts), sum(part[1] for part in parts)
    return Estimate(board, setting, round(low, 1), round(high, 1), anchors)


def _nothing_near(macs: int, precision: str, anchors: Sequence[Anchor]) -> str:
    sizes = sorted(anchor.gmacs for anchor in anchors)
    span = f"{sizes[0]:g} to {sizes[-1]:g}" if sizes[0] < sizes[-1] else f"{sizes[0]:g}"
    return f"no published figure near {macs / 1e9:.3g} G MACs in {precision}; published: {span}"

"""A .tflite file and a board to the Outlook: everything that can be told of the one on the other without having it."""

from dataclasses import dataclass
from pathlib import Path

from tflite_mammo.boards.anatomy import Anatomy, read_anatomy
from tflite_mammo.boards.anchors import Board
from tflite_mammo.boards.compiler import Compiled, compile_for_edge_tpu
from tflite_mammo.boards.coral import CoralOutlook, look_at_coral
from tflite_mammo.boards.latency import Estimate, estimate


@dataclass(frozen=True)
class Outlook:
    board: Board
    anatomy: Anatomy
    estimates: tuple[Estimate, ...]
    coral: CoralOutlook | None = None
    """What the published rules say; only for an Edge TPU."""
    compiled: Compiled | None = None
    """What the compiler itself says, where it is installed."""


def look_at(path: Path, board: Board, compiled: Path | None = None) -> Outlook:
    """compiled: where to leave what the compiler makes of it; without a card."""
    anatomy = read_anatomy(path)
    if board != "coral":
        return Outlook(board, anatomy, estimate(anatomy, board))
    coral = look_at_coral(anatomy)
    return Outlook(board, anatomy, estimate(anatomy, board, coral), coral, compile_for_edge_tpu(path, compiled))

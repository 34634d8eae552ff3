"""Rows of words to lines of a terminal, in columns as wide as their widest cell; long lines to several."""

from collections.abc import Sequence
from textwrap import wrap

WIDTH = 100

Words = Sequence[str]


def aligned(rows: Sequence[Words], gap: str = "  ", side: str = ">") -> list[str]:
    """The first column to the left, the others to the right, or to the left with side "<"."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    cells = [[f"{row[0]:<{widths[0]}}", *(f"{cell:{side}{w}}" for cell, w in zip(row[1:], widths[1:], strict=True))]
             for row in rows]  # fmt: skip
    return [gap.join(row).rstrip() for row in cells]


def folded(line: str) -> list[str]:
    """What follows the first line stands two columns further in."""
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return wrap(line, WIDTH, subsequent_indent=indent, break_on_hyphens=False) if len(line) > WIDTH else [line]

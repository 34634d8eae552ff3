"""Rows of words to lines of a terminal, in columns as wide as their widest cell."""

from collections.abc import Sequence

Words = Sequence[str]


def aligned(rows: Sequence[Words], gap: str = "  ", side: str = ">") -> list[str]:
    """The first column to the left, the others to the right, or to the left with side "<"."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    cells = [[f"{row[0]:<{widths[0]}}", *(f"{cell:{side}{w}}" for cell, w in zip(row[1:], widths[1:], strict=True))]
             for row in rows]  # fmt: skip
    return [gap.join(row).rstrip() for row in cells]

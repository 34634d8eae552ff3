"""Masks to the piece that matters: thin lines are dropped, and of what is connected the largest stays. In integers."""

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def without_thin_lines(mask: Mask) -> Mask:
    """Erode and dilate once: the frames and scratches of scanned film are one thumbnail pixel wide."""
    return grown(_shifted(mask, all_of=True))


def grown(mask: Mask, times: int = 1) -> Mask:
    """By one pixel each way, so many times."""
    for _ in range(times):
        mask = _shifted(mask, all_of=False)
    return mask


def _shifted(mask: Mask, *, all_of: bool) -> Mask:
    padded = np.pad(mask, 1, constant_values=False)
    height, width = mask.shape
    result = mask.copy()
    for row in range(3):
        for column in range(3):
            window = padded[row : row + height, column : column + width]
            result = (result & window) if all_of else (result | window)
    return result


def largest_piece(mask: Mask) -> Mask:
    """The largest 4-connected piece, by joining runs of neighbouring rows; a label on the film is a smaller one."""
    parents: list[int] = []
    runs: list[tuple[int, int, int]] = []
    above: list[int] = []
    for row in range(mask.shape[0]):
        edges = np.flatnonzero(np.diff(mask[row].astype(np.int8), prepend=0, append=0))
        here: list[int] = []
        for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            me = len(runs)
            runs.append((row, start, end))
            parents.append(me)
            here.append(me)
            for other in above:
                if runs[other][1] < end and start < runs[other][2]:
                    parents[_root(parents, other)] = _root(parents, me)
        above = here
    sizes: dict[int, int] = {}
    for i, (_, start, end) in enumerate(runs):
        root = _root(parents, i)
        sizes[root] = sizes.get(root, 0) + end - start
    piece = np.zeros_like(mask)
    if sizes:
        winner = max(sizes, key=lambda root: sizes[root])
        for i, (row, start, end) in enumerate(runs):
            piece[row, start:end] = _root(parents, i) == winner or piece[row, start:end]
    return piece


def _root(parents: list[int], i: int) -> int:
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = parents[i]
    return i

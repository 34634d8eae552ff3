"""Float weights to float weights that int8 or float16 hold exactly, rounded so that errors cancel in what they compute.

Rounding each weight for itself moves an operator's output by the sum of all errors, each times what it meets; inputs
behind a ReLU are all of one sign, so that sum has a mean, the bias takes it off. With second moments the weights are
rounded one after the other, and those that are left make good for the error so far: GPTQ (Frantar et al. 2022,
arXiv:2210.17323), here for convolutions, whose inputs are patches.
"""

from collections.abc import Callable

import numpy as np

from tflite_mammo.conversion.graph import FloatGraph
from tflite_mammo.conversion.statistics import Doubles, Met, Statistics

LEVELS = 127
DAMPING = 0.01
"""Added to the diagonal, as a share of its mean: inputs that calibration hardly saw must not be relied on."""
BLOCK = 64
CUTS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6)
"""Shares of the largest weight that a row may be cut to."""


Nearest = Callable[[Doubles, Doubles], Doubles]
"""Weights, and the step of each row where they stand in steps, to what is nearest to them."""


def round_weights(graph: FloatGraph, statistics: Statistics, *, half: bool = False) -> None:
    """Changes the graph. half: to float16; else to int8, save the logits' weights, which stay in float."""
    for place, met in statistics.met.items():
        if place == graph.last_dense() and not half:
            continue
        op = graph.ops[place]
        weights = graph.values(op.weights).astype(np.float64)
        depthwise = op.kind == "DEPTHWISE_CONV_2D"
        rows = weights.reshape(-1, weights.shape[-1]).T if depthwise else weights.reshape(len(weights), -1)
        rounded = _rounded(rows, np.ones(len(rows)), met, depthwise, _half) if half else _in_steps(rows, met, depthwise)
        inputs = met.mean.T if depthwise else met.mean.reshape(1, -1)
        if op.bias >= 0:
            graph.change(op.bias, graph.values(op.bias) + ((rows - rounded) * inputs).sum(axis=1))
        graph.change(op.weights, (rounded.T if depthwise else rounded).reshape(weights.shape))


def _in_steps(rows: Doubles, met: Met, depthwise: bool) -> Doubles:
    """A row has one step."""
    weight = met.mean.T**2 if met.second is None and depthwise else np.square(met.mean).reshape(1, -1)
    if met.second is not None:
        weight = np.diagonal(met.second, axis1=-2, axis2=-1).reshape(-1, rows.shape[1])
    steps = _steps(rows, weight)
    found = _rounded(rows, steps, met, depthwise, _nearest)
    # The quantiser takes the step from the largest weight, so one must stand at the end of the scale.
    largest = np.abs(rows).argmax(axis=1)[:, np.newaxis]
    ends = np.sign(np.take_along_axis(rows, largest, axis=1)) * LEVELS * steps[:, np.newaxis]
    np.put_along_axis(found, largest, ends, axis=1)
    return found


def _rounded(rows: Doubles, steps: Doubles, met: Met, depthwise: bool, nearest: Nearest) -> Doubles:
    if met.second is None:
        return nearest(rows, steps[:, np.newaxis])
    if depthwise:
        alone = [together(rows[i : i + 1], steps[i : i + 1], met.second[i], nearest) for i in range(len(rows))]
        return np.concatenate(alone)
    return together(rows, steps, met.second, nearest)


def _steps(rows: Doubles, weight: Doubles) -> Doubles:
    """Of each row: cutting its largest weights may cost less than telling all others in coarser steps."""
    full = np.maximum(np.abs(rows).max(axis=1), 1e-12) / LEVELS
    tried = [full * share for share in CUTS]
    errors = [(np.square(rows - _nearest(rows, step[:, np.newaxis])) * weight).sum(axis=1) for step in tried]
    best: Doubles = np.choose(np.argmin(errors, axis=0), tried)
    return best


def _nearest(rows: Doubles, steps: Doubles) -> Doubles:
    return np.asarray(np.clip(np.rint(rows / steps), -LEVELS, LEVELS) * steps)


def _half(rows: Doubles, steps: Doubles) -> Doubles:
    return rows.astype(np.float16).astype(np.float64)


def together(rows: Doubles, steps: Doubles, second: Doubles, nearest: Nearest = _nearest) -> Doubles:
    """Columns from left to right; the error of each is passed on to those that are left, as far as they meet alike."""
    size = len(second)
    damped = second + np.eye(size) * (DAMPING * float(np.trace(second)) / size + 1e-12)
    # What is met most comes first, while there are many left to make good for it.
    order = np.argsort(-np.diag(damped), kind="stable")
    passing = np.linalg.cholesky(np.linalg.inv(damped[np.ix_(order, order)])).T
    left, found = rows[:, order], np.empty_like(rows)
    for start in range(0, size, BLOCK):
        end = min(start + BLOCK, size)
        errors = np.empty((len(rows), end - start))
        for column in range(start, end):
            found[:, column] = nearest(left[:, column], steps)
            errors[:, column - start] = (left[:, column] - found[:, column]) / passing[column, column]
            left[:, column + 1 : end] -= np.outer(errors[:, column - start], passing[column, column + 1 : end])
        left[:, end:] -= errors @ passing[start:end, end:]
    return found[:, np.argsort(order)]

"""Scores to scores that mean a chance: one slope, and for Platt's method one shift, on the scale of the logits.

In: the scores of the validation part. Out: a Scaling, which a network takes into its last layer at no cost. It works
from scores alone, since the logarithm of a softmax is its logits but for a constant.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.errors import MammoError
from tflite_mammo.scores import AS_TRAINED, Scaling, ScalingMethod, Scores

SLOPES = (0.1, 10.0)
"""Beyond them a handful of validation images would decide that scores mean nothing, or everything."""
LEAST = 1e-30
"""A float32 score below this is as good as none; its logarithm still is a number."""


def fit_scaling(scores: Scores, method: ScalingMethod, fitted_on: str) -> Scaling:
    if method == "none":
        return AS_TRAINED
    expect_calibration(method, scores.classes)
    from scipy.optimize import minimize

    logits, targets = logits_of(scores), _targets(scores)
    bounds = [tuple(map(math.log, SLOPES)), (None, None)][: 2 if method == "platt" else 1]
    found = minimize(_loss, np.zeros(len(bounds)), (logits, targets), method="L-BFGS-B", bounds=bounds).x
    return Scaling(method, math.exp(found[0]), float(found[1]) if method == "platt" else 0.0, fitted_on)


def expect_calibration(method: ScalingMethod, classes: Sequence[str]) -> None:
    if method == "platt" and len(classes) != 2:
        raise MammoError(f"Platt scaling is for 2 classes, these are {len(classes)}; use calibration 'temperature'")


def scaled(scores: Scores, scaling: Scaling) -> Scores:
    return _with_logits(scores, _moved(logits_of(scores), scaling.slope, scaling.intercept))


def unscaled(scores: Scores, scaling: Scaling) -> Scores:
    """What the scores were before."""
    return _with_logits(scores, _moved(logits_of(scores), 1 / scaling.slope, -scaling.intercept / scaling.slope))


def after(first: Scaling, second: Scaling) -> Scaling:
    """What is left to do to scores that went through `first`, to make them as if through `second` alone."""
    slope = second.slope / first.slope
    return Scaling(second.method, slope, second.intercept - first.intercept * slope, second.fitted_on)


def logits_of(scores: Scores) -> NDArray[np.float64]:
    values = scores.values.astype(np.float64)
    if (values < 0).any() or (np.abs(values.sum(axis=1) - 1) > 0.01).any():
        raise MammoError("the scores of an image do not add up to 1; only a softmax's scores can be calibrated")
    logits: NDArray[np.float64] = np.log(np.maximum(values, LEAST))
    return logits


def _moved(logits: NDArray[np.float64], slope: float, intercept: float) -> NDArray[np.float64]:
    moved = slope * logits
    moved[:, -1] += intercept
    return moved


def _with_logits(scores: Scores, logits: NDArray[np.float64]) -> Scores:
    return Scores(scores.classes, scores.rows, np.exp(_log_softmax(logits)).astype(np.float32))


def _log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted: NDArray[np.float64] = logits - logits.max(axis=1, keepdims=True)
    beside: NDArray[np.float64] = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted - beside


def _targets(scores: Scores) -> NDArray[np.float64]:
    """Platt's: not quite 0 and 1, or classes that are told apart without a mistake would ask for an endless slope."""
    kinds = len(scores.classes)
    size = np.bincount(scores.labels, minlength=kinds)[scores.labels]
    targets = np.repeat((1 / (size + kinds))[:, None], kinds, axis=1)
    targets[np.arange(size.size), scores.labels] = (size + 1) / (size + kinds)
    return targets


def _loss(at: NDArray[np.float64], logits: NDArray[np.float64], targets: NDArray[np.float64]) -> float:
    moved = _moved(logits, math.exp(at[0]), float(at[1]) if at.size > 1 else 0.0)
    return float(-(targets * _log_softmax(moved)).sum(axis=1).mean())

"""The rule by which a threshold is chosen, and the threshold that it gives on the validation part."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.errors import MammoError
from tflite_mammo.scores import Scores, Threshold

RULES = "youden, sensitivity:0.9 (a sensitivity to hold) or cost:5 (what a miss costs in false alarms)"
GIVEN = "given by hand"


def given_threshold(value: float) -> Threshold:
    """As a score is kept: .7 in float64 lies above the float32 that a score of .7 became."""
    return Threshold(float(np.float32(value)), GIVEN, "")


@dataclass(frozen=True)
class Rule:
    kind: Literal["youden", "sensitivity", "cost"]
    value: float = 0.0

    def __str__(self) -> str:
        if self.kind == "youden":
            return "largest sensitivity + specificity (Youden)"
        if self.kind == "sensitivity":
            return f"highest that holds a sensitivity of {self.value:g}"
        return f"least cost, a miss counting as {self.value:g} false alarms"


def rule_of(text: str) -> Rule:
    """ValueError says what is wrong, for whoever knows where the text comes from."""
    kind, _, number = text.partition(":")
    if kind == "youden" and not number:
        return Rule("youden")
    try:
        value = float(number)
    except ValueError:
        value = float("nan")
    if kind == "sensitivity":
        if not 0 < value <= 1:
            raise ValueError(f"threshold rule '{text}'; a sensitivity lies between 0 and 1, such as sensitivity:0.9")
        return Rule("sensitivity", value)
    if kind == "cost":
        if not 0 < value < float("inf"):
            raise ValueError(f"threshold rule '{text}'; a cost is a number above 0, such as cost:5")
        return Rule("cost", value)
    raise ValueError(f"threshold rule '{text}'; expected {RULES}")


def lock_threshold(scores: Scores, rule: Rule, locked_on: str) -> Threshold:
    """The value lies half-way to the next lower score, so that a rounding of the scores on the device moves few."""
    positive, finding = scores.positive, scores.finding
    if positive.all() or not positive.any():
        raise MammoError("the validation part holds one class only; a threshold needs both, prepare with more patients")
    levels = np.unique(finding)
    if levels.size == 1:
        raise MammoError("every validation image has the same score; the model tells nothing apart, train it again")
    cases, others = np.sort(finding[positive]), np.sort(finding[~positive])
    missed, quiet = (np.searchsorted(part, levels) for part in (cases, others))
    best = _best(rule, missed, quiet, cases.size, others.size)
    value = float((levels[best - 1] + levels[best]) / 2) if best else float(levels[0])
    return Threshold(value, str(rule), locked_on)


def _best(rule: Rule, missed: NDArray[np.int64], quiet: NDArray[np.int64], cases: int, others: int) -> int:
    """Which level to call from, given how many cases lie below each and how many others."""
    if rule.kind == "youden":  # calling every image tells nothing
        return 1 + int(np.argmax((quiet * cases - missed * others)[1:]))
    if rule.kind == "sensitivity":
        return int(np.flatnonzero(1 - missed / cases >= rule.value - 1e-9)[-1])
    return int(np.argmin(rule.value * missed + (others - quiet)))

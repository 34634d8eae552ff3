"""Sensitivity and specificity to what a call means where another share of women has the finding.

The odds of a finding after a call are those before it times sensitivity over false alarm rate. The interval of that
ratio comes from the intervals of both rates (MOVER-R, Donner and Zou 2012): where a small test part shows no false
alarm, draws would give a PPV of 1 to 1.
"""

import math
from dataclasses import dataclass

import numpy as np

from tflite_mammo.evaluation.bootstrap import interval_95
from tflite_mammo.evaluation.figure import NO_FIGURE, Drawn, Figure, Figures, Interval, told
from tflite_mammo.evaluation.ranked import Values

Rate = tuple[float, float, float]
"""Value, low and high."""


@dataclass(frozen=True)
class AtPrevalence:
    """What a call and its absence would mean where this share of women had the finding."""

    prevalence: float
    ppv: Figure
    npv: Figure


def at_prevalence(prevalence: float, figures: Figures, drawn: Drawn, patients: int) -> AtPrevalence:
    """From sensitivity and specificity alone: the test part's own share of cases has no part in it."""
    found, quiet = (_rate(figures[name]) for name in ("sensitivity", "specificity"))
    if found is None or quiet is None:
        return AtPrevalence(prevalence, NO_FIGURE, NO_FIGURE)
    points = predictive_values(np.array(found[:1]), np.array(quiet[:1]), prevalence)
    draws = predictive_values(drawn["sensitivity"], drawn["specificity"], prevalence)
    ratios = (_ratio(_other(quiet), found), _ratio(_other(found), quiet))
    shares = (prevalence, 1 - prevalence)
    both = (_figure(float(points[i][0]), ratios[i], shares[i], interval_95(draws[i], patients)) for i in range(2))
    return AtPrevalence(prevalence, *both)


def predictive_values(sensitivity: Values, specificity: Values, prevalence: float) -> tuple[Values, Values]:
    cases, others = prevalence, 1 - prevalence
    with np.errstate(invalid="ignore"):
        return (
            sensitivity * cases / (sensitivity * cases + (1 - specificity) * others),
            specificity * others / (specificity * others + (1 - sensitivity) * cases),
        )


def _rate(figure: Figure) -> Rate | None:
    if figure.value is None or figure.low is None or figure.high is None:
        return None
    return figure.value, figure.low, figure.high


def _other(rate: Rate) -> Rate:
    """The rate of the opposite: of false alarms for a specificity."""
    value, low, high = rate
    return 1 - value, 1 - high, 1 - low


def _ratio(above: Rate, below: Rate) -> tuple[float, float]:
    """The interval of one rate over another, each of other patients."""
    product = above[0] * below[0]
    # Each is value^2 - (value - end)^2.
    least, most = (end * (2 * above[0] - end) for end in above[1:])
    under, over = (end * (2 * below[0] - end) for end in below[1:])
    down, up = (math.sqrt(max(product**2 - one * two, 0)) for one, two in ((least, over), (most, under)))
    return least / (product + down) if least > 0 else 0.0, (product + up) / under if under > 0 else math.inf


def _figure(value: float, ratio: tuple[float, float], share: float, drawn: Interval) -> Figure:
    """`share` is that of the women of whom the verdict would be right."""
    if not math.isfinite(value):
        return NO_FIGURE
    high, low = (share / (share + (1 - share) * one) if math.isfinite(one) else 0.0 for one in ratio)
    return Figure(value, low, high, "both intervals", told(drawn))

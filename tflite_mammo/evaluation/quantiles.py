"""How many standard errors make 95 %: of a normal distribution, and of Student's where few patients told the error."""

import math
from functools import cache
from statistics import NormalDist

Z = NormalDist().inv_cdf(0.975)


@cache
def student(patients: int) -> float:
    """`patients` are those of the smaller class, and 2 or more."""
    from scipy.stats import t

    return float(t.ppf(0.975, patients - 1))


def two_sided(errors: float, patients: int) -> float:
    """The chance of lying so many standard errors from 0 where there is no difference."""
    from scipy.stats import t

    return float(2 * t.sf(abs(errors), patients - 1))


def tail(patients: int) -> float:
    """How much to leave out at each end of the bootstrap's draws.

    Of few patients a little less than 2.5 %, since draws from them vary less than they did when they were drawn
    themselves (the expanded percentile interval of Hesterberg 2015).
    """
    return NormalDist().cdf(-math.sqrt(patients / (patients - 1)) * student(patients))

"""How far a converted model may stray, and what that is on so many images: a Budget and what was found to Limits."""

from dataclasses import dataclass, fields
from typing import Literal

LimitName = Literal["auc_difference", "sensitivity_loss", "label_flips"]
ROUNDING = 1e-9
"""A share such as 1/6 is no float: what dividing leaves must not decide."""


@dataclass(frozen=True)
class Budget:
    """Point estimates decide; intervals tell what the test part can show of it."""

    auc_difference: float
    """Either way."""
    sensitivity_loss: float
    """At the locked threshold, as a share of the findings; what is found beside counts against what is lost."""
    label_flips: float
    """Share of images called otherwise at the locked threshold."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 <= value <= 1:
                raise ValueError(f"{field.name} {value:g}; expected a share between 0 and 1")


@dataclass(frozen=True)
class Limit:
    """One line of a budget against what was found."""

    name: LimitName
    allowed: float
    found: float
    """Signed: an AUC that rose lies above 0, a sensitivity that did below it."""
    of: int
    """Out of how many: findings, images, or pairs of a finding and another image."""
    count: float
    """How many of them; a tie that was broken is half a pair."""
    at_most: int
    """How many of them the budget allows."""
    within: bool

    def __str__(self) -> str:
        """As a complaint."""
        if self.name == "auc_difference":
            return f"AUC moved by {self.found:+.5f}, allowed {self.allowed:g}"
        if self.name == "sensitivity_loss":
            return (
                f"sensitivity fell by {100 * self.found:.1f} points ({self.count:g} of {self.of} findings), "
                f"allowed {100 * self.allowed:g}"
            )
        flipped = f"{self.count:g} of {self.of} labels flipped ({100 * self.found:.1f} %)"
        return f"{flipped}, allowed {100 * self.allowed:g} %"


def limits_of(budget: Budget, auc_difference: float, lost: int, flips: int, positives: int, images: int) -> list[Limit]:
    """`lost` are findings that are called no more, less those that are called now."""
    pairs = positives * (images - positives)
    return [
        _limit("auc_difference", budget.auc_difference, round(2 * auc_difference * pairs) / 2, pairs),
        _limit("sensitivity_loss", budget.sensitivity_loss, lost, positives),
        _limit("label_flips", budget.label_flips, flips, images),
    ]


def _limit(name: LimitName, allowed: float, count: float, of: int) -> Limit:
    found = count / of
    strayed = abs(found) if name == "auc_difference" else found
    return Limit(name, allowed, found, of, count, int(allowed * of + ROUNDING), strayed <= allowed + ROUNDING)

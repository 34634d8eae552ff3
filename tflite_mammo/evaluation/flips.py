"""Two tables of the same rows, called at one threshold, to the labels that flipped: what matters most first."""

from dataclasses import asdict, dataclass
from typing import Literal, get_args

from tflite_mammo.evaluation.changed import Changed, changed
from tflite_mammo.scores import Scores

FlipKind = Literal["missed finding", "new alarm", "found now", "alarm gone", "another class"]
KINDS: tuple[FlipKind, ...] = get_args(FlipKind)
"""In the order of harm."""


@dataclass(frozen=True)
class Flip(Changed):
    """A is before, B is after."""

    kind: FlipKind


def flips_of(before: Scores, after: Scores, threshold: float) -> tuple[Flip, ...]:
    """Of each kind the largest difference first."""
    finding = before.classes[-1]
    flips = [Flip(**asdict(one), kind=_kind(one, finding)) for one in changed((before, after), (threshold, threshold))]
    return tuple(sorted(flips, key=lambda flip: (KINDS.index(flip.kind), -abs(flip.score_b - flip.score_a), flip.file)))


def _kind(one: Changed, finding: str) -> FlipKind:
    if finding not in (one.call_a, one.call_b):
        return "another class"
    called_now = one.call_b == finding
    if one.label == finding:
        return "found now" if called_now else "missed finding"
    return "new alarm" if called_now else "alarm gone"

"""What a precision search tried: a Ladder of Rungs, each with what it costs and what it keeps."""

from dataclasses import dataclass

MARGIN = 0.3
"""Of the budget, where the climb ends: of 190 images one may flip; of files that are expected to flip .3 x 1.9 one in
nine flips two."""


@dataclass(frozen=True)
class Rung:
    name: str
    expected_flips: float
    """Share of labels, from the size of its errors near the threshold and from where the scores lie."""
    flips: float
    """Share of validation labels that it does flip."""
    score_error: float
    """Mean, on the validation part."""
    in_float: tuple[str, ...]
    """Layers whose results are not told in steps."""
    size_bytes: int
    median_ms: float = 0.0
    """One thread, seen in turns on this machine."""

    def within(self, label_flips: float) -> bool:
        """What is expected decides: next to a validation score, where the threshold lies, a label flips too easily."""
        return self.expected_flips <= label_flips


@dataclass(frozen=True)
class Ladder:
    rungs: tuple[Rung, ...]
    """As they were climbed."""
    chosen: int
    """The one that is expected to flip least."""
    good_enough: bool
    """It is expected to be within the budget, by validation and calibration images."""

    def __post_init__(self) -> None:
        if not 0 <= self.chosen < len(self.rungs):
            raise ValueError(f"rung {self.chosen} of {len(self.rungs)} was chosen; expected 0 or more, and fewer")

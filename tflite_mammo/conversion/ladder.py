"""What a precision search tried: a Ladder of Rungs, each with what it costs and what it keeps."""

from dataclasses import dataclass


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
    """Climbed until one was good enough."""
    chosen: int
    good_enough: bool
    """On the validation part."""

    def __post_init__(self) -> None:
        if not 0 <= self.chosen < len(self.rungs):
            raise ValueError(f"rung {self.chosen} of {len(self.rungs)} was chosen; expected 0 or more, and fewer")

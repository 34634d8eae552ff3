"""What a search for more precision tried: a sentence for terminals, rows for the page of a drift."""

from dataclasses import dataclass

from tflite_mammo.conversion.ladder import Ladder, Rung


@dataclass(frozen=True)
class RungRow:
    """A rung as it is told."""

    name: str
    flips: str
    expected: str
    score_error: str
    in_float: tuple[str, ...]
    megabytes: str
    ms: str
    times: str
    """The milliseconds, as a multiple of the first rung's."""
    within: bool
    chosen: bool


def ladder_words(ladder: Ladder) -> str:
    """What was chosen out of how many, whether it is good enough, and what it costs."""
    first, rung = ladder.rungs[0], ladder.rungs[ladder.chosen]
    layers = f" ({_layers(rung)})" if rung.in_float else ""
    verdict = "expected to be within the budget" if ladder.good_enough else "NONE is expected to be within the budget"
    cost = (
        f"; {_times(rung, first)} the ms, {rung.size_bytes / first.size_bytes:.2f} x the size of the first"
        if ladder.chosen
        else ""
    )
    return f"{rung.name}{layers}, number {ladder.chosen + 1} of {len(ladder.rungs)} tried: {verdict}{cost}"


def rung_rows(ladder: Ladder, allowed: float) -> list[RungRow]:
    """`allowed` is the share of labels that may flip."""
    names = [rung.name for rung in ladder.rungs]
    return [
        RungRow(
            name=f"{number + 1}. {_after(names[:number], rung.name)}",
            flips=f"{100 * rung.flips:.1f} %",
            expected=f"{100 * rung.expected_flips:.1f} %",
            score_error=f"{rung.score_error:.4f}",
            in_float=rung.in_float,
            megabytes=f"{rung.size_bytes / 1e6:.2f}",
            ms=f"{rung.median_ms:.2f}",
            times=_times(rung, ladder.rungs[0]),
            within=rung.within(allowed),
            chosen=number == ladder.chosen,
        )
        for number, rung in enumerate(ladder.rungs)
    ]


def _after(before: list[str], name: str) -> str:
    """Without the words that it shares with one before it."""
    for number, known in enumerate(before, 1):
        if name.startswith(f"{known}, "):
            return f"as {number}, {name.removeprefix(f'{known}, ')}"
    return name


def _layers(rung: Rung) -> str:
    return f"{len(rung.in_float)} layer{'s' if len(rung.in_float) > 1 else ''}"


def _times(rung: Rung, first: Rung) -> str:
    return f"{rung.median_ms / first.median_ms:.2f} x"

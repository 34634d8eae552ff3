"""Rows, one per run and way of converting, to a line per network and way, and to tables in Markdown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import median

from ways import IN_TENSORFLOW, PLAIN, RANGES, REFERENCE, WAYS

FORMS = tuple(way for way in WAYS if way != IN_TENSORFLOW.name)
"""What `convert` makes by default and with --fallback."""


@dataclass(frozen=True)
class Row:
    network: str
    seed: int
    weights: str
    """That its training started from."""
    way: str
    images: int
    auc: float
    """Of the trained network, on the test part."""
    within: bool
    """The budget of the preset: `convert` would keep this file under its name."""
    label_flips: int
    auc_difference: float
    mean_difference: float
    """Of the finding's score, whatever its sign; so are the next two."""
    p99_difference: float
    max_difference: float
    size_bytes: int
    seconds: float
    """From the float32 file to this one. Of float32 itself, and of TFLiteConverter's, from the network."""
    ms: tuple[float, ...] = ()
    """One thread, two threads."""
    times_int8: float = 0.0
    """As long as the plain int8 file takes, one thread: the median over rounds."""
    chosen: str = ""
    """By the search."""
    layers_in_float: int = 0
    good_enough: bool = True
    """By the search's own measure: it expects to be within the budget."""


@dataclass(frozen=True)
class Summary:
    network: str
    weights: str
    way: str
    runs: int
    images: int
    auc: float
    """Of the trained networks, their mean."""
    within: int
    """Runs whose file is within the budget."""
    label_flips: int
    flips_percent: float
    auc_difference: float
    """The largest, whatever its sign."""
    mean_difference: float
    p99_difference: float
    """The largest; so is the next."""
    max_difference: float
    size_mb: float
    times_float32_size: float
    ms: tuple[float, ...]
    times_int8: float
    seconds: float


def summaries(rows: Sequence[Row]) -> list[Summary]:
    """Networks as they come, ways as they are listed."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for network, way in product(dict.fromkeys(row.network for row in rows), (*WAYS, *RANGES)):
        if group := [row for row in rows if (row.network, row.way) == (network, way)]:
            groups[network, way] = group
    return [_summary(group, groups[network, REFERENCE]) for (network, _), group in groups.items()]


def _summary(rows: Sequence[Row], float32: Sequence[Row]) -> Summary:
    images, flips = sum(row.images for row in rows), sum(row.label_flips for row in rows)
    size = median(row.size_bytes for row in rows)
    return Summary(
        network=rows[0].network,
        weights=rows[0].weights,
        way=rows[0].way,
        runs=len(rows),
        images=images,
        auc=round(sum(row.auc for row in rows) / len(rows), 3),
        within=sum(row.within for row in rows),
        label_flips=flips,
        flips_percent=round(100 * flips / images, 2),
        auc_difference=max((row.auc_difference for row in rows), key=abs),
        mean_difference=round(sum(row.mean_difference * row.images for row in rows) / images, 5),
        p99_difference=max(row.p99_difference for row in rows),
        max_difference=max(row.max_difference for row in rows),
        size_mb=round(size / 1e6, 2),
        times_float32_size=round(size / median(row.size_bytes for row in float32), 3),
        ms=tuple(round(median(times), 2) for times in zip(*(row.ms for row in rows), strict=True)),
        times_int8=round(median(row.times_int8 for row in rows), 3),
        seconds=round(median(row.seconds for row in rows), 1),
    )


def tables(found: Sequence[Summary]) -> Iterator[str]:
    """What converting changes, what it saves, and how int8's ranges might be chosen instead."""
    yield from (
        "| network | as | labels flipped | AUC by at most | score difference mean / p99 / max | within |",
        "|" + "---|" * 6,
    )
    yield from (_decisions(one) for one in found if one.way in WAYS)
    yield from ("", "| network | as | MB | ms, one thread / two | times int8's | seconds to make |", "|" + "---|" * 6)
    yield from (_costs(one) for one in found if one.way in WAYS)
    if any(one.way in RANGES for one in found):
        head = "| network | ranges | labels flipped | AUC by at most | score difference mean / p99 / max | within |"
        yield from ("", head, "|" + "---|" * 6)
        yield from (_decisions(one) for one in found if one.way == PLAIN or one.way in RANGES)


def _decisions(one: Summary) -> str:
    flips = f"{one.label_flips} of {one.images} ({one.flips_percent:.1f} %)"
    moved = f"{one.mean_difference:.4f} / {one.p99_difference:.3f} / {one.max_difference:.3f}"
    kept = f"{one.within} of {one.runs}"
    return f"| {one.network}, AUC {one.auc:.2f} | {one.way} | {flips} | {one.auc_difference:+.4f} | {moved} | {kept} |"


def _costs(one: Summary) -> str:
    size = f"{one.size_mb:.2f} ({100 * one.times_float32_size:.0f} %)"
    single, double = one.ms
    speed = f"{single:.2f} / {double:.2f} | {one.times_int8:.2f}"
    return f"| {one.network} | {one.way} | {size} | {speed} | {one.seconds:.1f} |"


def by_network(found: Sequence[Summary]) -> Iterator[str]:
    """A line a network; in a cell a figure a form. Where the budget of a form was not met, its flips bear a star."""
    yield f"| network: {' / '.join(FORMS)} | MB | ms, one thread | labels flipped | score difference, mean |"
    yield "|" + "---|" * 5
    for network in dict.fromkeys(one.network for one in found):
        of = {one.way: one for one in found if one.network == network}
        figures = [_in_brief(of[form]) for form in FORMS]
        cells = " | ".join(" / ".join(column) for column in zip(*figures, strict=True))
        start = of[REFERENCE]
        yield f"| {network} from {start.weights}, AUC {start.auc:.2f} | {cells} |"


def _in_brief(one: Summary) -> tuple[str, str, str, str]:
    flips = f"{one.label_flips}{'' if one.within == one.runs else '*'}"
    return f"{one.size_mb:.1f}", f"{one.ms[0]:.1f}", flips, f"{one.mean_difference:.4f}"

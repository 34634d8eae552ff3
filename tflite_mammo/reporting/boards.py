"""What a file will be on a board, as lines for a terminal."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from tflite_mammo.boards.anatomy import Anatomy, Operation
from tflite_mammo.boards.anchors import BOARDS
from tflite_mammo.boards.compiler import PROGRAM, Compiled
from tflite_mammo.boards.coral import ON_CHIP_MB, CoralOutlook, Fallback
from tflite_mammo.boards.islands import Island
from tflite_mammo.boards.latency import Estimate
from tflite_mammo.boards.outlook import Outlook
from tflite_mammo.reporting.columns import aligned, folded

MOST_LAYERS = 4
"""More are counted rather than named; --json names all."""
ARITHMETIC = {"int8": "int8", "float": "float", "dynamic": "int8 weights times float", "int16": "int16"}


def outlook_lines(outlook: Outlook) -> list[str]:
    head = [f"on a {BOARDS[outlook.board]}:", *_table(outlook.anatomy), *_anatomy_lines(outlook.anatomy)]
    return [*_folded(head), *coral_lines(outlook), *_folded(_estimate_lines(outlook.estimates))]


def coral_lines(outlook: Outlook) -> list[str]:
    """What the compiler's rules say of the file, and what it says itself; none for other boards."""
    if not outlook.coral:
        return []
    return _folded((*_coral_lines(outlook.coral, outlook.anatomy), *_compiler_lines(outlook.compiled)))


def _folded(lines: Iterable[str]) -> list[str]:
    return [part for line in lines for part in folded(line)]


def _table(anatomy: Anatomy) -> list[str]:
    kinds: dict[str, list[Operation]] = defaultdict(list)
    for operation in anatomy.operations:
        kinds[operation.node.custom or operation.node.kind].append(operation)
    rows = [["operator", "count", "version", "M MACs", "weights KB"]]
    for kind, members in sorted(kinds.items(), key=lambda item: (-_macs(item[1]), -len(item[1]), item[0])):
        versions = "/".join(map(str, sorted({member.node.version for member in members})))
        weights = sum(member.weight_bytes for member in members)
        rows.append([kind, str(len(members)), versions, _millions(_macs(members)), _thousands(weights)])
    total = [str(len(anatomy.operations)), "", _millions(anatomy.macs), _thousands(anatomy.weight_bytes)]
    return [f"  {line}" for line in aligned([*rows, ["all", *total]])]


def _anatomy_lines(anatomy: Anatomy) -> Iterator[str]:
    shares = [
        f"{100 * macs / anatomy.macs:.0f} % in {words}"
        for kind, words in ARITHMETIC.items()
        if (macs := anatomy.macs_in(kind))  # type: ignore[arg-type]
    ]
    if shares:
        yield f"  {anatomy.macs / 1e9:.3g} G MACs: {', '.join(shares)}; {anatomy.parameters:,} parameters"
    at = anatomy.operations[anatomy.peak_at].node
    yield f"  memory: about {_megabytes(anatomy.peak_bytes)} of tensors at once, most at {at.layer} ({at.kind})"
    if held := sum(tensor.bytes for tensor in anatomy.unpacked):
        yield f"    {_megabytes(held)} of that are float16 weights, made float32 as the file is loaded"
    yield from (_island_line(island) for island in anatomy.islands)
    if anatomy.dynamic:
        yield f"  shapes known at run time only: {_named(anatomy.dynamic)}"
    if anatomy.stateful:
        yield f"  control flow or resources: {', '.join(anatomy.stateful)}; what they run is not counted"


def _island_line(island: Island) -> str:
    macs = f", {_millions(island.macs)} M MACs" if island.macs else ""
    return f"  float among integers: {_named(island.layers)} ({', '.join(island.kinds)}){macs}"


def _coral_lines(coral: CoralOutlook, anatomy: Anatomy) -> Iterator[str]:
    total = sum(operation.arithmetic != "constant" for operation in anatomy.operations)
    yield "Edge TPU compiler 16, by its published rules:"
    if coral.refused:
        yield "  it would refuse the whole file, for operators that it does not know:"
        yield from _by_reason(coral.refused)
    elif not coral.mapped:
        yield f"  0 of {total} operators mapped: it would say 'Model not quantized'; convert with --quant int8"
    else:
        yield f"  {len(coral.mapped)} of {total} operators mapped to the Edge TPU, {_after(coral)}"
    yield from _by_reason(coral.unsupported)
    if coral.stretches > 1:
        yield f"  the compiler's flag -a would map {coral.stretches} stretches, with a way to the host between them"
    if coral.mapped:
        yield f"  {_memory_words(coral)}"
    if coral.mapped and (left := anatomy.macs - coral.mapped_macs):
        yield f"  {_millions(left)} M MACs stay on the host's CPU and are in no estimate below"
    if coral.unsure:
        yield "  not sure:"
        yield from _by_reason(coral.unsure)


def _after(coral: CoralOutlook) -> str:
    if coral.after is None:
        return "all that can be"
    behind = f" and {len(coral.stranded)} that it could take but that come after" if coral.stranded else ""
    return f"all after {coral.after.layer} ({coral.after.kind}) on the CPU{behind}"


def _memory_words(coral: CoralOutlook) -> str:
    weights = f"{_megabytes(coral.weight_bytes)} of weights, {ON_CHIP_MB:g} MB on the chip:"
    if coral.streamed_bytes:
        return f"{weights} {_megabytes(coral.streamed_bytes)} or more are fetched anew for every image"
    tight = coral.weight_bytes > 0.75e6 * ON_CHIP_MB
    return f"{weights} " + ("they may just fit beside program and activations" if tight else "they fit")


def _by_reason(fallbacks: Sequence[Fallback]) -> Iterator[str]:
    groups: dict[str, list[Fallback]] = defaultdict(list)
    for fallback in fallbacks:
        groups[fallback.reason].append(fallback)
    for reason, members in sorted(groups.items(), key=lambda item: -len(item[1])):
        kinds = Counter(member.kind for member in members)
        counted = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        yield f"    {reason}: {counted} (at {_named(list(dict.fromkeys(member.layer for member in members)))})"


def _compiler_lines(compiled: Compiled | None) -> Iterator[str]:
    if compiled is None:
        yield f"  {PROGRAM} is not installed here, so this is what its documentation says, not what it does"
        return
    yield f"{PROGRAM} {compiled.version}, run on this file:"
    if compiled.error:
        yield f"  FAILED: {compiled.error}"
        return
    yield (
        f"  {compiled.on_tpu} operators on the Edge TPU, {compiled.on_cpu} on the CPU; weights: "
        f"{_megabytes(compiled.on_chip_bytes)} on the chip, {_megabytes(compiled.on_chip_left_bytes)} left there, "
        f"{_megabytes(compiled.streamed_bytes)} streamed"
    )
    for status in compiled.statuses:
        yield f"    {status.count} {status.kind}: {status.status}"


def _estimate_lines(estimates: Sequence[Estimate]) -> Iterator[str]:
    yield "one image, ESTIMATED from published figures by MACs; nothing was measured:"
    told = {one.setting: _estimate_words(one) for one in estimates}
    if len(set(told.values())) == 1:
        told = {" and ".join(told): next(iter(told.values()))}
    width = max(map(len, told))
    yield from (f"  {setting:<{width}}  {words}" for setting, words in told.items())
    for source in dict.fromkeys(anchor.source for one in estimates for anchor in one.scaled_from):
        yield f"  source: {source}"


def _estimate_words(one: Estimate) -> str:
    if one.low_ms is None:
        return one.why
    networks: dict[str, list[str]] = defaultdict(list)
    for anchor in one.scaled_from:
        networks[anchor.runtime].append(anchor.network)
    origins = "; ".join(f"{', '.join(names)} ({runtime})" for runtime, names in networks.items())
    span = f"{one.low_ms:g} ms" if one.low_ms == one.high_ms else f"{one.low_ms:g} to {one.high_ms:g} ms"
    return f"{span}, from {origins}"


def _named(layers: Sequence[str]) -> str:
    rest = len(layers) - MOST_LAYERS
    return ", ".join(layers[:MOST_LAYERS]) + (f" and {rest} more" if rest > 0 else "")


def _macs(operations: Sequence[Operation]) -> int:
    return sum(operation.macs for operation in operations)


def _millions(macs: int) -> str:
    return f"{macs / 1e6:,.1f}" if macs else ""


def _thousands(count: int) -> str:
    return f"{count / 1e3:,.1f}" if count else ""


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.2f} MB"

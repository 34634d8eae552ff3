"""An Anatomy to what the Edge TPU compiler would make of it: what runs on the TPU, what on the CPU and why.

The compiler gives the TPU one stretch: from the first operators that it takes to the first that it does not. What
depends on that one runs on the CPU, though the TPU could take it (its log then says "More than one subgraph is not
supported"; its flag -a maps later stretches too, each with a way to the host and back). Behaviour as the maintainers
tell it in google-coral/edgetpu 461.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tflite_mammo.boards.anatomy import Anatomy, Operation
from tflite_mammo.boards.graph import Tensor
from tflite_mammo.boards.support import UNSURE, left_to_the_cpu, unread_by_the_compiler

ON_CHIP_MB = 8.0
"""coral.ai/docs/edgetpu/compiler, "Parameter data caching". It holds the program and activations as well: the logs that
people publish show 6 to 7.7 MiB of it used for weights."""


@dataclass(frozen=True)
class Fallback:
    operation: int
    kind: str
    layer: str
    reason: str


@dataclass(frozen=True)
class CoralOutlook:
    refused: tuple[Fallback, ...]
    """What the compiler cannot read at all; one of these, and it takes no part of the file."""
    mapped: tuple[int, ...]
    unsupported: tuple[Fallback, ...]
    after: Fallback | None
    """The first operator that ends the stretch on the TPU; what depends on it follows it to the CPU."""
    stranded: tuple[int, ...]
    """Operators that the TPU could take, behind that one."""
    stretches: int
    """How many the flag -a would map."""
    unsure: tuple[Fallback, ...]
    mapped_macs: int
    weight_bytes: int
    """Of the operators on the TPU."""
    streamed_bytes: int
    """At least: fetched from the host anew for every image, since they do not fit on the chip."""


def look_at_coral(anatomy: Anatomy) -> CoralOutlook:
    live = [operation for operation in anatomy.operations if operation.arithmetic != "constant"]
    refused = [_named(o, reason) for o in anatomy.operations if (reason := unread_by_the_compiler(o.node))]
    reasons = {o.node.index: left_to_the_cpu(o.node, _computed(o)) for o in live}
    leading, *stretches = _stretches(live, reasons)
    if refused:
        stretches = []
    mapped = stretches[0] if stretches else []
    on_tpu = [operation for operation in live if operation.node.index in set(mapped)]
    weights = sum(operation.weight_bytes for operation in on_tpu)
    unsupported = [_named(o, reasons[o.node.index]) for o in live if reasons[o.node.index]]
    return CoralOutlook(
        refused=tuple(refused),
        mapped=tuple(mapped),
        unsupported=tuple(unsupported),
        after=next((one for one in unsupported if mapped and one.operation not in leading), None),
        stranded=tuple(i for i, reason in reasons.items() if not reason and i not in set(mapped)),
        stretches=len(stretches),
        unsure=tuple(_named(o, UNSURE[o.node.kind]) for o in on_tpu if o.node.kind in UNSURE),
        mapped_macs=sum(operation.macs for operation in on_tpu),
        weight_bytes=weights,
        streamed_bytes=max(0, weights - int(ON_CHIP_MB * 1e6)),
    )


def _stretches(live: Sequence[Operation], reasons: Mapping[int, str]) -> list[list[int]]:
    """What goes to the CPU before the first operator on the TPU, then each stretch on the TPU.

    As TF Lite divides a graph between itself and a delegate: whoever is first decides whose turn it is, and takes every
    operator of his kind whose inputs are there.
    """
    waiting = {tensor.index for operation in live for tensor in operation.node.outputs}
    left, leading, found = list(live), list[int](), list[list[int]]()
    while left:
        turn = [o for o in left if not waiting & set(o.computed)][:1]
        if not turn:
            break  # a loop, which no converter writes
        fits = not reasons[turn[0].node.index]
        taken = []
        for operation in left:
            if (not reasons[operation.node.index]) == fits and not waiting & set(operation.computed):
                taken.append(operation.node.index)
                waiting -= {tensor.index for tensor in operation.node.outputs}
        left = [operation for operation in left if operation.node.index not in set(taken)]
        if fits:
            found.append(taken)
        elif not found:
            leading = taken
    return [leading, *found]


def _computed(operation: Operation) -> tuple[Tensor, ...]:
    return tuple(tensor for tensor in operation.node.given if tensor.index in operation.computed)


def _named(operation: Operation, reason: str) -> Fallback:
    return Fallback(operation.node.index, operation.node.kind, operation.node.layer, reason)

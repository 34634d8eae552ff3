"""Operators that compute in float inside a graph of integers, in the groups in which they hang together."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tflite_mammo.boards.anatomy import Operation


@dataclass(frozen=True)
class Island:
    """Values become float before it and whole numbers after it, or leave from it as scores."""

    operations: tuple[int, ...]
    kinds: tuple[str, ...]
    layers: tuple[str, ...]
    macs: int


def islands_of(operations: "Sequence[Operation]") -> tuple[Island, ...]:
    """None in a graph that multiplies in float throughout: there float is the land."""
    if not any(operation.arithmetic == "int8" and operation.macs for operation in operations):
        return ()
    floating = [operation for operation in operations if operation.arithmetic in ("float", "dynamic")]
    joined: dict[int, int] = {}
    for operation in floating:
        touched = [tensor.index for tensor in (*operation.node.given, *operation.node.outputs)
                   if not tensor.stored_bytes]  # fmt: skip
        for index in touched:
            joined[_root(index, joined)] = _root(touched[0], joined)
    groups = defaultdict(list)
    for operation in floating:
        groups[_root(operation.node.outputs[0].index, joined)].append(operation)
    return tuple(_island(group) for group in groups.values())


def _root(index: int, joined: dict[int, int]) -> int:
    """Of tensors that hang together one stands for all; what is passed on the way then points at it directly."""
    way = []
    while joined.setdefault(index, index) != index:
        way.append(index)
        index = joined[index]
    joined.update(dict.fromkeys(way, index))
    return index


def _island(group: "Sequence[Operation]") -> Island:
    return Island(
        operations=tuple(operation.node.index for operation in group),
        kinds=tuple(dict.fromkeys(operation.node.kind for operation in group)),
        layers=tuple(dict.fromkeys(operation.node.layer for operation in group)),
        macs=sum(operation.macs for operation in group),
    )

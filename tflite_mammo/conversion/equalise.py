"""Channels of a float32 network to like ranges, and linear ones to ranges around 0: the same function, other numbers.

An int8 tensor has one step for all its channels, so a channel of small values is told in few of them. What flows from
weights to weights through nothing that bends it (or through a ReLU, which a factor passes) may be scaled by channel,
if the weights that read it are divided by the same. Where nothing bends it at all and no zeros are padded, an offset
may be taken off too: the readers' biases give it back. After Nagel et al. 2019, arXiv:1906.04721.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tflite_mammo.conversion.graph import FloatGraph, Op
from tflite_mammo.conversion.statistics import Doubles, Met, Seen, Statistics

PASSES_FACTORS = ("ADD", "PAD", "MAX_POOL_2D", "AVERAGE_POOL_2D", "MEAN", "RELU", "RELU6")
"""Operators with the same channels behind as before, each computed from its own."""
FUSED = ("NONE", "RELU", "RELU6")
"""Activations that a factor passes, the last below its ceiling."""
ROOM = 8.0
"""By this, over the side of the map, a channel may exceed what calibration saw of it before a ReLU6 cuts it: small maps
show fewer values."""
MOST = 64.0
"""A channel of next to nothing is noise; it is not blown up without end."""
CEILING = 6.0
MIXED = 0.7
"""How far a channel is brought to the others' where weights mix channels: these get the more unlike, the further."""


@dataclass(frozen=True)
class Stream:
    """Tensors that share their channels, from the weights that write them to the weights that read them."""

    tensors: frozenset[int]
    writers: tuple[Op, ...]
    readers: tuple[tuple[int, Op], ...]
    """With their places in the graph."""
    passing: tuple[Op, ...]
    """In between, in the order of computing."""

    @property
    def is_linear(self) -> bool:
        """No bend on the way, and zeros that are padded nowhere."""
        plain = all(op.activation == "NONE" for op in (*self.writers, *self.passing))
        return plain and all(op.kind == "ADD" for op in self.passing)

    @property
    def has_ceiling(self) -> bool:
        return any(op.activation == "RELU6" or op.kind == "RELU6" for op in (*self.writers, *self.passing))


def equalise(graph: FloatGraph, statistics: Statistics) -> None:
    """Changes both."""
    for stream in streams(graph):
        offsets = _offsets(graph, stream, statistics)
        factors = _factors(graph, stream, statistics, offsets)
        for op in stream.writers:
            _scale_writer(graph, op, factors, offsets)
        for place, op in stream.readers:
            _scale_reader(graph, place, op, factors, offsets, statistics)
        for tensor in stream.tensors:
            seen, offset = statistics.seen[tensor], offsets.get(tensor, 0.0)
            statistics.seen[tensor] = Seen((seen.low - offset) * factors, (seen.high - offset) * factors)


def streams(graph: FloatGraph) -> Iterator[Stream]:
    joined, barred, made = _Joined(), set(graph.ends), {op.output for op in graph.ops}
    for op in graph.ops:
        if op.weights >= 0:
            barred.update([] if op.activation in FUSED and op.bias >= 0 else [op.output])
            barred.update([] if graph.meets_every_channel(op) else op.inputs)
        elif op.kind in PASSES_FACTORS and op.activation in FUSED and len(op.inputs) == 1 + (op.kind == "ADD"):
            for tensor in op.inputs:
                joined.join(tensor, op.output)
        else:
            barred.update((*op.inputs, op.output))
    for tensors in joined.sets(made):
        writers = tuple(op for op in graph.ops if op.weights >= 0 and op.output in tensors)
        readers = tuple((i, op) for i, op in enumerate(graph.ops) if op.weights >= 0 and op.inputs[0] in tensors)
        passing = tuple(op for op in graph.ops if op.weights < 0 and op.output in tensors)
        alike = len({graph.shape(tensor)[-1:] for tensor in tensors}) == 1
        if writers and readers and alike and tensors <= made - barred:
            yield Stream(tensors, writers, readers, passing)


class _Joined:
    """Sets that grow together."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def join(self, one: int, other: int) -> None:
        self._above[self._root(one)] = self._root(other)

    def sets(self, members: set[int]) -> list[frozenset[int]]:
        by_root: dict[int, set[int]] = {}
        for member in sorted(members | set(self._above)):
            by_root.setdefault(self._root(member), set()).add(member)
        return [frozenset(found) for found in by_root.values()]

    def _root(self, member: int) -> int:
        while (above := self._above.get(member, member)) != member:
            member = above
        return member


def _offsets(graph: FloatGraph, stream: Stream, statistics: Statistics) -> dict[int, Doubles]:
    """The middle of each channel's range, where it can be taken off; what is added up has the sum of its parts'."""
    pads = any(op.same and set(graph.shape(op.weights)[1:3]) != {1} for _, op in stream.readers)
    biased = all(op.bias >= 0 for _, op in stream.readers)
    if pads or not biased or not stream.is_linear:
        return {}
    offsets = {}
    for op in stream.writers:
        seen = statistics.seen[op.output]
        offsets[op.output] = (seen.low + seen.high) / 2
    for op in stream.passing:
        offsets[op.output] = offsets[op.inputs[0]] + offsets[op.inputs[1]]
    return offsets


def room(graph: FloatGraph, stream: Stream) -> float:
    """How many times what was seen of its channels must fit below a ReLU6."""
    places = max(int(np.prod(graph.shape(tensor)[1:-1])) for tensor in stream.tensors)
    return 1 + ROOM / math.sqrt(places)


def _factors(graph: FloatGraph, stream: Stream, statistics: Statistics, offsets: dict[int, Doubles]) -> Doubles:
    """One for each channel, at least 1: what brings it to its tensor's reach, and beyond none of the stream's."""
    mixes = any(op.kind != "DEPTHWISE_CONV_2D" for _, op in stream.readers)
    lacking, highest = [], np.zeros(1)
    for tensor in stream.tensors:
        seen, offset = statistics.seen[tensor], offsets.get(tensor, 0.0)
        reach = np.maximum(np.maximum(seen.high - offset, offset - seen.low), 1e-8)
        lacking.append(np.log(reach.max() / reach))
        highest = np.maximum(highest, seen.high)
    factors = np.minimum(np.exp((MIXED if mixes else 1) * np.min(lacking, axis=0)), MOST)
    if stream.has_ceiling:
        # What the ceiling cuts must be cut at the same value; what stays below it must stay there.
        reached = np.maximum(room(graph, stream) * highest, 1e-8)
        factors = np.minimum(factors, np.maximum(CEILING / reached, 1))
    return np.asarray(factors)


def _scale_writer(graph: FloatGraph, op: Op, factors: Doubles, offsets: dict[int, Doubles]) -> None:
    weights, bias = graph.values(op.weights), graph.values(op.bias)
    # A depthwise operator has its channels last, the others first.
    shape = (-1,) if op.kind == "DEPTHWISE_CONV_2D" else (-1, *[1] * (weights.ndim - 1))
    graph.change(op.weights, weights * factors.reshape(shape))
    graph.change(op.bias, (bias - offsets.get(op.output, 0.0)) * factors)


def _scale_reader(
    graph: FloatGraph, place: int, op: Op, factors: Doubles, offsets: dict[int, Doubles], statistics: Statistics
) -> None:
    weights, offset = graph.values(op.weights), offsets.get(op.inputs[0], np.zeros_like(factors))
    depthwise = op.kind == "DEPTHWISE_CONV_2D"
    if op.bias >= 0:
        summed = (0, 1, 2) if depthwise else tuple(range(1, weights.ndim))
        graph.change(op.bias, graph.values(op.bias) + (weights * offset).sum(axis=summed))
    graph.change(op.weights, weights / factors)
    if place in statistics.met:
        statistics.met[place] = _moved(statistics.met[place], factors, offset, depthwise)


def _moved(met: Met, factors: Doubles, offset: Doubles, depthwise: bool) -> Met:
    """The moments of what was met, less the offset and times the factors."""
    moved = Met((met.mean - offset) * factors, None)
    if met.second is not None:
        # Of a depthwise operator by channel, of others over places x channels in one.
        mean, taken, scale = (
            by_place.T if depthwise else by_place.ravel() for by_place in np.broadcast_arrays(met.mean, offset, factors)
        )
        cross = _outer(mean, taken)
        moved.second = met.second - cross - np.swapaxes(cross, -1, -2) + _outer(taken, taken)
        moved.second *= _outer(scale, scale)
    return moved


def _outer(one: Doubles, other: Doubles) -> Doubles:
    return np.asarray(one[..., :, np.newaxis] * other[..., np.newaxis, :])

"""A float32 network and calibration images to Statistics: ranges by channel, and moments of what weights meet.

Gathered once; what later steps do to the network they do to the statistics too.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.conversion.answers import opened
from tflite_mammo.conversion.graph import FloatGraph, Op
from tflite_mammo.preprocess import Bytes

Doubles = NDArray[np.float64]
PATCHES = 96
"""Places of each image at which an operator's input is looked at; neighbours tell nearly the same."""
AT_ONCE = 16
"""Images."""
MOST_INPUTS = 2400
"""An operator that sums up more inputs than this has its means kept but not its second moments: too dear to invert."""


@dataclass
class Seen:
    """Of a tensor, by channel."""

    low: Doubles
    high: Doubles


@dataclass
class Met:
    """What the weights of an operator are multiplied with."""

    mean: Doubles
    """(places of the kernel, channels)"""
    second: Doubles | None
    """The mean of products, over places x channels; of a depthwise operator by channel: (channels, places, places)."""


@dataclass
class Statistics:
    seen: dict[int, Seen] = field(default_factory=dict)
    """By the tensor's number."""
    met: dict[int, Met] = field(default_factory=dict)
    """By the operator's place in the graph."""

    def ranges(self, graph: FloatGraph) -> dict[str, Any]:
        """As litert-quantizer takes them: the lowest and the highest value of each tensor by its name."""
        return {
            graph.name(tensor): {"min": np.array([seen.low.min()]), "max": np.array([seen.high.max()])}
            for tensor, seen in self.seen.items()
        }


def observe(flatbuffer: bytes, images: Iterable[Bytes], *, moments: bool = False) -> Statistics:
    graph, statistics = FloatGraph(flatbuffer), Statistics()
    sums = _Sums(graph)
    interpreter = opened(flatbuffer, keep_all=True)
    (details,) = interpreter.get_input_details()
    pixels, shape = details["index"], details["shape"]
    for image in images:
        interpreter.set_tensor(pixels, image[np.newaxis])
        interpreter.invoke()
        _widen(statistics, graph.ops, interpreter)
        if moments:
            sums.add(interpreter)
    statistics.met = sums.means()
    # A pixel may take any value, whatever the calibration images held: before the first weights, black and white rule.
    for value in (0, 255):
        interpreter.set_tensor(pixels, np.full(shape, value, np.uint8))
        interpreter.invoke()
        _widen(statistics, before_weights(graph), interpreter)
    return statistics


def before_weights(graph: FloatGraph) -> Sequence[Op]:
    first = next(place for place, op in enumerate(graph.ops) if op.weights >= 0)
    return graph.ops[:first]


def patches(op: Op, kernel: tuple[int, ...], x: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """What an operator's weights meet at some places of one image: (places, places of the kernel, channels)."""
    if op.kind == "FULLY_CONNECTED":
        return x.reshape(1, 1, -1)
    (tall, wide), (down, right), (height, width, _) = kernel[1:3], op.strides, x.shape
    if op.same:
        rows, columns = -(-height // down), -(-width // right)
        above, beside = max((rows - 1) * down + tall - height, 0), max((columns - 1) * right + wide - width, 0)
        x = np.pad(x, ((above // 2, above - above // 2), (beside // 2, beside - beside // 2), (0, 0)))
    else:
        rows, columns = (height - tall) // down + 1, (width - wide) // right + 1
    at = rng.choice(rows * columns, min(PATCHES, rows * columns), replace=False)
    top, left = at // columns * down, at % columns * right
    return np.stack([x[top + i, left + j] for i in range(tall) for j in range(wide)], axis=1)


class _Sums:
    """Products of many images at once: adding a matrix up for every image would take longer than multiplying it."""

    def __init__(self, graph: FloatGraph) -> None:
        self._graph, self._rng = graph, np.random.default_rng(0)
        self._waiting: defaultdict[int, list[NDArray[np.float32]]] = defaultdict(list)
        self._counts: Counter[int] = Counter()
        self._first: defaultdict[int, Doubles] = defaultdict(lambda: np.zeros(1))
        self._second: defaultdict[int, Doubles] = defaultdict(lambda: np.zeros(1))

    def add(self, interpreter: Any) -> None:
        for place, op in enumerate(self._graph.ops):
            if self._graph.meets_every_channel(op):
                found = patches(op, self._graph.shape(op.weights), interpreter.get_tensor(op.inputs[0])[0], self._rng)
                self._waiting[place].append(found)
                if len(self._waiting[place]) == AT_ONCE:
                    self._multiply(place)

    def _multiply(self, place: int) -> None:
        found = np.concatenate(self._waiting.pop(place))
        self._counts[place] += len(found)
        self._first[place] = self._first[place] + found.sum(axis=0, dtype=np.float64)
        if self._graph.ops[place].kind == "DEPTHWISE_CONV_2D":
            by_channel = found.transpose(2, 1, 0)
            self._second[place] = self._second[place] + by_channel @ by_channel.transpose(0, 2, 1)
        elif found[0].size <= MOST_INPUTS:
            flat = found.reshape(len(found), -1)
            self._second[place] = self._second[place] + flat.T @ flat

    def means(self) -> dict[int, Met]:
        for place in tuple(self._waiting):
            self._multiply(place)
        return {
            place: Met(self._first[place] / n, self._second[place] / n if place in self._second else None)
            for place, n in self._counts.items()
        }


def _widen(statistics: Statistics, ops: Sequence[Op], interpreter: Any) -> None:
    for op in ops:
        values = interpreter.get_tensor(op.output)
        by_channel = values.reshape(-1, values.shape[-1]) if values.ndim else values.reshape(1, 1)
        low, high = by_channel.min(axis=0).astype(np.float64), by_channel.max(axis=0).astype(np.float64)
        if (seen := statistics.seen.get(op.output)) is None:
            statistics.seen[op.output] = Seen(low, high)
        else:
            seen.low, seen.high = np.minimum(seen.low, low), np.maximum(seen.high, high)

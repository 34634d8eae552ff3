"""Graphs drawn by hand, as the reader gives them and as bytes of a file."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tflite_mammo.boards.anatomy import Anatomy, anatomy_of
from tflite_mammo.boards.graph import Graph, Node, Tensor

Row = tuple[str, Sequence[int | None], Sequence[int]]


@pytest.fixture
def draw() -> Callable[..., Graph]:
    """Tensors by number as (type, shape), constants among them with their values; operators as (kind, inputs, outputs).

    The first tensor enters; what the last operator writes leaves.
    """

    def drawn(tensors: Sequence[tuple[Any, ...]], rows: Sequence[Row], **options: dict[str, int]) -> Graph:
        made = [_tensor(i, *tensor) for i, tensor in enumerate(tensors)]
        nodes = [
            Node(
                index=i,
                kind=kind,
                version=1,
                layer=f"layer{i}",
                inputs=tuple(None if number is None else made[number] for number in inputs),
                outputs=tuple(made[number] for number in outputs),
                options=options.get(kind, {}),
            )
            for i, (kind, inputs, outputs) in enumerate(rows)
        ]
        return Graph(tuple(nodes), (made[0],), nodes[-1].outputs, 1)

    return drawn


def _tensor(index: int, dtype: str, shape: Sequence[int], stored: int = 0, values: Sequence[int] = ()) -> Tensor:
    wide = 4 if dtype.endswith("32") else 1
    size = stored or len(values) * wide
    return Tensor(index, f"t{index}", dtype, tuple(shape), False, index + 1, size, tuple(values))


@pytest.fixture
def dissect(draw: Callable[..., Graph]) -> Callable[..., Anatomy]:
    def dissected(*arguments: Any, **options: Any) -> Anatomy:
        return anatomy_of(draw(*arguments, **options), 1000)

    return dissected


@pytest.fixture
def pack() -> Callable[..., bytes]:
    """One operator ADD of two constants, as a flatbuffer; `change` may alter the model before it is packed."""

    def packed(change: Callable[[Any], None] = lambda model: None) -> bytes:
        from ai_edge_litert import schema_py_generated as schema
        from ai_edge_litert.tools import flatbuffer_utils

        model = schema.ModelT()
        model.version = 3
        model.buffers = [schema.BufferT(), schema.BufferT(), schema.BufferT()]
        model.buffers[1].data, model.buffers[2].data = bytes(range(16)), bytes(8)
        code, op, graph = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT()
        code.version, op.inputs, op.outputs = 2, [0, 1], [2]
        graph.tensors, graph.operators = [], [op]
        graph.inputs, graph.outputs = [0], [2]
        for name, buffer in (("here", 0), ("stored", 1), ("there", 0)):
            tensor = schema.TensorT()
            tensor.name, tensor.shape, tensor.buffer = name, [2, 2], buffer
            graph.tensors.append(tensor)
        model.operatorCodes, model.subgraphs = [code], [graph]
        change(model)
        return bytes(flatbuffer_utils.convert_object_to_bytearray(model))

    return packed

"""The bytes of a .tflite file to a frozen Graph: its operators in the order of execution, and their tensors.

A flatbuffer is made of offsets into itself, so a damaged one may point anywhere and claim any length. It is therefore
read piece by piece against a budget that its own size sets, and never unpacked as a whole.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tflite_mammo.boards.layers import layer_of
from tflite_mammo.errors import missing_extra

BITS = {"FLOAT32": 32, "FLOAT16": 16, "BFLOAT16": 16, "FLOAT64": 64, "INT2": 2, "INT4": 4, "UINT4": 4, "INT8": 8,
        "UINT8": 8, "BOOL": 8, "INT16": 16, "UINT16": 16, "INT32": 32, "UINT32": 32, "INT64": 64,
        "UINT64": 64}  # fmt: skip
MOST_DIMENSIONS = 8
MOST_ELEMENTS = 2**40
MOST_VALUES = 16
"""Integer constants up to this length are kept: axes, paddings, sizes, strides."""
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "Conv2DOptions": ("DilationHFactor", "DilationWFactor", "FusedActivationFunction"),
    "DepthwiseConv2DOptions": ("DilationHFactor", "DilationWFactor", "FusedActivationFunction"),
    "Pool2DOptions": ("FusedActivationFunction",),
    "ConcatenationOptions": ("Axis", "FusedActivationFunction"),
    "FullyConnectedOptions": ("WeightsFormat", "FusedActivationFunction"),
    "PackOptions": ("Axis",),
    "StridedSliceOptions": ("EllipsisMask", "NewAxisMask"),
    "BatchMatMulOptions": ("AdjX", "AdjY"),
}
"""The settings that somebody asks for, by the table of the schema that holds them."""


@dataclass(frozen=True)
class Tensor:
    index: int
    name: str
    dtype: str
    shape: tuple[int, ...]
    dynamic: bool
    """Some dimension is known at run time only; `shape` then holds a 1 in its place."""
    buffer: int
    stored_bytes: int
    """Of its values in the file; 0 where it is computed."""
    values: tuple[int, ...] = ()

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        return -(-self.elements * BITS.get(self.dtype, 0) // 8)

    @property
    def is_float(self) -> bool:
        return "FLOAT" in self.dtype


@dataclass(frozen=True)
class Node:
    index: int
    kind: str
    """The builtin operator's name; CUSTOM for one that `custom` names."""
    version: int
    layer: str
    inputs: tuple[Tensor | None, ...]
    """None where an optional input is left out."""
    outputs: tuple[Tensor, ...]
    custom: str = ""
    options: dict[str, int] = field(default_factory=dict)

    @property
    def given(self) -> tuple[Tensor, ...]:
        return tuple(tensor for tensor in self.inputs if tensor is not None)


@dataclass(frozen=True)
class Graph:
    nodes: tuple[Node, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    subgraphs: int
    """How many the file holds; `nodes` are those of the first, where execution begins."""


class _Budget:
    """A whole file cannot hold more pieces than this; a damaged one claims to."""

    def __init__(self, size: int) -> None:
        self._left = size // 4

    def spend(self, pieces: int) -> int:
        self._left -= pieces + 1
        if pieces < 0 or self._left < 0:
            raise ValueError("it claims more than its size can hold")
        return pieces


def graph_of(content: bytes) -> Graph:
    """Whatever is wrong with the bytes comes out as an exception of the reader's; `read_anatomy` makes it one line."""
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError:
        raise missing_extra("ai-edge-litert", "edge") from None
    model, budget = schema.Model.GetRootAs(content, 0), _Budget(len(content))
    first = model.Subgraphs(0)
    stored = [_data(model.Buffers(i), content, budget) for i in range(budget.spend(model.BuffersLength()))]
    types = names_in(schema.TensorType)
    tensors = [_tensor(first.Tensors(i), i, stored, types, budget) for i in range(budget.spend(first.TensorsLength()))]
    codes = _codes(model, schema, budget)
    nodes = [
        _node(first.Operators(i), i, tensors, codes, schema, budget)
        for i in range(budget.spend(first.OperatorsLength()))
    ]
    if not nodes:
        raise ValueError("it holds no operators")
    ends = [
        tuple(_at(tensors, int(index)) for index in _integers(length, read, budget))
        for length, read in ((first.InputsLength, first.Inputs), (first.OutputsLength, first.Outputs))
    ]
    return Graph(tuple(nodes), ends[0], ends[1], budget.spend(model.SubgraphsLength()))


def names_in(enumeration: Any) -> dict[int, str]:
    """An enumeration of the schema, by number."""
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


def _at(tensors: list[Tensor], index: int) -> Tensor:
    if index < 0:
        raise ValueError("it names a tensor that it does not hold")
    return tensors[index]


def _integers(length: Any, read: Any, budget: _Budget) -> list[int]:
    return [int(read(i)) for i in range(budget.spend(length()))]


def _text(name: bytes | None, budget: _Budget) -> str:
    budget.spend(len(name or b"") // 4)
    return (name or b"").decode("utf-8", "replace")


def _data(buffer: Any, content: bytes, budget: _Budget) -> memoryview:
    """A view, no copy. Big models keep constants behind the flatbuffer, at an offset from the file's start."""
    if buffer.Offset() > 1:
        start, end = buffer.Offset(), buffer.Offset() + buffer.Size()
        if end > len(content):
            raise ValueError("constants lie beyond its end")
        return memoryview(content)[start:end]
    budget.spend(0)
    return memoryview(b"") if not buffer.DataLength() else memoryview(buffer.DataAsNumpy())


def _tensor(tensor: Any, index: int, stored: list[memoryview], types: dict[int, str], budget: _Budget) -> Tensor:
    shape = _integers(tensor.ShapeLength, tensor.Shape, budget)
    signature = _integers(tensor.ShapeSignatureLength, tensor.ShapeSignature, budget)
    if len(shape) > MOST_DIMENSIONS or min(shape, default=0) < 0 or math.prod(shape) > MOST_ELEMENTS:
        raise ValueError(f"a tensor of shape {shape[:MOST_DIMENSIONS]}")
    data, dtype = stored[tensor.Buffer()], types[tensor.Type()]
    return Tensor(
        index=index,
        name=_text(tensor.Name(), budget),
        dtype=dtype,
        shape=tuple(shape),
        dynamic=-1 in signature,
        buffer=int(tensor.Buffer()),
        stored_bytes=data.nbytes,
        values=_values(data, dtype),
    )


def _values(data: memoryview, dtype: str) -> tuple[int, ...]:
    if dtype not in ("INT32", "INT64") or data.nbytes > MOST_VALUES * BITS[dtype] // 8:
        return ()
    return tuple(int(value) for value in np.frombuffer(data, dtype.lower()))


def _codes(model: Any, schema: Any, budget: _Budget) -> list[tuple[str, str, int]]:
    """Kind, custom name and version of each operator that the file uses."""
    names, found = names_in(schema.BuiltinOperator), []
    for i in range(budget.spend(model.OperatorCodesLength())):
        code = model.OperatorCodes(i)
        # Codes above 127 came later, in a field of their own; the old field then holds a placeholder.
        builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        found.append((names.get(builtin, f"OPERATOR_{builtin}"), _text(code.CustomCode(), budget), int(code.Version())))
    return found


def _node(
    op: Any, index: int, tensors: list[Tensor], codes: list[tuple[str, str, int]], schema: Any, budget: _Budget
) -> Node:
    kind, custom, version = codes[op.OpcodeIndex()]
    inputs = [None if i == -1 else _at(tensors, i) for i in _integers(op.InputsLength, op.Inputs, budget)]
    outputs = tuple(_at(tensors, i) for i in _integers(op.OutputsLength, op.Outputs, budget))
    layer = layer_of(outputs[0].name) if outputs else ""
    return Node(index, kind, version, layer, tuple(inputs), outputs, custom, _options(op, schema))


def _options(op: Any, schema: Any) -> dict[str, int]:
    table = names_in(schema.BuiltinOptions).get(op.BuiltinOptionsType(), "")
    held = op.BuiltinOptions()
    if table not in OPTIONS or held is None:
        return {}
    options = getattr(schema, table)()
    options.Init(held.Bytes, held.Pos)
    return {name: int(getattr(options, name)()) for name in OPTIONS[table]}

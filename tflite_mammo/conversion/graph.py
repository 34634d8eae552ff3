"""A float32 .tflite file opened for change: operators in order, tensors by number, weights as arrays; bytes again."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.boards.graph import names_in
from tflite_mammo.boards.layers import layer_of
from tflite_mammo.conversion.packing import packed, unpacked

Floats = NDArray[np.float32]
WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
EXACT = ("CAST", "CONCATENATION", "RESHAPE", "PAD", "MAX_POOL_2D")
"""They hand on what is told in steps already, in the same steps."""


@dataclass(frozen=True)
class Op:
    kind: str
    """The builtin operator's name, such as CONV_2D."""
    inputs: tuple[int, ...]
    """What it computes from; constants such as weights are elsewhere."""
    output: int
    weights: int
    """-1 where it has none."""
    bias: int
    activation: str
    """Fused into it: NONE, RELU, RELU6 and the like."""
    strides: tuple[int, int]
    same: bool
    """Zeros are padded so that every pixel is a middle."""


class FloatGraph:
    def __init__(self, flatbuffer: bytes) -> None:
        from ai_edge_litert import schema_py_generated as schema
        from ai_edge_litert.tools import flatbuffer_utils

        self._tools, self._schema = flatbuffer_utils, schema
        self._model = unpacked(flatbuffer)
        self._graph = self._model.subgraphs[0]
        self._kinds = names_in(schema.BuiltinOperator)
        self._activations = names_in(schema.ActivationFunctionType)
        self._same = schema.Padding.SAME
        self.ops = [self._op(op) for op in self._graph.operators]

    @property
    def ends(self) -> set[int]:
        return {int(tensor) for tensor in (*self._graph.inputs, *self._graph.outputs)}

    def name(self, tensor: int) -> str:
        name = self._graph.tensors[tensor].name
        return str(name.decode() if isinstance(name, bytes) else name)

    def layer(self, tensor: int) -> str:
        return layer_of(self.name(tensor))

    def around(self, tensors: Collection[int]) -> set[int]:
        """The places of the operators that make or read them."""
        return {i for i, op in enumerate(self.ops) if op.output in tensors or any(t in tensors for t in op.inputs)}

    def shape(self, tensor: int) -> tuple[int, ...]:
        shape = self._graph.tensors[tensor].shape
        return () if shape is None else tuple(int(n) for n in shape)

    def size(self, tensor: int) -> int:
        return int(np.prod(self.shape(tensor)))

    def values(self, tensor: int) -> Floats:
        """Of a constant, as float32."""
        data = bytes(self._data(tensor))
        return np.frombuffer(data, np.float32).reshape(self.shape(tensor))

    def change(self, tensor: int, values: NDArray[Any]) -> None:
        number = self._graph.tensors[tensor].buffer
        if sum(other.buffer == number for other in self._graph.tensors) > 1:  # the changed one gets its own
            number = self._graph.tensors[tensor].buffer = len(self._model.buffers)
            self._model.buffers.append(type(self._model.buffers[0])())
        data = np.ascontiguousarray(values, dtype=np.float32).tobytes()
        self._model.buffers[number].data = np.frombuffer(data, np.uint8)

    @contextmanager
    def in_steps(self, tensor: int, low: float, high: float) -> Iterator[bytes]:
        """The network with one tensor rounded to the 256 steps of int8 behind the operator that makes it."""
        graph, readers = self._graph, [op for op in self._graph.operators if tensor in op.inputs]
        codes = self._model.operatorCodes
        kept = list(graph.operators), list(graph.tensors), list(codes), [op.inputs for op in readers]
        place = next(i for i, op in enumerate(graph.operators) if tensor in op.outputs)
        low, high = min(low, 0.0), max(high, 0.0)
        step = max((high - low) / 255, 1e-12)
        integers = self._added(tensor, self._schema.TensorType.INT8)
        integers.quantization = self._schema.QuantizationParametersT()
        integers.quantization.scale = [step]
        integers.quantization.zeroPoint = [int(np.clip(round(-128 - low / step), -128, 127))]
        self._added(tensor, self._schema.TensorType.FLOAT32)
        rounded = len(graph.tensors) - 1
        there = self._operator("QUANTIZE", tensor, rounded - 1)
        graph.operators[place + 1 : place + 1] = [there, self._operator("DEQUANTIZE", rounded - 1, rounded)]
        for op in readers:
            op.inputs = [rounded if int(read) == tensor else int(read) for read in op.inputs]
        try:
            yield self.flatbuffer()
        finally:
            graph.operators, graph.tensors, codes[:], inputs = kept
            for op, read in zip(readers, inputs, strict=True):
                op.inputs = read

    def _added(self, like: int, dtype: int) -> Any:
        tensor = self._schema.TensorT()
        tensor.shape, tensor.type, tensor.buffer = self._graph.tensors[like].shape, dtype, 0
        tensor.name = f"{self.name(like)}/{len(self._graph.tensors)}"
        self._graph.tensors.append(tensor)
        return tensor

    def _operator(self, kind: str, read: int, made: int) -> Any:
        builtin = getattr(self._schema.BuiltinOperator, kind)
        code = self._schema.OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, min(builtin, 127), 2
        self._model.operatorCodes.append(code)
        op = self._schema.OperatorT()
        op.opcodeIndex, op.inputs, op.outputs = len(self._model.operatorCodes) - 1, [read], [made]
        return op

    def head(self) -> int:
        """Behind all weights but those of the logits, the place of the first that computes anew: mostly a pooling."""
        last = self.last_dense()  # a map's convolution comes later
        weighted = max(place for place, op in enumerate(self.ops[:last]) if op.weights >= 0)
        return next(place for place in range(weighted + 1, last + 1) if self.ops[place].kind not in EXACT)

    def last_dense(self) -> int:
        """The place of the layer that says the logits."""
        return max(place for place, op in enumerate(self.ops) if op.kind == "FULLY_CONNECTED")

    def meets_every_channel(self, op: Op) -> bool:
        """Whether its weights have a place for each channel that it reads; a convolution in groups has not."""
        return op.weights >= 0 and self.shape(op.weights)[-1] == self.shape(op.inputs[0])[-1]

    def work(self, op: Op) -> int:
        """Multiplications, or values that are moved."""
        made = self.size(op.output)
        if op.weights < 0:
            return made
        kernel = self.shape(op.weights)
        return made * int(np.prod(kernel[1:3] if op.kind == "DEPTHWISE_CONV_2D" else kernel[1:]))

    def flatbuffer(self) -> bytes:
        return packed(self._model)

    def _op(self, op: Any) -> Op:
        kind = self._kinds[self._tools.get_builtin_code_from_operator_code(self._model.operatorCodes[op.opcodeIndex])]
        given = [int(tensor) for tensor in op.inputs]
        options = op.builtinOptions
        weighted = kind in WEIGHTED and self._is_constant(given[1])
        stride = (getattr(options, "strideH", 1), getattr(options, "strideW", 1)) if weighted else (1, 1)
        return Op(
            kind=kind,
            inputs=tuple(tensor for tensor in given if tensor >= 0 and not self._is_constant(tensor)),
            output=int(op.outputs[0]),
            weights=given[1] if weighted else -1,
            bias=given[2] if weighted and len(given) > 2 else -1,
            activation=self._activations[getattr(options, "fusedActivationFunction", 0)],
            strides=stride,
            same=weighted and getattr(options, "padding", None) == self._same,
        )

    def _data(self, tensor: int) -> Any:
        data = self._model.buffers[self._graph.tensors[tensor].buffer].data
        return b"" if data is None else data

    def _is_constant(self, tensor: int) -> bool:
        return len(self._data(tensor)) > 0

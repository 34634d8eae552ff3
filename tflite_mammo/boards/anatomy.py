"""A .tflite file to its Anatomy: what every operator costs, and what they cost together."""

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from tflite_mammo.boards.graph import Graph, Node, Tensor, graph_of
from tflite_mammo.boards.islands import Island, islands_of
from tflite_mammo.boards.memory import peak_bytes
from tflite_mammo.boards.work import Arithmetic, arithmetic_of, macs_of, weights_of
from tflite_mammo.bundle import read_model
from tflite_mammo.errors import MammoError

STATEFUL = ("IF", "WHILE", "CALL", "CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "HASHTABLE",
            "HASHTABLE_FIND", "HASHTABLE_IMPORT", "HASHTABLE_SIZE")  # fmt: skip
"""Control flow and resources: what else runs is not known from the list of operators alone."""


@dataclass(frozen=True)
class Operation:
    node: Node
    arithmetic: Arithmetic
    computed: tuple[int, ...]
    """Those of its inputs, by their tensors' numbers, that depend on the pixels."""
    macs: int
    weight_bytes: int
    """Of the constants that it reads, as they lie in the file."""
    parameters: int


@dataclass(frozen=True)
class Anatomy:
    operations: tuple[Operation, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    macs: int
    weight_bytes: int
    """Each constant once, however many operators read it."""
    parameters: int
    file_bytes: int
    peak_bytes: int
    peak_at: int
    """The operator during which most bytes are live."""
    unpacked: tuple[Tensor, ...]
    """Made from constants as the file is loaded, and kept: float16 weights become float32."""
    islands: tuple[Island, ...]
    dynamic: tuple[str, ...]
    """Layers with a shape that is only known at run time."""
    stateful: tuple[str, ...]
    """Kinds of control flow and of resources."""
    subgraphs: int
    """Only the first is looked at; others are bodies of control flow."""

    def macs_in(self, arithmetic: Arithmetic) -> int:
        return sum(operation.macs for operation in self.operations if operation.arithmetic == arithmetic)


def read_anatomy(path: Path) -> Anatomy:
    content = read_model(path)
    try:
        return anatomy_of(graph_of(content), len(content))
    except MammoError:
        raise
    except Exception as error:  # a damaged flatbuffer may point anywhere, and every kind of exception comes of it
        raise MammoError(
            f"{path}: damaged or cut short, its operators cannot be read; copy or convert it again"
        ) from error


def anatomy_of(graph: Graph, file_bytes: int) -> Anatomy:
    constant, sources = _constants(graph)
    operations = tuple(_operation(node, constant, sources) for node in graph.nodes)
    stored = {
        source.buffer: source
        for operation in operations
        if operation.arithmetic != "constant"
        for tensor in weights_of(operation.node)
        for source in sources.get(tensor.index, ())
    }
    peak, peak_at = peak_bytes(graph, constant)
    return Anatomy(
        operations=operations,
        inputs=graph.inputs,
        outputs=graph.outputs,
        macs=sum(operation.macs for operation in operations),
        weight_bytes=sum(tensor.stored_bytes for tensor in stored.values()),
        parameters=sum(tensor.elements for tensor in stored.values()),
        file_bytes=file_bytes,
        peak_bytes=peak,
        peak_at=peak_at,
        unpacked=tuple(tensor for node in graph.nodes for tensor in node.outputs if tensor.index in constant),
        islands=islands_of(operations),
        dynamic=tuple(dict.fromkeys(n.layer for n in graph.nodes if any(t.dynamic for t in (*n.given, *n.outputs)))),
        stateful=tuple(dict.fromkeys(node.kind for node in graph.nodes if node.kind in STATEFUL)),
        subgraphs=graph.subgraphs,
    )


def _constants(graph: Graph) -> tuple[Set[int], dict[int, tuple[Tensor, ...]]]:
    """Tensors that are computed from constants alone, and for every tensor the constants that it is made of."""
    made: set[int] = set()
    sources: dict[int, tuple[Tensor, ...]] = {}
    for node in graph.nodes:
        for tensor in node.given:
            if tensor.stored_bytes:
                sources[tensor.index] = (tensor,)
        if node.given and all(tensor.index in sources for tensor in node.given):
            found = tuple(source for tensor in node.given for source in sources[tensor.index])
            made |= {tensor.index for tensor in node.outputs}
            sources |= {tensor.index: found for tensor in node.outputs}
    return made, sources


def _operation(node: Node, constant: Set[int], sources: dict[int, tuple[Tensor, ...]]) -> Operation:
    computed = tuple(tensor for tensor in node.given if tensor.index not in sources)
    arithmetic = arithmetic_of(node, computed)
    # What is done once to a constant costs whoever reads the result, not the operator that does it.
    own = () if arithmetic == "constant" else weights_of(node)
    held = {source.buffer: source for tensor in own for source in sources.get(tensor.index, ())}
    return Operation(
        node=node,
        arithmetic=arithmetic,
        computed=tuple(tensor.index for tensor in computed),
        macs=macs_of(node),
        weight_bytes=sum(tensor.stored_bytes for tensor in held.values()),
        parameters=sum(tensor.elements for tensor in held.values()),
    )

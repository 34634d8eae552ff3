"""A Graph's tensors to the bytes that are needed at once while it runs."""

from collections.abc import Set

from tflite_mammo.boards.graph import Graph


def peak_bytes(graph: Graph, constant: Set[int]) -> tuple[int, int]:
    """The most bytes of live tensors over the order of execution, and the operator where that is.

    A tensor lives from the operator that writes it to the last that reads it. Runtimes lay them out in one arena: gaps
    cost a little more than this, writing in place of an input a little less. `constant` are tensors that are computed
    once, as the file is loaded (float16 weights made float32), and stay.
    """
    end = len(graph.nodes) - 1
    born, dies = _lifetimes(graph, constant)
    sizes = {tensor.index: tensor.bytes for node in graph.nodes for tensor in (*node.given, *node.outputs)}
    sizes |= {tensor.index: tensor.bytes for tensor in (*graph.inputs, *graph.outputs)}
    steps = [0] * (end + 2)
    for index, start in born.items():
        steps[start] += sizes[index]
        steps[max(start, dies.get(index, start)) + 1] -= sizes[index]
    live, peak, where = 0, 0, 0
    for at, step in enumerate(steps[: end + 1]):
        live += step
        if live > peak:
            peak, where = live, at
    return peak, where


def _lifetimes(graph: Graph, constant: Set[int]) -> tuple[dict[int, int], dict[int, int]]:
    end = max(len(graph.nodes) - 1, 0)
    born = {tensor.index: 0 for tensor in graph.inputs}
    dies: dict[int, int] = {}
    for node in graph.nodes:
        for tensor in node.outputs:
            born.setdefault(tensor.index, 0 if tensor.index in constant else node.index)
        for tensor in node.given:
            dies[tensor.index] = node.index
    return born, {**dies, **{tensor.index: end for tensor in graph.outputs}, **dict.fromkeys(constant, end)}

"""The ends of a model file: tensors named pixels, scores and map, and no float between the pixels and an integer body.

The exporter writes CAST (uint8 to float32) before the network; quantising puts a QUANTIZE (float32 to int8) behind it.
The two together only shift values by 128, which one QUANTIZE from uint8 to int8 does without leaving the integers.
TensorFlow writes that one itself, but may take a byte for another value: where the mean of pixels is taken off, its
steps reach as far as that. A network that ends at its logits gets its softmax here, in float.
"""

from typing import Any

from tflite_mammo.conversion.packing import packed, unpacked
from tflite_mammo.runtime import MAP, PIXELS, SCORES

LOGITS = "logits"
"""What the output is called of a network that lacks its softmax."""


def finish_ends(flatbuffer: bytes) -> bytes:
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.tools import flatbuffer_utils

    model = unpacked(flatbuffer)
    graph, (signature,) = model.subgraphs[0], model.signatureDefs
    codes = [flatbuffer_utils.get_builtin_code_from_operator_code(code) for code in model.operatorCodes]
    _take_bytes(graph, codes, schema)
    outputs = {output.name.decode(): output for output in signature.outputs}
    if LOGITS in outputs:
        logits = outputs[SCORES] = outputs.pop(LOGITS)
        logits.tensorIndex = _append_softmax(model, logits.tensorIndex, schema)
    signature.inputs[0].name = graph.tensors[graph.inputs[0]].name = PIXELS
    # Scores come first, for programs that look for outputs by their places.
    signature.outputs = [outputs[name] for name in (SCORES, MAP) if name in outputs]
    graph.outputs = [output.tensorIndex for output in signature.outputs]
    for output, name in zip(signature.outputs, (SCORES, MAP), strict=False):
        output.name = graph.tensors[output.tensorIndex].name = name
    return packed(model)


def output_names(flatbuffer: bytes) -> list[str]:
    (signature,) = unpacked(flatbuffer).signatureDefs
    return [output.name.decode() for output in signature.outputs]


def _take_bytes(graph: Any, codes: list[int], schema: Any) -> None:
    """A pixel's value is its byte, whatever steps the integers behind it have; a float body needs the CAST."""
    kinds, first = schema.BuiltinOperator, graph.operators[0]
    into_steps, pixels = first, graph.tensors[graph.inputs[0]]
    if codes[first.opcodeIndex] == kinds.CAST:
        into_steps, *others = [op for op in graph.operators if first.outputs[0] in op.inputs]
        if others:
            return
    if codes[into_steps.opcodeIndex] != kinds.QUANTIZE:
        return
    if into_steps is not first:
        into_steps.inputs = [graph.inputs[0]]
        graph.operators.remove(first)
    pixels.quantization = schema.QuantizationParametersT()
    pixels.quantization.scale, pixels.quantization.zeroPoint = [1.0], [0]


def _append_softmax(model: Any, logits: int, schema: Any) -> int:
    """Returns the number of the tensor of scores."""
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.SOFTMAX
    code.version = 1
    model.operatorCodes.append(code)
    graph = model.subgraphs[0]
    scores = schema.TensorT()
    scores.shape, scores.type = graph.tensors[logits].shape, schema.TensorType.FLOAT32
    graph.tensors.append(scores)
    op = schema.OperatorT()
    op.opcodeIndex, op.inputs, op.outputs = len(model.operatorCodes) - 1, [logits], [len(graph.tensors) - 1]
    op.builtinOptionsType, op.builtinOptions = schema.BuiltinOptions.SoftmaxOptions, schema.SoftmaxOptionsT()
    op.builtinOptions.beta = 1.0
    graph.operators.append(op)
    return len(graph.tensors) - 1

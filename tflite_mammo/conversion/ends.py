"""The ends of a model file: tensors named pixels and scores, and no float between the pixels and an integer body.

The exporter writes CAST (uint8 to float32) before the network; quantising puts a QUANTIZE (float32 to int8) behind it.
The two together only shift values by 128, which one QUANTIZE from uint8 to int8 does without leaving the integers.
"""

from typing import Any


def finish_ends(flatbuffer: bytes) -> bytes:
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(flatbuffer))
    graph = model.subgraphs[0]
    codes = [flatbuffer_utils.get_builtin_code_from_operator_code(code) for code in model.operatorCodes]
    _take_bytes(graph, codes, schema)
    for name, index in (("pixels", graph.inputs[0]), ("scores", graph.outputs[0])):
        graph.tensors[index].name = name
    for signature in model.signatureDefs or []:
        signature.inputs[0].name, signature.outputs[0].name = "pixels", "scores"
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def pixel_tensors(flatbuffer: bytes) -> list[str]:
    """The tensors before the first weights: the pixels, cast, repeated, rescaled, padded."""
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.tools import flatbuffer_utils

    codes = schema.BuiltinOperator
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(flatbuffer))
    names = []
    for op in model.subgraphs[0].operators:
        code = flatbuffer_utils.get_builtin_code_from_operator_code(model.operatorCodes[op.opcodeIndex])
        if code in (codes.CONV_2D, codes.DEPTHWISE_CONV_2D, codes.FULLY_CONNECTED):
            break
        names += [model.subgraphs[0].tensors[index].name for index in op.outputs]
    return [name.decode() if isinstance(name, bytes) else name for name in names]


def _take_bytes(graph: Any, codes: list[int], schema: Any) -> None:
    cast = graph.operators[0]
    if codes[cast.opcodeIndex] != schema.BuiltinOperator.CAST:
        return
    readers = [op for op in graph.operators if cast.outputs[0] in op.inputs]
    if len(readers) != 1 or codes[readers[0].opcodeIndex] != schema.BuiltinOperator.QUANTIZE:
        return  # a float body: the cast is what it needs
    pixels = graph.tensors[graph.inputs[0]]
    pixels.quantization = schema.QuantizationParametersT()
    pixels.quantization.scale, pixels.quantization.zeroPoint = [1.0], [0]
    readers[0].inputs = [graph.inputs[0]]
    graph.operators.remove(cast)

"""A tensor of a .tflite file to where it comes from: the operator that has it and the layer of the network."""

from tflite_mammo.boards.graph import names_in
from tflite_mammo.boards.layers import layer_of
from tflite_mammo.conversion.packing import unpacked


def origin_of(flatbuffer: bytes, tensor: str) -> str:
    """CONV_2D of layer block2_expand_conv"""
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.tools import flatbuffer_utils

    names, model = names_in(schema.BuiltinOperator), unpacked(flatbuffer)
    tensors = model.subgraphs[0].tensors
    for op in model.subgraphs[0].operators:
        if any(tensors[i].name.decode() == tensor for i in (*op.outputs, *op.inputs) if i >= 0):
            code = flatbuffer_utils.get_builtin_code_from_operator_code(model.operatorCodes[op.opcodeIndex])
            return f"{names[code]} of layer {layer_of(tensor)}"
    return f"tensor {tensor}"

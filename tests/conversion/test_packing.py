"""A model's bytes: constants where TF Lite's schema asks for them, wherever they had been before."""

import numpy as np

from tflite_mammo.conversion.packing import ALIGNMENT, packed


def _model(*constants: bytes | np.ndarray) -> object:
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT()
    model.buffers = [schema.BufferT(), *(schema.BufferT(data=data) for data in constants)]
    return model


def _constants(flatbuffer: bytes) -> list[bytes]:
    """Those that lie where they should."""
    from ai_edge_litert import schema_py_generated as schema

    buffers = [schema.Model.GetRootAs(flatbuffer).Buffers(number) for number in (1, 2)]
    starts = [buffer._tab.Vector(buffer._tab.Offset(4)) for buffer in buffers]
    found = [buffer.DataAsNumpy().tobytes() for buffer in buffers]
    return [data for data, start in zip(found, starts, strict=True) if start % ALIGNMENT == 0]


def test_constants_are_aligned() -> None:
    assert _constants(packed(_model(np.arange(5, dtype=np.uint8), np.arange(23, dtype=np.uint8)))) == [
        bytes(range(5)),
        bytes(range(23)),
    ]


def test_constants_that_lay_behind_the_flatbuffer_are_aligned_too() -> None:
    assert _constants(packed(_model(b"01234", bytearray(b"weights of a large network")))) == [
        b"01234",
        b"weights of a large network",
    ]

"""A model's flatbuffer to objects that can be changed, and back to bytes as TF Lite's own writer would lay them out.

The writer that LiteRT brings for Python forgets two things: constants belong at multiples of 16 bytes, and thousands of
zero points that are all 0 need to be written once only; they took a tenth of an int8 file.
"""

from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray

from tflite_mammo.bundle import IDENTIFIER

ALIGNMENT = 16
"""What TF Lite's schema asks for where constants lie."""


def unpacked(flatbuffer: bytes) -> Any:
    from ai_edge_litert.tools import flatbuffer_utils

    return flatbuffer_utils.read_model_from_bytearray(bytearray(flatbuffer))


def packed(model: Any) -> bytes:
    for buffer in model.buffers:
        if buffer.data is not None:  # bytes and lists would be written one by one
            buffer.data = np.frombuffer(bytes(buffer.data), np.uint8)
    builder = _Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


class _Builder(flatbuffers.Builder):  # type: ignore[misc]
    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._zeros: dict[int, int] = {}

    def CreateNumpyVector(self, values: NDArray[Any]) -> int:  # noqa: N802 - the library's name
        if values.dtype == np.int64 and not values.any():
            if values.size not in self._zeros:
                self._zeros[values.size] = super().CreateNumpyVector(values)
            return self._zeros[values.size]
        if values.dtype == np.uint8:
            # The vector's data ends up behind its length of 4 bytes; what is already written counts from the other end.
            self.Prep(ALIGNMENT, values.size)
        place: int = super().CreateNumpyVector(values)
        return place

"""What a model says of its ends, where MediaPipe and Android's task library look for it: TFLite metadata.

In: a flatbuffer with its ends finished, the spec and the classes. Out: the flatbuffer that carries the metadata; the
labels themselves lie in the archive behind it (bundle.py).
"""

from typing import Any

import numpy as np

from tflite_mammo.bundle import CARD, GOLDEN, INTENDED_USE, LABELS
from tflite_mammo.conversion import metadata_tables
from tflite_mammo.conversion.packing import packed, unpacked
from tflite_mammo.preprocess import PreprocessSpec

NAME = "TFLITE_METADATA"
PARSER_VERSION = "1.0.0"
"""The oldest that knows every field written here."""
RGB, GREY = 1, 2
DESCRIPTIONS, AXIS_LABELS = 1, 2
AS_IT_IS: dict[str, Any] = {"options": {"NormalizationOptions": {"mean": [0.0], "std": [1.0]}}}
"""Pixels enter as bytes; the network itself rescales them."""


def with_metadata(flatbuffer: bytes, name: str, spec: PreprocessSpec) -> bytes:
    from ai_edge_litert import schema_py_generated as schema

    model = unpacked(flatbuffer)
    graph = model.subgraphs[0]
    outputs = [_text(graph.tensors[index].name) for index in graph.outputs]
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(metadata_tables.written(_said(name, spec, outputs)), np.uint8)
    entry.name, entry.buffer = NAME, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    return packed(model)


def metadata_of(flatbuffer: bytes) -> dict[str, Any]:
    """Empty where a model carries none."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(flatbuffer)
    for i in range(model.MetadataLength()):
        if model.Metadata(i).Name().decode() == NAME:
            return metadata_tables.read(model.Buffers(model.Metadata(i).Buffer()).DataAsNumpy().tobytes())
    return {}


def _said(name: str, spec: PreprocessSpec, outputs: list[str]) -> dict[str, Any]:
    pixels = {
        "name": "pixels",
        "description": f"An image that was prepared as {CARD} says (spec {spec.fingerprint}), in bytes.",
        "content": {"content_properties": {"ImageProperties": {"color_space": RGB if spec.channels == 3 else GREY}}},
        "process_units": [AS_IT_IS],
        "stats": {"max": [255.0], "min": [0.0]},
    }
    others = {CARD: "What it is and may be used for.", GOLDEN: "Tensors and the scores that they must get."}
    return {
        "name": name,
        "description": INTENDED_USE,
        "subgraph_metadata": [
            {"input_tensor_metadata": [pixels], "output_tensor_metadata": [_output(output) for output in outputs]}
        ],
        "associated_files": [
            {"name": file, "description": words, "type": DESCRIPTIONS} for file, words in others.items()
        ],
        "min_parser_version": PARSER_VERSION,
    }


def _output(name: str) -> dict[str, Any]:
    described = {
        "name": name,
        "description": "How much each place of the image speaks for the finding.",
        "content": {"content_properties": {"FeatureProperties": {}}},
    }
    if name != "scores":
        return described
    labels = {"name": LABELS, "description": "The classes, the finding last.", "type": AXIS_LABELS}
    return {
        **described,
        "description": "One score per class.",
        "stats": {"max": [1.0], "min": [0.0]},
        "associated_files": [labels],
    }


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name

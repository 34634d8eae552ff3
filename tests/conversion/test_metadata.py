"""TFLite metadata: what a model says of its ends, written and read back."""

from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.conversion.convert import Converted
from tflite_mammo.conversion.metadata import metadata_of, with_metadata
from tflite_mammo.conversion.metadata_tables import IDENTIFIER, read, written
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.preprocess import PreprocessSpec
from tflite_mammo.runtime import Runtime

GREY, COLOUR = PreprocessSpec(height=64, width=64), PreprocessSpec(height=64, width=64, channels=3)


@pytest.fixture
def flatbuffer(converted: dict[str, Converted]) -> bytes:
    """Of the float32 file; its pixels are grey."""
    bundle = converted["float32"].bundle
    return bundle.path.read_bytes()[: bundle.flatbuffer_size]


def _ends(flatbuffer: bytes) -> tuple[dict, list[dict]]:
    (graph,) = metadata_of(flatbuffer)["subgraph_metadata"]
    (pixels,) = graph["input_tensor_metadata"]
    return pixels, graph["output_tensor_metadata"]


def test_tables_read_back_as_they_were_written() -> None:
    values = {
        "name": "a name of many létters",
        "subgraph_metadata": [
            {
                "input_tensor_metadata": [
                    {
                        "dimension_names": ["one", "two"],
                        "content": {"content_properties": {"ImageProperties": {"color_space": 2}}},
                        "process_units": [{"options": {"NormalizationOptions": {"mean": [0.5, 1.0], "std": [2.0]}}}],
                        "stats": {"max": [255.0], "min": [-1.5]},
                    }
                ],
                "output_tensor_metadata": [{"content": {"content_properties": {"FeatureProperties": {}}}}],
            }
        ],
        "associated_files": [{"name": "a.txt", "type": 2}, {"name": "b.txt"}],
        "min_parser_version": "1.0.0",
    }
    content = written(values)
    assert content[4:8] == IDENTIFIER
    assert read(content) == values


def test_a_misspelt_field_is_no_field() -> None:
    with pytest.raises(KeyError, match="nmae"):
        written({"nmae": "x"})


@pytest.mark.parametrize("preset", ["float32", "float16", "dynamic", "int8"])
def test_every_file_describes_its_pixels_and_scores(converted: dict[str, Converted], preset: str) -> None:
    bundle = converted[preset].bundle
    content = bundle.path.read_bytes()[: bundle.flatbuffer_size]
    pixels, (scores,) = _ends(content)
    assert metadata_of(content)["name"] == f"small-cnn, {preset}"
    assert pixels["content"] == {"content_properties": {"ImageProperties": {"color_space": 2}}}
    assert pixels["process_units"] == [{"options": {"NormalizationOptions": {"mean": [0.0], "std": [1.0]}}}]
    assert scores["associated_files"] == [
        {"name": "labels.txt", "description": "The classes, the finding last.", "type": 2}
    ]


def test_colour_pixels_are_rgb(flatbuffer: bytes) -> None:
    pixels, _ = _ends(with_metadata(_bare(flatbuffer), "test", COLOUR))
    assert pixels["content"]["content_properties"] == {"ImageProperties": {"color_space": 1}}


def test_a_second_output_is_described_as_a_map_without_labels(flatbuffer: bytes) -> None:
    _, (scores, places) = _ends(with_metadata(_with_map(_bare(flatbuffer)), "test", GREY))
    assert scores["name"] == "scores"
    assert places["name"] == "map"
    assert "associated_files" not in places
    assert "speaks for the finding" in places["description"]


def test_a_description_moves_no_score(flatbuffer: bytes, prepared: Dataset, tmp_path: Path) -> None:
    (tmp_path / "bare.tflite").write_bytes(_bare(flatbuffer))
    (tmp_path / "described.tflite").write_bytes(flatbuffer)
    bare, described = Runtime(tmp_path / "bare.tflite"), Runtime(tmp_path / "described.tflite")
    for row in range(5):
        np.testing.assert_array_equal(bare.scores(prepared.images[row]), described.scores(prepared.images[row]))


def test_a_model_without_a_description_has_none(flatbuffer: bytes) -> None:
    assert metadata_of(_bare(flatbuffer)) == {}


def _bare(flatbuffer: bytes) -> bytes:
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(flatbuffer))
    model.metadata = [entry for entry in model.metadata if entry.name != b"TFLITE_METADATA"]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _with_map(flatbuffer: bytes) -> bytes:
    """The network's first inner tensor handed out beside the scores."""
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(flatbuffer))
    graph = model.subgraphs[0]
    inner = graph.operators[0].outputs[0]
    graph.tensors[inner].name = "map"
    graph.outputs = [*graph.outputs, inner]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tflite_mammo.boards.anatomy import read_anatomy
from tflite_mammo.boards.graph import graph_of
from tflite_mammo.errors import MammoError

DAMAGED = "damaged or cut short, its operators cannot be read; copy or convert it again"


def test_operators_and_tensors_are_read_as_they_lie_in_the_file(pack: Callable[..., bytes]) -> None:
    graph = graph_of(pack())
    (node,) = graph.nodes
    assert (node.kind, node.version, node.layer, graph.subgraphs) == ("ADD", 2, "there", 1)
    assert [tensor.name for tensor in node.given] == ["here", "stored"]
    assert [tensor.stored_bytes for tensor in node.given] == [0, 16]
    assert (graph.inputs[0].name, graph.outputs[0].name) == ("here", "there")


def test_an_input_left_out_is_none(pack: Callable[..., bytes]) -> None:
    def leave_out(model: Any) -> None:
        model.subgraphs[0].operators[0].inputs = [0, -1]

    (node,) = graph_of(pack(leave_out)).nodes
    assert node.inputs[1] is None
    assert len(node.given) == 1


def test_a_shape_known_at_run_time_only_is_dynamic(pack: Callable[..., bytes]) -> None:
    def free(model: Any) -> None:
        model.subgraphs[0].tensors[0].shapeSignature = [-1, 2]

    (node,) = graph_of(pack(free)).nodes
    assert [tensor.dynamic for tensor in node.given] == [True, False]


def test_small_integer_constants_are_kept_as_values(pack: Callable[..., bytes]) -> None:
    def count(model: Any) -> None:
        model.subgraphs[0].tensors[1].type = 2  # INT32
        model.buffers[1].data = bytes([1, 0, 0, 0, 255, 255, 255, 255])

    assert graph_of(pack(count)).nodes[0].given[1].values == (1, -1)


def test_a_custom_operator_keeps_its_name_and_an_unknown_one_its_number(pack: Callable[..., bytes]) -> None:
    def own(model: Any) -> None:
        model.operatorCodes[0].builtinCode, model.operatorCodes[0].customCode = 32, "edgetpu-custom-op"

    def later(model: Any) -> None:
        model.operatorCodes[0].deprecatedBuiltinCode, model.operatorCodes[0].builtinCode = 127, 5000

    node = graph_of(pack(own)).nodes[0]
    assert (node.kind, node.custom) == ("CUSTOM", "edgetpu-custom-op")
    assert graph_of(pack(later)).nodes[0].kind == "OPERATOR_5000"


def _behind(packed: bytes, offset: int, size: int) -> bytes:
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.tools import flatbuffer_utils

    content = bytearray(packed)
    flatbuffer_utils.update_packed_buffer(schema.Model.GetRootAs(content, 0).Buffers(1), offset, size)
    return bytes(content)


def test_constants_behind_the_flatbuffer_are_found_and_must_lie_within_the_file(pack: Callable[..., bytes]) -> None:
    def apart(model: Any) -> None:
        model.buffers[1].data, model.buffers[1].offset, model.buffers[1].size = None, 2, 2

    packed = pack(apart)
    content = _behind(packed, len(packed), 16) + bytes(16)
    assert graph_of(content).nodes[0].given[1].stored_bytes == 16
    with pytest.raises(ValueError, match="constants lie beyond its end"):
        graph_of(content[:-1])


def test_a_file_cut_anywhere_is_one_clean_line(pack: Callable[..., bytes], tmp_path: Path) -> None:
    content, path = pack(), tmp_path / "cut.tflite"
    for length in range(8, len(content) - 40, 7):
        path.write_bytes(content[:length])
        with pytest.raises(MammoError, match=DAMAGED):
            read_anatomy(path)


def test_bytes_turned_anywhere_are_read_or_one_clean_line(converted: dict[str, Any], tmp_path: Path) -> None:
    content, path = converted["int8"].bundle.path.read_bytes(), tmp_path / "turned.tflite"
    refused = 0
    for seed in range(150):
        rng, turned = random.Random(seed), bytearray(content)
        for _ in range(rng.choice([1, 10, 100])):
            turned[8 + rng.randrange(len(turned) - 8)] = rng.randrange(256)
        path.write_bytes(turned)
        try:
            read_anatomy(path)
        except MammoError as error:
            assert DAMAGED in str(error)  # noqa: PT017
            refused += 1
    assert refused > 30


def test_a_claim_of_more_than_the_file_can_hold_is_refused_before_it_is_read(pack: Callable[..., bytes]) -> None:
    def many(model: Any) -> None:
        model.subgraphs[0].operators[0].inputs = [0] * 5000

    content = pack(many)
    claim = content.index((5000).to_bytes(4, "little"))
    grown = content[:claim] + (2**31 - 1).to_bytes(4, "little") + content[claim + 4 :]
    with pytest.raises(ValueError, match="claims more than its size can hold"):
        graph_of(grown)


@pytest.mark.parametrize("shape", [[1] * 9, [2**20, 2**20, 2], [-3, 2]])
def test_an_impossible_shape_is_refused(pack: Callable[..., bytes], shape: list[int]) -> None:
    def bend(model: Any) -> None:
        model.subgraphs[0].tensors[0].shape = shape

    with pytest.raises(ValueError, match="a tensor of shape"):
        graph_of(pack(bend))


def test_a_tensor_that_is_not_there_and_no_operators_are_refused(pack: Callable[..., bytes]) -> None:
    def below(model: Any) -> None:
        model.subgraphs[0].operators[0].outputs = [-1]

    def empty(model: Any) -> None:
        model.subgraphs[0].operators = []

    with pytest.raises(ValueError, match="a tensor that it does not hold"):
        graph_of(pack(below))
    with pytest.raises(ValueError, match="holds no operators"):
        graph_of(pack(empty))

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tflite_mammo.boards.anatomy import Anatomy, read_anatomy
from tflite_mammo.conversion.device import device_network
from tflite_mammo.errors import MammoError


def _of(converted: dict[str, Any], preset: str) -> Anatomy:
    return read_anatomy(converted[preset].bundle.path)


@pytest.mark.parametrize(
    ("preset", "arithmetic"), [("float32", "float"), ("float16", "float"), ("dynamic", "dynamic"), ("coral", "int8")]
)
def test_every_preset_multiplies_in_its_own_arithmetic(converted: dict[str, Any], preset: str, arithmetic: Any) -> None:
    anatomy = _of(converted, preset)
    assert anatomy.macs_in(arithmetic) == anatomy.macs > 0


def test_parameters_and_work_are_the_networks_whatever_they_are_kept_in(run: Any, converted: dict[str, Any]) -> None:
    exact, half, small = (_of(converted, preset) for preset in ("float32", "float16", "int8"))
    assert exact.parameters == half.parameters == device_network(run.model()).count_params()
    assert exact.macs == half.macs == small.macs
    assert 0.24 < small.weight_bytes / exact.weight_bytes < 0.35


def test_float16_weights_count_for_who_reads_them_and_stay_in_memory(converted: dict[str, Any]) -> None:
    half, exact = _of(converted, "float16"), _of(converted, "float32")
    unpacking = [operation for operation in half.operations if operation.node.kind == "DEQUANTIZE"]
    assert unpacking
    assert all((o.arithmetic, o.weight_bytes) == ("constant", 0) for o in unpacking)
    assert half.peak_bytes == exact.peak_bytes + sum(tensor.bytes for tensor in half.unpacked)


def test_int8_leaves_the_last_layer_in_float(converted: dict[str, Any]) -> None:
    anatomy = _of(converted, "int8")
    (island,) = anatomy.islands
    assert island.kinds == ("FULLY_CONNECTED", "SOFTMAX")
    assert island.layers == ("logits", "scores")
    assert anatomy.macs_in("int8") == anatomy.macs - island.macs > 0


def test_a_constant_that_two_read_is_counted_once(dissect: Callable[..., Anatomy]) -> None:
    tensors = [("INT8", (1, 4)), ("INT8", (4, 4), 16), ("INT8", (1, 4)), ("INT8", (1, 4))]
    anatomy = dissect(tensors, [("FULLY_CONNECTED", (0, 1), (2,)), ("FULLY_CONNECTED", (2, 1), (3,))])
    assert [operation.weight_bytes for operation in anatomy.operations] == [16, 16]
    assert (anatomy.weight_bytes, anatomy.parameters) == (16, 16)


def test_axes_and_paddings_are_no_parameters(dissect: Callable[..., Anatomy]) -> None:
    tensors = [("INT8", (1, 2, 2, 4)), ("INT32", (2,), 0, (1, 2)), ("INT8", (1, 4))]
    assert dissect(tensors, [("MEAN", (0, 1), (2,))]).parameters == 0


def test_control_flow_is_named(dissect: Callable[..., Anatomy]) -> None:
    anatomy = dissect([("INT8", (1, 4)), ("INT8", (1, 4))], [("WHILE", (0,), (1,))])
    assert anatomy.stateful == ("WHILE",)


def test_without_the_runtime_the_missing_extra_is_named(
    converted: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    with pytest.raises(MammoError, match=r"ai-edge-litert is not installed; install it with: .*\[edge\]"):
        _of(converted, "int8")


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.tflite").write_text("only notes in here")
    with pytest.raises(MammoError, match="not a TF Lite model"):
        read_anatomy(tmp_path / "notes.tflite")

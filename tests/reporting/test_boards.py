from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tflite_mammo.boards.compiler import Compiled, Status
from tflite_mammo.boards.outlook import Outlook, look_at
from tflite_mammo.reporting.boards import outlook_lines
from tflite_mammo.reporting.columns import WIDTH


@pytest.fixture
def looked(converted: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Outlook:
    monkeypatch.setenv("PATH", str(tmp_path))  # whatever is installed where the tests run
    return look_at(converted["int8"].bundle.path, "coral")


def _text(outlook: Outlook) -> str:
    """In one line, however it was folded."""
    return " ".join(" ".join(outlook_lines(outlook)).split())


@pytest.mark.parametrize("board", ["coral", "pi4", "pi5"])
@pytest.mark.parametrize("preset", ["float32", "float16", "dynamic", "int8"])
def test_no_line_is_wider_than_a_hundred_columns(converted: dict[str, Any], board: Any, preset: str) -> None:
    assert max(map(len, outlook_lines(look_at(converted[preset].bundle.path, board)))) <= WIDTH


def test_the_table_adds_up(looked: Outlook) -> None:
    lines = outlook_lines(looked)
    rows = lines[2 : next(i for i, line in enumerate(lines) if line.startswith("  all "))]
    assert sum(int(row.split()[1]) for row in rows) == len(looked.anatomy.operations)
    assert rows[0].split()[0] == "CONV_2D"


def test_an_edge_tpu_is_told_what_is_mapped_and_why_the_rest_is_not(looked: Outlook) -> None:
    total = len(looked.anatomy.operations)
    text = _text(looked)
    assert f"{total - 3} of {total} operators mapped to the Edge TPU, all after dense0 (DEQUANTIZE) on the CPU" in text
    assert "computes in float: 1 DEQUANTIZE, 1 FULLY_CONNECTED, 1 SOFTMAX (at dense0, logits, scores)" in text
    assert "0.07 MB of weights, 8 MB on the chip: they fit" in text
    assert "edgetpu_compiler is not installed here" in text


def test_an_estimate_is_called_one_with_its_source_and_the_lack_of_one_is_said(looked: Outlook) -> None:
    text = _text(looked)
    assert "ESTIMATED from published figures by MACs; nothing was measured" in text
    assert "USB 3 Accelerator and Dev Board no published figure near" in text


def test_many_reasons_are_grouped_and_many_layers_counted(converted: dict[str, Any]) -> None:
    text = _text(look_at(converted["float32"].bundle.path, "coral"))
    assert text.count("computes in float") == 1
    assert "more)" in text
    assert "Model not quantized" in text


def test_unpacked_float16_weights_are_named(converted: dict[str, Any]) -> None:
    assert "are float16 weights, made float32 as the file is loaded" in _text(
        look_at(converted["float16"].bundle.path, "pi4")
    )


def test_the_compilers_own_words_stand_beside_the_rules(looked: Outlook) -> None:
    status = Status("SOFTMAX", 2, "More than one subgraph is not supported")
    done = Compiled("16.0", "", (Status("CONV_2D", 5, "Mapped to Edge TPU"), status), 2_000_000, 10_000, 0, 1)
    text = _text(replace(looked, compiled=done))
    assert "edgetpu_compiler 16.0, run on this file:" in text
    assert (
        "5 operators on the Edge TPU, 2 on the CPU; weights: 2.00 MB on the chip, 0.01 MB left there, 0.00 MB" in text
    )
    assert "2 SOFTMAX: More than one subgraph is not supported" in text
    failed = _text(replace(looked, compiled=Compiled("16.0", "Internal compiler error; the compiler gives no cause")))
    assert "FAILED: Internal compiler error" in failed


def test_what_streams_and_what_stays_on_the_host_is_told(looked: Outlook) -> None:
    assert looked.coral is not None
    heavy = replace(looked.coral, weight_bytes=24_000_000, streamed_bytes=16_000_000, mapped_macs=0)
    text = _text(replace(looked, coral=heavy))
    assert "24.00 MB of weights, 8 MB on the chip: 16.00 MB or more are fetched anew for every image" in text
    assert "M MACs stay on the host's CPU and are in no estimate below" in text
    tight = replace(looked.coral, weight_bytes=7_000_000)
    assert "they may just fit beside program and activations" in _text(replace(looked, coral=tight))

"""A stand-in for edgetpu_compiler prints logs in the format of the real one; figures are made up."""

import os
import stat
from pathlib import Path

import pytest

from tflite_mammo.boards.compiler import Compiled, Status, compile_for_edge_tpu, read_log

HEAD = "Edge TPU Compiler version 16.0.384591198\nStarted a compilation timeout timer of 180 seconds.\n\n"
ELSE = "Operation is otherwise supported, but not mapped due to some unspecified limitation"
DONE = f"""{HEAD}Model compiled successfully in 417 ms.

Input model: model.tflite
Input size: 23.50MiB
Output model: model_edgetpu.tflite
Output size: 24.10MiB
On-chip memory used for caching model parameters: 6.50MiB
On-chip memory remaining for caching model parameters: 2.25KiB
Off-chip memory used for streaming uncached model parameters: 16.00MiB
Number of Edge TPU subgraphs: 1
Total number of operations: 66
Operation log: model_edgetpu.log

Model successfully compiled but not all operations are supported by the Edge TPU.
Number of operations that will run on Edge TPU: 63
Number of operations that will run on CPU: 3

Operator                       Count      Status

CONV_2D                        53         Mapped to Edge TPU
ADD                            10         Mapped to Edge TPU
CONV_2D                        1          More than one subgraph is not supported
DEQUANTIZE                     1          Operation is working on an unsupported data type
SOFTMAX                        1          {ELSE}
Compilation child process completed within timeout period.
Compilation succeeded!
"""
UNREAD = f"""{HEAD}ERROR: Didn't find op for builtin opcode 'CONV_2D' version '6'. An older version might be supported.

ERROR: Registration failed.

Invalid model: model.tflite
Model could not be parsed
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the PATH, with nothing of the name in it yet."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def _stand_in(folder: Path, log: str, *commands: str) -> None:
    (folder / "log.txt").write_text(log)
    program = folder / "edgetpu_compiler"
    lines = ["#!/bin/sh", f'echo "$@" > {folder}/given.txt', *commands, f"cat {folder}/log.txt"]
    program.write_text("\n".join(lines) + "\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def _model(tmp_path: Path) -> Path:
    (tmp_path / "-s.tflite").write_bytes(b"....TFL3 a model")
    return tmp_path / "-s.tflite"


def test_without_the_compiler_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert compile_for_edge_tpu(_model(tmp_path)) is None


def test_its_log_is_read_and_its_result_is_kept(installed: Path, tmp_path: Path) -> None:
    # The flags are -s -o FOLDER MODEL: the result goes where the third says.
    _stand_in(installed, DONE, 'cp "$4" "$3/model_edgetpu.tflite"')
    compiled = compile_for_edge_tpu(_model(tmp_path), tmp_path / "out.tflite")
    assert compiled is not None
    assert (compiled.version, compiled.error, compiled.stretches) == ("16.0.384591198", "", 1)
    assert (compiled.on_tpu, compiled.on_cpu) == (63, 3)
    assert compiled.on_chip_bytes == 6.5 * 2**20
    assert compiled.on_chip_left_bytes == 2.25 * 2**10
    assert compiled.streamed_bytes == 16 * 2**20
    assert (tmp_path / "out.tflite").read_bytes() == b"....TFL3 a model"


def test_the_compiler_gets_a_name_that_is_no_flag(installed: Path, tmp_path: Path) -> None:
    _stand_in(installed, DONE)
    compile_for_edge_tpu(_model(tmp_path), tmp_path / "out.tflite")
    show, out, folder, model = (installed / "given.txt").read_text().split()
    assert (show, out, model) == ("-s", "-o", f"{folder}/model.tflite")


@pytest.mark.parametrize(
    ("log", "told"),
    [
        (f"{HEAD}Internal compiler error. Aborting! \n", "Internal compiler error. Aborting; the compiler gives"),
        (f"{HEAD}Invalid model: model.tflite\nModel not quantized\n", "Model not quantized; the Edge TPU takes int8"),
        (UNREAD, "Didn't find op for builtin opcode 'CONV_2D' version '6'. An older version might be supported"),
        (f"{HEAD}Compilation failed: Compilation failed due to large activation tensors in model.\n",
         "Compilation failed due to large activation tensors in model; smaller images"),
        (f"{HEAD}Compilation failed!\n", "Compilation failed; see"),
        (f"{HEAD}Segmentation fault\n", "Segmentation fault; the compiler did not say that it succeeded"),
        ("", "it said nothing; the compiler did not say"),
    ],
)  # fmt: skip
def test_a_failure_is_told_in_its_own_words_with_what_to_do(
    installed: Path, tmp_path: Path, log: str, told: str
) -> None:
    _stand_in(installed, log, 'cp "$4" "$3/model_edgetpu.tflite"')
    compiled = compile_for_edge_tpu(_model(tmp_path), tmp_path / "out.tflite")
    assert compiled is not None
    assert told in compiled.error
    assert not (tmp_path / "out.tflite").exists()


def test_what_it_writes_to_stderr_is_read_as_well(installed: Path, tmp_path: Path) -> None:
    _stand_in(installed, HEAD, "echo 'Model not quantized' >&2")
    compiled = compile_for_edge_tpu(_model(tmp_path), tmp_path / "out.tflite")
    assert compiled is not None
    assert "Model not quantized" in compiled.error


def test_a_compiler_that_never_ends_is_stopped(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tflite_mammo.boards.compiler.TIMEOUT_S", 0.2)
    _stand_in(installed, DONE, "exec sleep 60")
    compiled = compile_for_edge_tpu(_model(tmp_path), tmp_path / "out.tflite")
    assert compiled is not None
    assert "timed out after 0.2 s; the compiler was stopped" in compiled.error


def test_a_log_without_a_table_has_no_statuses() -> None:
    assert read_log(f"{HEAD}Model compiled successfully in 3 ms.\n") == Compiled("16.0.384591198", "")


def test_a_row_is_a_kind_a_count_and_the_rest_of_the_line() -> None:
    assert read_log(DONE).statuses[-1] == Status("SOFTMAX", 1, ELSE)

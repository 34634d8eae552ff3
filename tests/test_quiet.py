"""Silence for native libraries: held back when all goes well, let out when it does not."""

import os

import pytest

from tflite_mammo.quiet import quiet


def _fail_noisily() -> None:
    with quiet():
        os.write(2, b"the reason\n")
        raise ValueError("broken")


def test_what_a_library_writes_past_python_is_held_back(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet():
        os.write(2, b"a greeting\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_a_failure_lets_it_out(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="broken"):
        _fail_noisily()
    assert capfd.readouterr().err == "the reason\n"

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest

from tflite_mammo.cli.doctor import EXTRAS

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_the_doctor_knows_every_extra() -> None:
    declared = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]
    assert set(EXTRAS) == set(declared)
    assert requires("tflite-mammo")


def test_what_is_installed_and_what_is_missing_is_said(call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "gpu", ("train on CUDA", ("no_such_module",)))
    done = call("doctor")
    assert done.status == 0
    assert re.search(r"train +ok", done.stdout)
    assert "missing no_such_module: pip install 'tflite-mammo[gpu]'" in done.stdout
    assert re.search(r"runtimes +litert \d", done.stdout)
    assert "edge tpu" in done.stdout

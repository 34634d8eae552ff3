"""How soon the programs answer: --help against a bare import of click."""

import subprocess
import sys
from pathlib import Path

import pytest
from pairs import in_turns, record
from pytest_benchmark.fixture import BenchmarkFixture

LIMIT = 3.0


def _program(name: str) -> list[str]:
    """The installed command, as a person starts it."""
    return [str(Path(sys.executable).parent / name), "--help"]


@pytest.mark.parametrize("name", ["tflite-mammo", "edge_app"])
def test_help_takes_at_most_three_times_the_import_of_click(benchmark: BenchmarkFixture, name: str) -> None:
    def ours() -> object:
        return subprocess.run(_program(name), capture_output=True, check=True)

    def peer() -> object:
        return subprocess.run([sys.executable, "-c", "import click"], capture_output=True, check=True)

    ratio = in_turns(ours, peer, pairs=15)
    record(benchmark, f"{name} --help / import click", ratio)
    benchmark.pedantic(ours, rounds=3)
    assert ratio.median <= LIMIT

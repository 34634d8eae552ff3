"""Real samples for the adapters; a test that wants one is skipped where there is none."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def sample() -> Callable[[str], Path]:
    """The folder of one collection's sample, by its name: MAMMO_SAMPLES, or shared/data beside the project."""
    samples = Path(os.environ.get("MAMMO_SAMPLES") or Path(__file__).parents[4] / "shared" / "data")

    def folder(name: str) -> Path:
        if not (samples / name).is_dir():
            pytest.skip(f"no sample at {samples / name}; MAMMO_SAMPLES may name another folder")
        return samples / name

    return folder

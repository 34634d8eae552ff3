"""A glance at speeds: in turns, and of each file its own. No clock is read here."""

from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.benchmarking import glance as module
from tflite_mammo.benchmarking.glance import ROUNDS, THREADS, Speed, glance

SLOW, QUICK = Path("slow.tflite"), Path("quick.tflite")


class Counted:
    """In the place of a Runtime: its answers take the time that its name says."""

    asked: list[tuple[str, int]] = []  # noqa: RUF012

    def __init__(self, path: Path, *, threads: int) -> None:
        self.path, self.threads, self.shape, self.number = path, threads, (2, 2, 1), 0

    def set_pixels(self, tensor: np.ndarray) -> None:
        assert tensor.shape == self.shape

    def invoke(self) -> None:
        self.number -= 1


def pretended(model: Counted) -> float:
    """10 ms of the slow one, 1 of the quick one, and each round a little more."""
    Counted.asked.append((model.path.stem, model.threads))
    model.number += 1
    return (10.0 if model.path == SLOW else 1.0) + model.number / 1000


@pytest.fixture(autouse=True)
def pretend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Runtime", Counted)
    monkeypatch.setattr(module, "invoke_ms", pretended)
    Counted.asked.clear()


def test_each_file_has_its_median_and_its_95th_percentile_per_number_of_threads() -> None:
    slow, quick = glance([SLOW, QUICK])
    assert [speed.threads for speed in slow] == list(THREADS)
    # After ten answers to warm up the rounds are -9 to 20 thousandths; their middle is 5.5, and 95 % lie below 18.55.
    assert quick[0] == Speed(1, 1.0055, 1.0185)
    assert slow[0].median_ms == 10.0055


def test_files_take_turns() -> None:
    glance([SLOW, QUICK])
    assert Counted.asked[:4] == [("slow", 1), ("quick", 1)] * 2
    assert Counted.asked.count(("quick", 2)) == ROUNDS

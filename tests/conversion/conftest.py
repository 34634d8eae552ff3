"""Converted networks are run as the device runs them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.preprocess import Bytes
from tflite_mammo.runtime import Runtime

ScoresOf = Callable[[bytes, Sequence[Bytes]], np.ndarray]


@pytest.fixture
def scores_of(tmp_path: Path) -> ScoresOf:
    def scores(flatbuffer: bytes, images: Sequence[Bytes]) -> np.ndarray:
        path = tmp_path / "network.tflite"
        path.write_bytes(flatbuffer)
        runtime = Runtime(path)
        return np.stack([runtime.scores(image) for image in images])

    return scores

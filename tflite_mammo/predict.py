"""A file to a Prediction: the way of one image on the device, and of every image that a .tflite file is judged on."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.bundle import read_bundle
from tflite_mammo.errors import MammoError
from tflite_mammo.preprocess import Bytes, tensor_of
from tflite_mammo.runtime import Runtime
from tflite_mammo.scores import called


@dataclass(frozen=True)
class Prediction:
    label: str
    score: float
    """Of the finding, the card's last class."""
    threshold: float


class Classifier:
    """A bundle and a runtime: everything that stands between a file and a label is inside."""

    def __init__(self, path: Path, *, threads: int = 1, runtime: str = "auto") -> None:
        self.bundle = read_bundle(path)
        self.runtime = Runtime(path, threads=threads, runtime=runtime)
        if self.runtime.shape != self.bundle.card.spec.shape:
            raise MammoError(
                f"{path}: the model takes {self.runtime.shape}, its card says {self.bundle.card.spec.shape}"
            )

    def predict(self, path: Path) -> Prediction:
        """Of an image file."""
        return self.decide(tensor_of(path, self.bundle.card.spec))

    def decide(self, tensor: Bytes) -> Prediction:
        card = self.bundle.card
        scores = self.runtime.scores(tensor)
        label = card.classes[int(called(scores[np.newaxis], card.threshold.value)[0])]
        return Prediction(label, float(scores[-1]), card.threshold.value)

    def scores(self, tensors: Iterable[Bytes]) -> NDArray[np.float32]:
        """One row of class scores per prepared tensor."""
        return np.stack([self.runtime.scores(tensor) for tensor in tensors])

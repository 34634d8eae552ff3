"""Where a training stands after its last whole epoch, in one file: weights, the optimiser's state, the history.

What is drawn at random in an epoch follows from the seed and the epoch's number, so no generator's state is kept.
"""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tflite_mammo.errors import MammoError
from tflite_mammo.files import whole_file
from tflite_mammo.schema import from_dict, to_json
from tflite_mammo.training.standing import Standing

NAME = "checkpoint.npz"
Weights = list[np.ndarray]
UNREADABLE = (OSError, ValueError, KeyError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Checkpoint:
    standing: Standing
    weights: Weights
    optimizer: Weights
    best: Weights
    """Empty where the weights themselves are the best."""


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    arrays: dict[str, np.ndarray] = {"standing": np.frombuffer(to_json(checkpoint.standing).encode(), np.uint8)}
    for name in ("weights", "optimizer", "best"):
        arrays |= {f"{name}/{i}": array for i, array in enumerate(getattr(checkpoint, name))}
    try:
        with whole_file(folder / NAME) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
    except OSError as error:
        go_on = (folder / NAME).exists()
        whole = "the one before it is kept" if go_on else "none is kept yet"
        why = error.strerror or str(error)
        raise MammoError(
            f"epoch {len(checkpoint.standing.history)} could not be kept ({why}), {whole}; "
            f"free some space and {'go on with --resume' if go_on else 'train again'}"
        ) from error


def read_checkpoint(folder: Path) -> Checkpoint | None:
    path = folder / NAME
    if not path.is_file():
        return None
    standing = read_standing(folder)
    with np.load(path, allow_pickle=False) as kept:
        return Checkpoint(standing, *(_listed(kept, name) for name in ("weights", "optimizer", "best")))


def read_standing(folder: Path) -> Standing:
    """Of a checkpoint that is there; without its weights, which may be large."""
    path = folder / NAME
    try:
        with np.load(path, allow_pickle=False) as kept:
            return from_dict(Standing, json.loads(kept["standing"].tobytes()), str(path))
    except UNREADABLE as error:
        raise MammoError(f"{path}: cannot be read ({error}); remove {folder} and train from the start") from error


def _listed(kept: "np.lib.npyio.NpzFile", name: str) -> Weights:
    count = sum(key.startswith(f"{name}/") for key in kept.files)
    return [kept[f"{name}/{i}"] for i in range(count)]


def expect_shapes(found: Weights, expected: Sequence[Any], folder: Path) -> None:
    if [array.shape for array in found] != [tuple(array.shape) for array in expected]:
        raise MammoError(f"{folder / NAME}: not of this network; remove {folder} and train from the start")

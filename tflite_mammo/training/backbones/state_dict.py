"""torch's tensors (.safetensors, .npz) into a network of Keras: mapped by name, turned to Keras's order of axes."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tflite_mammo.errors import MammoError, first_line, missing_extra
from tflite_mammo.training.backbones.slots import Slot, fill

SUFFIXES = (".safetensors", ".npz")
CLASSIFIERS = ("fc.", "classifier.", "_fc.")
NORM = ("weight", "bias", "running_mean", "running_var")

Spelling = Callable[[str], str]
"""A layer's name to its module's name in a state dict."""


def read_tensors(path: Path) -> dict[str, Any]:
    read = _read_safetensors if path.suffix == ".safetensors" else _read_npz
    try:
        return read(path)
    except MammoError:
        raise
    except Exception as error:  # safetensors, zipfile and numpy each raise their own on a broken file
        raise MammoError(f"{path}: no {path.suffix} file that can be read ({first_line(error)})") from error


def _read_safetensors(path: Path) -> dict[str, Any]:
    try:
        from safetensors.numpy import load_file
    except ImportError:
        raise missing_extra("safetensors", "pretrained") from None
    return dict(load_file(path))


def _read_npz(path: Path) -> dict[str, Any]:
    # Opened here: numpy leaves a broken file open that it opened itself.
    with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def fill_from_torch(base: keras.Model, found: Mapping[str, Any], spellings: Sequence[Spelling], source: str) -> None:
    """Of several spellings the one that names the most of the file's tensors."""
    spelt = [_slots(base, spelling) for spelling in spellings]
    slots = max(spelt, key=lambda slots: sum(slot.tensor in found for slot in slots))
    fill(slots, found, _belongs_to_no_layer, source)


def _belongs_to_no_layer(name: str) -> bool:
    return name.startswith(CLASSIFIERS) or name.endswith("num_batches_tracked")


def _slots(base: keras.Model, spelling: Spelling) -> list[Slot]:
    return [slot for layer in base.layers if layer.weights for slot in _slots_of(layer, spelling(layer.name))]


def _slots_of(layer: keras.layers.Layer, module: str) -> list[Slot]:
    if isinstance(layer, keras.layers.BatchNormalization):
        return [Slot(layer.name, v, f"{module}.{part}") for v, part in zip(layer.weights, NORM, strict=True)]
    # torch: (out, in, height, width), depthwise (channels, 1, height, width). Keras: height and width first.
    axes = (2, 3, 0, 1) if isinstance(layer, keras.layers.DepthwiseConv2D) else (2, 3, 1, 0)
    return [Slot(layer.name, layer.weights[0], f"{module}.weight", axes)]

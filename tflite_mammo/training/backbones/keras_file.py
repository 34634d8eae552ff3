"""What Keras saves (.h5 of Keras 1 and 2, .weights.h5, .keras) into a backbone's variables.

Keras's own load_weights leaves unread whatever a file holds beyond the network; here every tensor finds its layer.
Links to other files are never followed, and no model is built from a file.
"""

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import keras

from tflite_mammo.errors import MammoError, first_line
from tflite_mammo.training.backbones.published import expect_published_normalisation
from tflite_mammo.training.backbones.slots import Slot, fill

SUFFIXES = (".h5", ".hdf5", ".keras")
OUTSIDE = "normalise"
"""The layer before the backbone in this project's networks."""


@dataclass(frozen=True)
class _Contents:
    tensors: dict[str, Any]
    """By their paths in the file."""
    groups: dict[str, Any]


def fill_from_keras(base: keras.Model, path: Path, source: str) -> bool:
    """Returns whether the file is a network of this project, whose weights are for normalised RGB already."""
    with _opened(path) as file:
        contents = _contents(file)
        ordered = next(
            (g for g in (file, contents.groups.get("model_weights")) if g and _names(g, "layer_names")), None
        )
        if ordered is not None:
            _fill_in_order(base, ordered, contents, source)
        else:
            _fill_by_key(base, contents, source, strict=path.suffix != ".keras")
        return any(group.attrs.get("name") == OUTSIDE for group in contents.groups.values())


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import h5py

    try:
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive:
                inner = BytesIO(archive.read("model.weights.h5"))
            with h5py.File(inner, "r") as file:
                yield file
        else:
            with h5py.File(path, "r") as file:
                yield file
    except MammoError:
        raise
    except Exception as error:  # h5py and zipfile raise OSError, KeyError, RuntimeError and their own on a broken file
        raise MammoError(f"{path}: no file of Keras weights that can be read ({first_line(error)})") from error


def _contents(file: Any) -> _Contents:
    contents = _Contents({}, {})
    # visititems follows hard links only, so a file cannot name what lies outside of it.
    file.visititems(
        lambda path, item: (contents.tensors if hasattr(item, "shape") else contents.groups).update({path: item})
    )
    return contents


def _fill_in_order(base: keras.Model, root: Any, contents: _Contents, source: str) -> None:
    """Keras 1 and 2: layers in the network's order, under names that changed between their versions."""
    saved: list[list[str]] = []
    for layer in _names(root, "layer_names"):
        folder = f"{root.name}/{layer}".strip("/")
        paths = [f"{folder}/{name}" for name in _names(contents.groups[folder], "weight_names")]
        if layer.startswith("normalization"):
            expect_published_normalisation(*(contents.tensors[path][()] for path in paths[:2]), source=source)
        elif paths:
            saved.append(paths)
    while saved and contents.tensors[saved[-1][0]].ndim == 2:
        saved.pop()  # a classifier's dense layer
    found = {path: contents.tensors[path] for paths in saved for path in paths}
    slots = []
    weighted = [layer for layer in base.layers if layer.weights]
    for number, layer in enumerate(weighted):
        paths = saved[number] if number < len(saved) else []
        names = [*paths, *("none left" for _ in layer.weights)]
        slots += [Slot(layer.name, v, name) for v, name in zip(layer.weights, names, strict=False)]
    fill(slots, found, lambda name: False, source)


def _names(group: Any, attribute: str) -> list[str]:
    """A list too long for one attribute continues in NAME0, NAME1, ..."""
    chunks = [attribute, *(f"{attribute}{i}" for i in range(len(group.attrs)))]
    return [n.decode() if isinstance(n, bytes) else str(n) for c in chunks if c in group.attrs for n in group.attrs[c]]


def _fill_by_key(base: keras.Model, contents: _Contents, source: str, *, strict: bool) -> None:
    """Keras 3: layers/conv2d_7/vars/0 is the first variable of the eighth Conv2D; the base may be part of a network."""
    keys = _keys(base)
    tails = [f"{key}/vars/{i}" for layer, key in keys for i in range(len(layer.weights))]
    starts = {path.removesuffix(tails[0]) for path in contents.tensors if f"/{path}".endswith(f"/{tails[0]}")}
    start = max(starts, key=lambda start: sum(start + tail in contents.tensors for tail in tails), default="layers/")
    beside = f"{start}normalization/vars"
    if f"{beside}/1" in contents.tensors:
        expect_published_normalisation(*(contents.tensors[f"{beside}/{i}"][()] for i in (0, 1)), source=source)
    slots = [Slot(la.name, v, f"{start}{key}/vars/{i}") for la, key in keys for i, v in enumerate(la.weights)]
    found = {path: tensor for path, tensor in contents.tensors.items() if path.startswith(start)}
    heads = (f"{start}dense", f"{start}normalization/")
    fill(slots, found, lambda name: not strict or name.startswith(heads), source)


def _keys(base: keras.Model) -> list[tuple[keras.layers.Layer, str]]:
    """Each layer's group: its class, numbered among the network's layers of that class."""
    keys, seen = [], Counter[str]()
    for layer in base.layers:
        kind = re.sub("([a-z])([A-Z])", r"\1_\2", type(layer).__name__).lower()
        if layer.weights:
            keys.append((layer, f"{kind}_{seen[kind]}" if seen[kind] else kind))
        seen[kind] += 1
    return keys

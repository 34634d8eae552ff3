"""Tensors of a file into a network's variables, by name: all of them, or a MammoError and the network as it was."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from tflite_mammo.errors import MammoError

SHOWN = 10


@dataclass(frozen=True)
class Slot:
    layer: str
    variable: keras.Variable
    tensor: str
    """Its name in the file."""
    axes: tuple[int, ...] | None = None
    """How the tensor is transposed into Keras's order; None where it is in that order."""

    @property
    def shape(self) -> tuple[int, ...]:
        """That the tensor must have in the file."""
        shape = tuple(self.variable.shape)
        return shape if self.axes is None else tuple(shape[axis] for axis in np.argsort(self.axes))


def fill(slots: Sequence[Slot], found: Mapping[str, Any], may_stay: Callable[[str], bool], source: str) -> None:
    """found: arrays, or datasets of which only those are read that have the right shape."""
    _expect_the_same_names(slots, found, may_stay, source)
    values = [_value(slot, found[slot.tensor], source) for slot in slots]
    for slot, value in zip(slots, values, strict=True):
        slot.variable.assign(value)


def _expect_the_same_names(
    slots: Sequence[Slot], found: Mapping[str, Any], may_stay: Callable[[str], bool], source: str
) -> None:
    wanted = {slot.tensor for slot in slots}
    left = [name for name in found if name not in wanted and not may_stay(name)]
    missing = [f"{slot.layer} ({slot.tensor})" for slot in slots if slot.tensor not in found]
    said = []
    if left:
        said.append(f"{_count(left, 'tensor')} found no layer: {_listed(left)}")
    if missing:
        said.append(f"{_count(missing, 'variable')} found no tensor: {_listed(missing)}")
    if said:
        raise MammoError(f"{source}; " + "; ".join(said))


def _value(slot: Slot, tensor: Any, source: str) -> np.ndarray[Any, Any]:
    if tuple(tensor.shape) != slot.shape:
        sizes = f"{_size(tensor.shape)}, expected {_size(slot.shape)}"
        raise MammoError(f"{source}; tensor {slot.tensor} is {sizes} for layer {slot.layer}")
    array = np.asarray(tensor)
    if array.dtype.kind not in "fiu":
        raise MammoError(f"{source}; tensor {slot.tensor} holds {array.dtype}, expected float32 or float16")
    turned = array if slot.axes is None else array.transpose(slot.axes)
    return turned.astype(slot.variable.dtype)


def _count(names: list[str], what: str) -> str:
    return f"{len(names)} {what}{'s' if len(names) > 1 else ''}"


def _listed(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _size(shape: Sequence[int]) -> str:
    return "x".join(str(side) for side in shape) or "a single number"

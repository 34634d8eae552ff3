"""A torch state dict in the format of before torch 1.6, read without torch and without running what a pickle may hold.

The file is a row of pickles (magic number, version, system, the dict, the storages' keys), then each storage as its
length and its raw bytes. Only the names that a state dict needs may be called while unpickling.
"""

import pickle
import struct
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.errors import MammoError

MAGIC = 0x1950A86A20F9469CFC6C
DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8"), "HalfStorage": np.dtype("<f2")}


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild_tensor(storage: _Storage, offset: int, shape: Any, strides: Any, *_: Any) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


class _Restricted(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a file of weights")

    def persistent_load(self, pid: Any) -> _Storage:
        return _Storage(key=str(pid[2]), dtype=pid[1])


def read_state_dict(path: str | Path) -> dict[str, NDArray[Any]]:
    try:
        with Path(path).open("rb") as file:
            if _load(file) != MAGIC:
                raise ValueError("no torch magic number")
            _load(file), _load(file)  # protocol version, and the writer's byte order
            tensors = _load(file)
            storages = {str(key): b"" for key in _load(file)}
            sizes = {t.storage.key: t.storage.dtype.itemsize for t in tensors.values()}
            for key in storages:
                (count,) = struct.unpack("<q", file.read(8))
                storages[key] = file.read(count * sizes[key])
        return {name: _array(tensor, storages[tensor.storage.key]) for name, tensor in tensors.items()}
    except (OSError, ValueError, KeyError, AttributeError, struct.error, pickle.UnpicklingError, EOFError) as error:
        raise MammoError(f"{path}: not a torch state dict that can be read safely ({error})") from error


def _load(file: BinaryIO) -> Any:
    return _Restricted(file).load()


def _array(tensor: _Tensor, raw: bytes) -> NDArray[Any]:
    flat = np.frombuffer(raw, tensor.storage.dtype)[tensor.offset :]
    strides = tuple(stride * flat.itemsize for stride in tensor.strides)
    needed = 1 + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.strides, strict=True)) if tensor.shape else 1
    if needed > flat.size:
        raise ValueError("a tensor reaches beyond its storage")
    return np.lib.stride_tricks.as_strided(flat, tensor.shape, strides, writeable=False).copy()

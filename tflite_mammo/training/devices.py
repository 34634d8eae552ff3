"""Several accelerators as one: Keras's data-parallel distribution, which its JAX backend has."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras

from tflite_mammo.errors import MammoError
from tflite_mammo.preprocess import Bytes


def every_device(batch_size: int) -> AbstractContextManager[Any]:
    """Networks that are built within train on every device: a batch is cut into equal parts, one for each."""
    devices = keras.distribution.list_devices()
    if keras.backend.backend() != "jax" or len(devices) < 2:
        return nullcontext()
    if batch_size % len(devices):
        raise MammoError(
            f"batches of {batch_size} on {len(devices)} devices; set a batch_size that {len(devices)} divides, or show "
            "fewer devices (CUDA_VISIBLE_DEVICES)"
        )
    scope: AbstractContextManager[Any] = keras.distribution.DataParallel(devices=devices).scope()
    return scope


def in_equal_parts(pixels: Bytes) -> Any:
    """A block of images, cut for the devices. `fit` does so itself; `predict_on_batch` would give each the whole."""
    distribution = keras.distribution.distribution()
    if distribution is None:
        return pixels
    return keras.distribution.distribute_tensor(pixels, distribution.get_data_layout(pixels.shape))

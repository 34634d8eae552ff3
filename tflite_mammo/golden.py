"""Golden samples: drawn tensors with the scores that the converting machine got for them, carried by the file.

In: a bundle and a runtime. Out: how far that runtime's answers lie from the recorded ones, so that a device can check
itself. Nobody's image is among them: the file travels.
"""

import io
import zipfile
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.bundle import GOLDEN, MEMBER_LIMIT, ModelBundle
from tflite_mammo.errors import MammoError
from tflite_mammo.preprocess import Bytes
from tflite_mammo.runtime import Runtime, available

Kind = TypeVar("Kind", bound=np.generic)


@dataclass(frozen=True)
class Golden:
    pixels: Bytes
    """(samples, height, width, channels)"""
    scores: NDArray[np.float32]
    """(samples, classes)"""
    tolerance: float
    """How far an honest runtime may be off: kernels round differently, and integers by whole steps."""


@dataclass(frozen=True)
class GoldenCheck:
    """What this machine makes of a bundle's golden samples."""

    samples: int
    lowest: float
    """Of the recorded scores of the finding."""
    highest: float
    tolerance: float
    runtime: str = ""
    """And its version; empty where none can be imported."""
    difference: float | None = None
    fault: str = ""
    """Why there is no difference to be told."""

    @property
    def differs(self) -> bool:
        return self.difference is not None and self.difference > self.tolerance

    @property
    def tells(self) -> bool:
        """Whether a machine that answers the same to whatever it sees would be found out."""
        return self.highest - self.lowest > 2 * self.tolerance


def pack(golden: Golden) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(
        file, pixels=golden.pixels, scores=golden.scores, tolerance=np.array([golden.tolerance], np.float32)
    )
    return file.getvalue()


def golden_of(bundle: ModelBundle) -> Golden:
    if not bundle.golden:
        raise MammoError(f"{bundle.path} carries no golden samples; convert the model again")
    try:
        with zipfile.ZipFile(io.BytesIO(bundle.golden)) as archive:
            pixels = _array(archive, "pixels", np.uint8, bundle.card.spec.shape)
            scores = _array(archive, "scores", np.float32, (len(bundle.card.classes),))
            (tolerance,) = _array(archive, "tolerance", np.float32, ())
        if not 0 < len(pixels) == len(scores):
            raise ValueError(f"{len(pixels)} tensors, {len(scores)} rows of scores")
        if not 0 <= tolerance <= 1:
            raise ValueError(f"a tolerance of {tolerance}")
    except Exception as error:  # zipfile, zlib and numpy raise a dozen kinds on what is not theirs
        raise MammoError(f"{bundle.path}: {GOLDEN} cannot be read ({error}); convert the model again") from error
    return Golden(pixels, scores, float(tolerance))


def golden_difference(bundle: ModelBundle, runtime: Runtime) -> float:
    """The largest of any score; beyond `Golden.tolerance` this machine decides otherwise. No score is above 1."""
    golden = golden_of(bundle)
    answers = np.stack([runtime.scores(tensor) for tensor in golden.pixels])
    return float(np.nan_to_num(np.abs(answers - golden.scores), nan=1.0, posinf=1.0).max())


def check_golden(bundle: ModelBundle) -> GoldenCheck | None:
    """None where it carries none. Asks the preferred runtime, where one can be imported here."""
    if not bundle.golden:
        return None
    golden = golden_of(bundle)
    findings = golden.scores[:, -1]
    check = GoldenCheck(len(findings), float(findings.min()), float(findings.max()), golden.tolerance)
    if not available():
        return check
    try:
        runtime = Runtime(bundle.path)
        difference = golden_difference(bundle, runtime)
    except MammoError as error:
        return replace(check, fault=str(error))
    return replace(check, runtime=f"{runtime.name} {runtime.version}", difference=difference)


def _array(archive: zipfile.ZipFile, name: str, kind: type[Kind], row: tuple[int, ...]) -> NDArray[Kind]:
    """Its header is read before its content: what it claims to be must not be believed into memory."""
    entry = archive.getinfo(f"{name}.npy")
    if entry.file_size > MEMBER_LIMIT:
        raise ValueError(f"{name} unpacks to {entry.file_size} bytes")
    file = io.BytesIO(archive.read(entry))
    np.lib.format.read_magic(file)
    shape, by_columns, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype != kind or by_columns or tuple(shape[1:]) != row:
        raise ValueError(f"{name} of {dtype} and shape {shape}; expected {np.dtype(kind)} and (samples, *{row})")
    return np.frombuffer(file.read(), kind).reshape(shape)

"""LiteRT or tflite-runtime behind one small face. In: a .tflite file. Out: uint8 pixels to scores, and to a map."""

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.errors import MammoError, first_line, missing_extra
from tflite_mammo.preprocess import Bytes
from tflite_mammo.quiet import quiet

RUNTIMES = {
    "litert": ("ai_edge_litert.interpreter", "ai-edge-litert", "edge"),
    "tflite-runtime": ("tflite_runtime.interpreter", "tflite-runtime", "edge-legacy"),
}
"""Module, package and extra of each runtime, the preferred one first: LiteRT's int8 is several times faster."""


PIXELS, SCORES, MAP = "pixels", "scores", "map"
"""What the ends of a model file are called; MAP is only there where `convert --cam` made one."""

Floats = NDArray[np.float32]


class Runtime:
    """One model, loaded and ready. Not for use by several threads at once."""

    def __init__(self, path: Path, *, threads: int = 1, runtime: str = "auto") -> None:
        self.path = path
        self.name, interpreter = _interpreter(runtime)
        try:
            with quiet():  # the runtimes announce their delegate on stderr
                self._interpreter = interpreter(model_path=str(path), num_threads=threads)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise MammoError(f"{path}: {self.name} cannot load this model: {first_line(error)}") from error
        inputs = self._interpreter.get_input_details()
        self._outputs = {output["name"]: output for output in self._interpreter.get_output_details()}
        if len(inputs) != 1 or inputs[0]["dtype"] != np.uint8 or SCORES not in self._outputs:
            raise MammoError(f"{path}: expected one uint8 input and scores, as `tflite-mammo convert` writes")
        self.shape: tuple[int, ...] = tuple(int(n) for n in inputs[0]["shape"][1:])
        self._input = int(inputs[0]["index"])

    @property
    def version(self) -> str:
        return version(RUNTIMES[self.name][1])

    @property
    def has_map(self) -> bool:
        return MAP in self._outputs

    @property
    def step(self) -> float:
        """Between two neighbouring scores: 1/256 where they leave as integers; 0 where they are floats."""
        return float(self._outputs[SCORES]["quantization"][0])

    def set_pixels(self, tensor: Bytes) -> None:
        self._interpreter.set_tensor(self._input, tensor[np.newaxis])

    def invoke(self) -> None:
        self._interpreter.invoke()

    def scores(self, tensor: Bytes) -> Floats:
        self.set_pixels(tensor)
        self.invoke()
        return self._read(SCORES)

    def scores_and_map(self, tensor: Bytes) -> tuple[Floats, Floats]:
        """Of one pass. The map is as high and wide as the network's last features; above 0 speaks for the finding."""
        if not self.has_map:
            raise MammoError(f"{self.path}: this model answers no map; convert its run again with --cam")
        return self.scores(tensor), self._read(MAP)

    def _read(self, name: str) -> Floats:
        output = self._outputs[name]
        values: Floats = self._interpreter.get_tensor(output["index"])[0]
        if output["dtype"] != np.float32:
            scale, zero = output["quantization"]
            values = (values.astype(np.float32) - zero) * np.float32(scale)
        return values


def available() -> list[str]:
    """The runtimes that can be imported here."""
    return [name for name in RUNTIMES if _import(name) is not None]


def _interpreter(wanted: str) -> tuple[str, Callable[..., Any]]:
    if wanted != "auto" and wanted not in RUNTIMES:
        raise MammoError(f"no runtime is called '{wanted}'; there are: auto, {', '.join(RUNTIMES)}")
    for name in RUNTIMES if wanted == "auto" else [wanted]:
        found = _import(name)
        if found is not None:
            return name, found
    _, package, extra = RUNTIMES["litert" if wanted == "auto" else wanted]
    raise missing_extra(package, extra)


def _import(name: str) -> Callable[..., Any] | None:
    try:
        found: Callable[..., Any] = import_module(RUNTIMES[name][0]).Interpreter
    except ImportError:
        return None
    return found

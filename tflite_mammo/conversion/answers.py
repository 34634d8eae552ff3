"""A .tflite file and prepared tensors to its answers: the log-odds of the finding, in which errors add up."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.preprocess import Bytes

LEAST = 1e-7
"""A score nearer to 0 or 1 than a float32 can tell from it."""
THREADS = 2


def opened(flatbuffer: bytes, *, keep_all: bool = False) -> Any:
    """An interpreter that is ready; keep_all: every tensor can be read after an invoke."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=flatbuffer, num_threads=THREADS, experimental_preserve_all_tensors=keep_all)
    interpreter.allocate_tensors()
    return interpreter


def answers(flatbuffer: bytes, images: Iterable[Bytes]) -> NDArray[np.float64]:
    interpreter = opened(flatbuffer)
    (pixels,) = interpreter.get_input_details()
    scores = next(output for output in interpreter.get_output_details() if len(output["shape"]) == 2)
    found = []
    for image in images:
        interpreter.set_tensor(pixels["index"], image[np.newaxis])
        interpreter.invoke()
        found.append(interpreter.get_tensor(scores["index"])[0, -1])
    return log_odds(np.array(found, np.float64))


def log_odds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    kept = np.clip(scores, LEAST, 1 - LEAST)
    odds: NDArray[np.float64] = np.log(kept / (1 - kept))
    return odds

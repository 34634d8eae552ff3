"""What this machine makes of networks of one operator. In: a folder of them and inputs.npy. Out: an .npz of answers.

python benchmarks/one_side_of_operators.py FOLDER OUT.npz

operators.py runs it here and inside an arm64 Debian; numpy and LiteRT are all it needs.
"""

import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from both_sides import expect_xnnpack, leave


def main(folder: Path, out: Path) -> None:
    inputs, found = np.load(folder / "inputs.npy"), {}
    for model in sorted(folder.glob("*.tflite")):
        interpreter = Interpreter(model_path=str(model), num_threads=1)
        interpreter.allocate_tensors()
        expect_xnnpack(interpreter, model)
        found[model.stem] = np.stack([_answer(interpreter, one) for one in inputs])
    leave(found, out, version("ai-edge-litert"))


def _answer(interpreter: Interpreter, values: np.ndarray) -> np.ndarray:
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

"""What this machine makes of networks of one operator. In: a folder of them and inputs.npy. Out: an .npz of answers.

python benchmarks/one_side_of_operators.py FOLDER OUT.npz

operators.py runs it here and inside an arm64 Debian; numpy and LiteRT are all it needs.
"""

import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def main(folder: Path, out: Path) -> None:
    inputs, found = np.load(folder / "inputs.npy"), {}
    for model in sorted(folder.glob("*.tflite")):
        interpreter = Interpreter(model_path=str(model), num_threads=1)
        interpreter.allocate_tensors()
        # Without XNNPACK LiteRT computes with slower kernels, whose roundings are not those of a board.
        if "DELEGATE" not in {op["op_name"] for op in interpreter._get_ops_details()}:
            sys.exit(f"{model.name}: LiteRT runs without XNNPACK here")
        found[model.stem] = np.stack([_answer(interpreter, one) for one in inputs])
    np.savez(out, **found)
    print(json.dumps({"machine": platform.machine(), "litert": version("ai-edge-litert"), "numpy": np.__version__}))


def _answer(interpreter: Interpreter, values: np.ndarray) -> np.ndarray:
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

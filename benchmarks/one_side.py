"""What this machine makes of the same files. In: a folder of models and images/. Out: an .npz of tensors and scores.

python benchmarks/one_side.py FOLDER OUT.npz

arm64.py runs it here and inside an arm64 Debian; the core, its packages and LiteRT are all it needs.
"""

import json
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np

from tflite_mammo.imaging import image_files
from tflite_mammo.predict import Classifier
from tflite_mammo.preprocess import tensor_of


def main(folder: Path, out: Path) -> None:
    found: dict[str, Any] = {}
    for model in sorted(folder.glob("*.tflite")):
        classifier = Classifier(model)
        spec = classifier.bundle.card.spec
        tensors = f"tensors {spec.fingerprint}"
        if tensors not in found:
            found[tensors] = np.stack([tensor_of(path, spec) for path in image_files(folder / "images")])
        found[f"scores {model.name}"] = classifier.scores(found[tensors])
        # Without it LiteRT computes with slower kernels, whose roundings are not those of a board.
        operators = {op["op_name"] for op in classifier.runtime._interpreter._get_ops_details()}
        if "DELEGATE" not in operators:
            sys.exit(f"{model.name}: LiteRT runs without XNNPACK here")
    np.savez(out, **found)
    versions = {"machine": platform.machine(), "litert": classifier.runtime.version, "numpy": np.__version__}
    print(json.dumps(versions))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

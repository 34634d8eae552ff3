"""What this machine makes of the same files. In: a folder of models and images/. Out: an .npz of tensors and scores.

python benchmarks/one_side.py FOLDER OUT.npz

arm64.py runs it here and inside an arm64 Debian; the core, its packages and LiteRT are all it needs.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from both_sides import expect_xnnpack, leave

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
        expect_xnnpack(classifier.runtime._interpreter, model)
    leave(found, out, classifier.runtime.version)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

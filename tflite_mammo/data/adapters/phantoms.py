"""What `tflite-mammo phantoms` wrote: images/, manifest.csv and phantoms.json, which says that it is synthetic.

Licence: Apache-2.0, as of this program; no person was imaged.
"""

from pathlib import Path

from tflite_mammo.data.adapters import AdapterOptions
from tflite_mammo.data.adapters.inventory import expect_file
from tflite_mammo.data.adapters.table import read_examples
from tflite_mammo.data.gather import gather
from tflite_mammo.data.manifest import Manifest
from tflite_mammo.data.phantoms import PhantomSet
from tflite_mammo.schema import read_json

LAYOUT = "what `tflite-mammo phantoms` wrote"


def read(root: Path, options: AdapterOptions) -> Manifest:
    drawn = read_json(PhantomSet, expect_file(root, "phantoms.json"))
    return gather(
        root,
        read_examples(expect_file(root, "manifest.csv")),
        classes=("normal", "benign", "malignant"),
        source=f"synthetic phantoms, seed {drawn.seed}, {drawn.patients} patients",
        licence="Apache-2.0 (drawn by tflite-mammo; no person was imaged)",
        synthetic=True,
    )

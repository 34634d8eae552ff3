"""What `tflite-mammo phantoms` wrote: images/, manifest.csv and phantoms.json, which says that it is synthetic."""

from pathlib import Path

from tflite_mammo.data.adapters import AdapterOptions
from tflite_mammo.data.adapters.table import read_examples
from tflite_mammo.data.manifest import Manifest, order_classes
from tflite_mammo.data.phantoms import PhantomSet
from tflite_mammo.errors import MammoError
from tflite_mammo.schema import read_json


def read(root: Path, options: AdapterOptions) -> Manifest:
    for name in ("phantoms.json", "manifest.csv"):
        if not (root / name).is_file():
            raise MammoError(f"{root}: {name} is missing; expected a folder that `tflite-mammo phantoms` wrote")
    drawn = read_json(PhantomSet, root / "phantoms.json")
    examples = read_examples(root / "manifest.csv")
    return Manifest(
        root,
        order_classes({example.label for example in examples}),
        examples,
        source=f"synthetic phantoms, seed {drawn.seed}, {drawn.patients} patients",
        licence="Apache-2.0 (drawn by tflite-mammo; no person was imaged)",
        synthetic=True,
    )

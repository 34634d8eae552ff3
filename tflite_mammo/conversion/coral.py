"""A bundle to what Coral's compiler makes of it: an Outlook and, where it is installed, a bundle for the TPU."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tflite_mammo.boards.outlook import Outlook, look_at
from tflite_mammo.bundle import ModelBundle, write_bundle
from tflite_mammo.conversion.place import compiled_of


def compiled_for_coral(bundle: ModelBundle) -> tuple[Outlook, ModelBundle | None]:
    """With the card and the golden samples of the file that it was compiled from: it is to decide as that one does."""
    with TemporaryDirectory() as scratch:
        out = Path(scratch) / "compiled.tflite"
        outlook = look_at(bundle.path, "coral", out)
        if not out.exists():
            return outlook, None
        return outlook, write_bundle(out.read_bytes(), bundle.card, compiled_of(bundle.path), bundle.golden)

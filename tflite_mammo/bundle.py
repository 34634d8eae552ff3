"""One file is the model: a .tflite with labels.txt and card.json in the zip archive that the format allows at its end.

`unzip -l model.tflite` shows them; any TF Lite runtime loads the file as it is and ignores the archive.
"""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tflite_mammo.errors import MammoError
from tflite_mammo.files import whole_file
from tflite_mammo.preprocess import PreprocessSpec
from tflite_mammo.schema import from_dict, to_json
from tflite_mammo.scores import AS_TRAINED, Scaling, Threshold

IDENTIFIER = b"TFL3"
"""Bytes 4 to 8 of every TF Lite flatbuffer."""
INTENDED_USE = (
    "Research on classifiers for breast images. No medical device: not for diagnosis, screening or any decision on a "
    "person's care."
)
FIXED_DATE = (1980, 1, 1, 0, 0, 0)
"""The same model gives the same file, byte for byte."""


@dataclass(frozen=True)
class ModelCard:
    name: str
    quantisation: str
    classes: tuple[str, ...]
    """The last one is the finding; the score that counts is its."""
    spec: PreprocessSpec
    spec_fingerprint: str
    threshold: Threshold
    data: str
    """Fingerprint of the training data."""
    fold: int
    """Which of the data's folds it was trained on; 0 where there is one split."""
    source: str
    synthetic: bool
    """True when it was trained on drawn phantoms; its figures then say nothing about people."""
    model_sha256: str
    """Of the flatbuffer alone, without the archive that holds this card."""
    scaling: Scaling = AS_TRAINED
    """What makes its scores mean a chance; it lies in the weights already."""
    mammograms: bool = True
    """False where the training data is of another kind, such as ultrasound."""
    intended_use: str = INTENDED_USE
    licence_of_data: str = "not stated"
    calibration_images: int = 0
    calibration: tuple[str, ...] = ()
    """Digests of the tensors that the integer ranges were taken from, for an audit to look for among test images."""
    audit: dict[str, Any] = field(default_factory=dict)
    """What the audit of the training data found, and whether somebody trained on a leak all the same."""
    recipe: dict[str, Any] = field(default_factory=dict)
    evaluation: dict[str, Any] = field(default_factory=dict)
    """Of the trained network on its test part."""
    drift: dict[str, Any] = field(default_factory=dict)
    """How this file decides against the trained network, on the same test part."""
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelBundle:
    path: Path
    card: ModelCard
    sha256: str
    """Of the whole file."""


def write_bundle(flatbuffer: bytes, card: ModelCard, path: Path) -> ModelBundle:
    with whole_file(path) as temporary:
        temporary.write_bytes(flatbuffer)
        with zipfile.ZipFile(temporary, "a", zipfile.ZIP_DEFLATED) as archive:
            for name, text in (("labels.txt", "\n".join(card.classes) + "\n"), ("card.json", to_json(card))):
                archive.writestr(zipfile.ZipInfo(name, FIXED_DATE), text, zipfile.ZIP_DEFLATED)
    return read_bundle(path)


def read_bundle(path: Path) -> ModelBundle:
    """Open and verify: the card must be there and the weights must be the ones that it was written for."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise MammoError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise MammoError(f"{path} is a folder; expected a .tflite file") from None
    if content[4:8] != IDENTIFIER:
        raise MammoError(f"{path}: not a TF Lite model; expected a .tflite file that `tflite-mammo convert` wrote")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            card = from_dict(ModelCard, json.loads(archive.read("card.json")), f"{path}: card.json")
            labels = archive.read("labels.txt").decode().splitlines()
            end = min(entry.header_offset for entry in archive.infolist())
    except MammoError:
        raise
    except Exception as error:  # zipfile, zlib and json raise a dozen kinds on a damaged archive
        raise MammoError(
            f"{path}: a TF Lite model without a whole card ({error}); it is cut short, or was not written by "
            "`tflite-mammo convert`"
        ) from error
    if hashlib.sha256(content[:end]).hexdigest() != card.model_sha256:
        raise MammoError(f"{path}: its weights are not those its card was written for; copy or convert the model again")
    if tuple(labels) != card.classes or card.spec.fingerprint != card.spec_fingerprint:
        raise MammoError(f"{path}: its card contradicts itself (labels or preprocessing); convert the model again")
    return ModelBundle(path, card, hashlib.sha256(content).hexdigest())

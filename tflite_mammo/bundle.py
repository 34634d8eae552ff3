"""One file is the model: a .tflite with labels.txt, card.json and golden.npz in the zip archive that the format allows
at its end.

`unzip -l model.tflite` shows them; any TF Lite runtime loads the file as it is and ignores the archive.
The card holds the sha256 of the weights and of every other member, the archive's comment that of the card. That finds
accidents and edits by hand; it is no signature, since whoever wants to deceive can write all of them anew.
"""

import hashlib
import io
import json
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from tflite_mammo.errors import MammoError, first_line
from tflite_mammo.files import whole_file
from tflite_mammo.preprocess import PreprocessSpec
from tflite_mammo.schema import from_dict, to_dict
from tflite_mammo.scores import AS_TRAINED, Scaling, Threshold

IDENTIFIER = b"TFL3"
"""Bytes 4 to 8 of every TF Lite flatbuffer."""
INTENDED_USE = (
    "Research on classifiers for breast images. No medical device: not for diagnosis, screening or any decision on a "
    "person's care."
)
FIXED_DATE = (1980, 1, 1, 0, 0, 0)
"""The same model gives the same file, byte for byte."""
CARD, LABELS, GOLDEN = "card.json", "labels.txt", "golden.npz"
FILE_LIMIT = 2**31
"""A flatbuffer's offsets reach no further."""
MEMBER_LIMIT = 2**24
MESSAGE = 80
"""Letters; zipfile quotes what it reads, which may be kilobytes of weights."""


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
    model_sha256: str = ""
    """Of the flatbuffer alone, without the archive that holds this card; written by `write_bundle`, as `members` is."""
    members: dict[str, str] = field(default_factory=dict)
    """The sha256 of every other file in the archive."""
    scaling: Scaling = AS_TRAINED
    """What makes its scores mean a chance; it lies in the weights already."""
    mammograms: bool = True
    """False where the training data is of another kind, such as ultrasound."""
    intended_use: str = INTENDED_USE
    licence_of_data: str = "not stated"
    calibration_images: int = 0
    calibration: tuple[str, ...] = ()
    """Digests of the tensors that the integer ranges were taken from, for an audit to look for among test images."""
    has_map: bool = False
    """Whether the file answers, beside its scores, what each part of the image says for the finding."""
    audit: dict[str, Any] = field(default_factory=dict)
    """What the audit of the training data found, and whether somebody trained on a leak all the same."""
    recipe: dict[str, Any] = field(default_factory=dict)
    evaluation: dict[str, Any] = field(default_factory=dict)
    """Of the trained network on its test part."""
    drift: dict[str, Any] = field(default_factory=dict)
    """How this file decides against the trained network, on the same test part."""
    ladder: dict[str, Any] = field(default_factory=dict)
    """What a search for more precision tried and chose; empty where none was asked for."""
    versions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.classes) < 2:
            raise ValueError(f"{len(self.classes)} classes; expected two or more")


@dataclass(frozen=True)
class ModelBundle:
    path: Path
    card: ModelCard
    sha256: str
    """Of the whole file."""
    flatbuffer_size: int
    """In bytes; the archive follows."""
    sizes: dict[str, int]
    """In bytes, of every file in the archive."""
    golden: bytes = field(repr=False)
    """As golden.py packs them; empty where there are none."""


def write_bundle(flatbuffer: bytes, card: ModelCard, path: Path, golden: bytes = b"") -> ModelBundle:
    members = {LABELS: "".join(f"{name}\n" for name in card.classes).encode(), **({GOLDEN: golden} if golden else {})}
    digests = {name: _sha256(content) for name, content in members.items()}
    card = replace(card, model_sha256=_sha256(flatbuffer), members=digests)
    # Without spaces: it travels with every file, and `inspect` prints it for people.
    text = json.dumps(to_dict(card), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    with whole_file(path) as temporary:
        temporary.write_bytes(flatbuffer)
        # Stored as they are: MediaPipe reads no compressed ones.
        with zipfile.ZipFile(temporary, "a", zipfile.ZIP_STORED) as archive:
            for name, content in {**members, CARD: text}.items():
                archive.writestr(zipfile.ZipInfo(name, FIXED_DATE), content)
            archive.comment = _comment(text)
        bundle = read_bundle(temporary)  # what cannot be read back is not left behind
    return replace(bundle, path=path)


def read_bundle(path: Path) -> ModelBundle:
    """Open and verify: the card must be there, and everything else in the file what it was written for."""
    content = read_model(path)
    try:
        end, members, comment = _archive(content)
        read = json.loads(members[CARD], parse_constant=_no_number)
    except Exception as error:  # zipfile and json raise a dozen kinds on a damaged archive
        raise MammoError(
            f"{path}: a TF Lite model without a whole card ({first_line(error)[:MESSAGE]}); "
            "it is cut short, or was not written by `tflite-mammo convert`"
        ) from error
    if comment != _comment(members[CARD]) or not content.endswith(comment):
        raise MammoError(f"{path}: {CARD} was edited, or the file's end; copy or convert the model again")
    card = from_dict(ModelCard, read, f"{path}: {CARD}")
    if _sha256(content[:end]) != card.model_sha256:
        raise MammoError(f"{path}: its weights are not those its card was written for; copy or convert the model again")
    _expect_the_cards_own(members, card, path)
    golden = members.get(GOLDEN, b"")
    sizes = {name: len(member) for name, member in members.items()}
    return ModelBundle(path, card, _sha256(content), end, sizes, golden)


def read_model(path: Path) -> bytes:
    """The whole file, which is a TF Lite model by its first bytes; whether it carries a card is not asked."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise MammoError(f"{path} is {kind}; expected a .tflite file")
        with path.open("rb") as file:
            start = file.read(8)
            if start[4:] != IDENTIFIER:
                raise MammoError(f"{path}: not a TF Lite model; expected a .tflite file of `tflite-mammo convert`")
            if status.st_size > FILE_LIMIT:
                raise MammoError(f"{path}: {status.st_size / 1e9:.1f} GB; a TF Lite model has 2 GB at most")
            return start + file.read()
    except FileNotFoundError:
        raise MammoError(f"{path}: no such file") from None
    except OSError as error:
        raise MammoError(f"{path}: cannot be read ({error.strerror})") from error


def carries_card(path: Path) -> bool:
    """Whether it was written with a card, whole or not: where the archive is cut off, the metadata still names it."""
    return CARD.encode() in read_model(path)


def _archive(content: bytes) -> tuple[int, dict[str, bytes], bytes]:
    """Where the flatbuffer ends, the members, and the comment. Nothing is unpacked that could grow."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        if CARD not in names:
            raise ValueError(f"no {CARD}")
        if len(names) != len(set(names)) or not set(names) <= {CARD, LABELS, GOLDEN}:
            raise ValueError(f"its archive holds other files than {LABELS}, {GOLDEN} and {CARD}, or one twice")
        for entry in entries:
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > MEMBER_LIMIT:
                raise ValueError(f"{entry.filename} is compressed or larger than {MEMBER_LIMIT >> 20} MB")
        members = {entry.filename: archive.read(entry) for entry in entries}
        return min(entry.header_offset for entry in entries), members, archive.comment


def _expect_the_cards_own(members: Mapping[str, bytes], card: ModelCard, path: Path) -> None:
    for name in sorted({*members, *card.members} - {CARD}):
        if name not in members or _sha256(members[name]) != card.members.get(name):
            raise MammoError(f"{path}: {name} is not the one its card was written for; copy or convert the model again")
    labels = members.get(LABELS, b"").decode(errors="replace").removesuffix("\n").split("\n")
    if tuple(labels) != card.classes or card.spec.fingerprint != card.spec_fingerprint:
        raise MammoError(f"{path}: its card contradicts itself (labels or preprocessing); convert the model again")


def _comment(card: bytes) -> bytes:
    return f"{CARD} sha256 {_sha256(card)}".encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")

"""Collections as their owners lay them out, each read into a Manifest by a module of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tflite_mammo.data.manifest import Manifest
from tflite_mammo.errors import MammoError


@dataclass(frozen=True)
class AdapterOptions:
    patient: str = ""
    """A regular expression on a file's path whose first group is the patient, or 'file': each file is a patient."""


@dataclass(frozen=True)
class Adapter:
    layout: str
    read: Callable[[Path, AdapterOptions], Manifest]


def adapters() -> dict[str, Adapter]:
    from tflite_mammo.data.adapters import folder, phantoms, table

    return {
        "folder": Adapter("a folder per class, or train/valid/test above them", folder.read),
        "csv": Adapter("one .csv beside the images: path, label, patient and more", table.read),
        "phantoms": Adapter("what `tflite-mammo phantoms` wrote", phantoms.read),
    }


def read_collection(root: Path, name: str, options: AdapterOptions) -> Manifest:
    known = adapters()
    if name not in known:
        there = ", ".join(f"{known_name} ({adapter.layout})" for known_name, adapter in known.items())
        raise MammoError(f"no adapter is called '{name}'; there are: {there}")
    if not root.is_dir():
        raise MammoError(f"{root}: no such folder")
    if options.patient and name != "folder":
        raise MammoError(f"--patient is for class folders; the adapter {name} knows the patients")
    return known[name].read(root, options)

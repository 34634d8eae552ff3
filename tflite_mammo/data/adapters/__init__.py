"""Collections as their owners lay them out, each read into a Manifest by a module of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tflite_mammo.data.manifest import Manifest
from tflite_mammo.errors import MammoError

MODULES = {
    "folder": "folder",
    "csv": "table",
    "phantoms": "phantoms",
    "mini-mias": "mini_mias",
    "cmmd": "cmmd",
    "cbis-ddsm": "cbis_ddsm",
    "inbreast": "inbreast",
    "bcdr": "bcdr",
    "vindr-mammo": "vindr_mammo",
    "rsna": "rsna",
    "busi": "busi",
    "breakhis": "breakhis",
}
"""The name of each adapter and its module: LAYOUT says in one line what it expects, read() gives the Manifest."""


OTHER_IMAGES = ("busi", "breakhis")
"""Collections of ultrasound and of histology, whose figures are not those of mammograms."""


def shows_mammograms(adapter: str) -> bool:
    """Class folders and tables do not say; they are taken to."""
    return adapter not in OTHER_IMAGES


@dataclass(frozen=True)
class AdapterOptions:
    patient: str = ""
    """A regular expression on a file's path whose first group is the patient, or 'file': each file is a patient."""


@dataclass(frozen=True)
class Adapter:
    layout: str
    read: Callable[[Path, AdapterOptions], Manifest]
    """Gives every lesion that is outlined as an example of its own (Example.lesion)."""


def adapters() -> dict[str, Adapter]:
    modules = {name: import_module(f"{__name__}.{module}") for name, module in MODULES.items()}
    return {name: Adapter(module.LAYOUT, module.read) for name, module in modules.items()}


def read_collection(root: Path, name: str, options: AdapterOptions, *, lesions: bool = False) -> Manifest:
    """A collection by its adapter's name: an example per image, or with `lesions` one per outlined lesion."""
    known = adapters()
    if name not in known:
        raise MammoError(f"no adapter is called '{name}'; there are: {', '.join(known)}")
    if not root.is_dir():
        raise MammoError(f"{root}: no such folder")
    if options.patient and name != "folder":
        raise MammoError(f"--patient is for class folders; the adapter {name} knows the patients")
    manifest = known[name].read(root, options)
    return manifest.outlined() if lesions else manifest.by_image()

"""Recipes, studies and presets by name: the TOML files of train/ and convert/, in a wheel and in a checkout alike."""

from pathlib import Path
from typing import Literal

from tflite_mammo.errors import MammoError

Kind = Literal["recipes", "studies", "presets"]

_PACKAGE = Path(__file__).parent
_CHECKOUT = {"recipes": "train/recipes", "studies": "train/studies", "presets": "convert/presets"}
_ONE = {"recipes": "recipe", "studies": "study", "presets": "preset"}


def folder_of(kind: Kind) -> Path:
    """Beside the package in a checkout, inside it in a wheel. The checkout wins, so that an edit counts at once."""
    checkout = _PACKAGE.parent / _CHECKOUT[kind]
    return checkout if checkout.is_dir() else _PACKAGE / "shipped" / kind


def names_of(kind: Kind) -> list[str]:
    return sorted(path.stem for path in folder_of(kind).glob("*.toml"))


def find(kind: Kind, name: str) -> Path:
    """A path that exists is taken as it is; anything else is a name."""
    if name.endswith(".toml") or "/" in name:
        path = Path(name)
        if not path.is_file():
            raise MammoError(f"{path}: no such file")
        return path
    path = folder_of(kind) / f"{name}.toml"
    if not path.is_file():
        raise MammoError(f"no {_ONE[kind]} is called '{name}'; there are: {', '.join(names_of(kind))}")
    return path

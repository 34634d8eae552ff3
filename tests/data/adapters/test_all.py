"""What every adapter owes to those who choose one."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from tflite_mammo.data import adapters
from tflite_mammo.data.adapters import MODULES

PAGE = (Path(__file__).parents[3] / "docs/collections.md").read_text(encoding="utf-8")
OWN_LAYOUT = sorted(MODULES.keys() - {"folder", "csv", "phantoms"})


@pytest.mark.parametrize("name", MODULES)
def test_every_adapter_has_a_section_and_a_command_in_the_page_of_collections(name: str) -> None:
    assert re.search(rf"^## `{name}`$", PAGE, re.MULTILINE)
    assert re.search(rf"^tflite-mammo prepare .*--adapter {name}\b", PAGE, re.MULTILINE)


@pytest.mark.parametrize("name", OWN_LAYOUT)
def test_every_collection_says_on_what_it_was_tried(name: str) -> None:
    (row,) = re.findall(rf"^\| `{name}` \|.*\|$", PAGE, re.MULTILINE)
    assert re.search(r"real|miniature", row.split("|")[-2])


@pytest.mark.parametrize("name", MODULES)
def test_every_adapter_names_the_licence_and_its_layout_in_one_line(name: str) -> None:
    module = import_module(f"{adapters.__name__}.{MODULES[name]}")
    assert re.search(r"\b[Ll]icence\b", module.__doc__ or "")
    assert len(module.LAYOUT.splitlines()) == 1

from pathlib import Path

import pytest

from tflite_mammo import declared
from tflite_mammo.declared import Kind, find, folder_of, names_of
from tflite_mammo.errors import MammoError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package folder in a place of its own, as in a wheel: its TOML files lie inside it."""
    folder = tmp_path / "site" / "tflite_mammo"
    for kind, name in (("recipes", "b"), ("recipes", "a"), ("presets", "p")):
        (folder / "shipped" / kind).mkdir(parents=True, exist_ok=True)
        (folder / "shipped" / kind / f"{name}.toml").write_text("")
    monkeypatch.setattr(declared, "_PACKAGE", folder)
    return folder


def test_a_recipe_is_found_by_name() -> None:
    assert find("recipes", "small-cnn") == folder_of("recipes") / "small-cnn.toml"


def test_a_preset_is_found_by_name() -> None:
    assert find("presets", "int8").read_text(encoding="utf-8").startswith("#")


@pytest.mark.parametrize("kind", ["recipes", "studies", "presets"])
def test_every_name_is_that_of_a_file(kind: Kind) -> None:
    assert names_of(kind)
    assert all(find(kind, name).is_file() for name in names_of(kind))


def test_an_unknown_name_is_answered_with_the_known_ones(package: Path) -> None:
    with pytest.raises(MammoError, match="no recipe is called 'c'; there are: a, b"):
        find("recipes", "c")


def test_an_unknown_preset_is_called_a_preset(package: Path) -> None:
    with pytest.raises(MammoError, match="no preset is called 'a'; there are: p"):
        find("presets", "a")


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text("")
    assert find("recipes", str(own)) == own


@pytest.mark.parametrize("name", ["nowhere.toml", "some/where"])
def test_what_looks_like_a_path_must_exist(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MammoError, match=f"{name}: no such file"):
        find("recipes", name)


def test_an_installed_package_carries_its_own_files(package: Path) -> None:
    assert names_of("recipes") == ["a", "b"]
    assert find("presets", "p") == package / "shipped" / "presets" / "p.toml"


def test_a_checkouts_files_come_before_those_of_the_package(package: Path) -> None:
    (package.parent / "train" / "recipes").mkdir(parents=True)
    (package.parent / "train" / "recipes" / "edited.toml").write_text("")
    assert names_of("recipes") == ["edited"]
    assert names_of("presets") == ["p"]

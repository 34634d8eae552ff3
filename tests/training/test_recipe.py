"""Recipes: strict keys, every shipped one readable, resolved text that reads back the same."""

from pathlib import Path

import pytest

from tflite_mammo.declared import find, names_of
from tflite_mammo.errors import MammoError
from tflite_mammo.training.recipe import read_recipe, recipe_toml, with_changes

MINIMAL = 'backbone = "small-cnn"\nweights = "random"\n[[stages]]\nepochs = 1\n'


def _recipe(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", names_of("recipes"))
def test_every_shipped_recipe_reads_back_from_its_resolved_text(name: str, tmp_path: Path) -> None:
    recipe = read_recipe(name)
    resolved = tmp_path / f"{name}.toml"
    resolved.write_text(recipe_toml(recipe), encoding="utf-8")
    assert read_recipe(str(resolved)) == recipe


@pytest.mark.parametrize("name", names_of("recipes"))
def test_every_shipped_recipe_opens_with_a_comment_and_its_command(name: str) -> None:
    text = find("recipes", name).read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert f"--recipe {name} " in text


def test_the_reported_u60_recipe_is_what_its_source_says() -> None:
    recipe = read_recipe("resnet50-u60")
    assert (recipe.backbone, recipe.stages[0].unfreeze, recipe.epochs) == ("resnet50", "60%", 7)
    assert (recipe.head.dense, recipe.head.dropout, recipe.stages[0].learning_rate) == ((512,), 0.3, 5e-5)


def test_an_unknown_key_names_the_nearest_known_one(tmp_path: Path) -> None:
    text = MINIMAL + "lr = 0.1\n"
    with pytest.raises(MammoError, match=r"mine\.toml: stages\[0\]: unknown key 'lr'; did you mean 'learning_rate'"):
        read_recipe(_recipe(tmp_path, text))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("unfreeze = '120%'\n", "unfreeze '120%'"),
        ("unfreeze = 'half'\n", "unfreeze 'half'"),
        ("epochs = 0\n", "above 0"),
        ("[head]\ndropout = 1.5\n", "dropout 1.5"),
        ("[balance]\noversample = true\nclass_weights = true\n", "balance twice"),
        ("[augment]\nzoom = 2.0\n", "zoom 2.0"),
        ("[augment]\nflip = 'sideways'\n", "found 'sideways'"),
    ],
)
def test_a_contradictory_recipe_is_refused_in_words(change: str, message: str, tmp_path: Path) -> None:
    text = MINIMAL.replace("epochs = 1\n", "") + change if change.startswith("epochs") else MINIMAL + change
    with pytest.raises(MammoError, match=message):
        read_recipe(_recipe(tmp_path, text))


def test_frozen_batch_norm_on_random_weights_is_refused(tmp_path: Path) -> None:
    text = 'backbone = "resnet50"\nweights = "random"\nbatch_norm = "frozen"\n[[stages]]\nepochs = 1\n'
    with pytest.raises(MammoError, match="nothing to hold"):
        read_recipe(_recipe(tmp_path, text))


def test_the_name_is_the_files_and_may_not_be_written(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match="given by the file's name"):
        read_recipe(_recipe(tmp_path, 'name = "other"\n' + MINIMAL))


def test_the_command_line_changes_epochs_of_every_stage_and_the_seed() -> None:
    changed = with_changes(read_recipe("resnet50-u60"), weights="random", epochs=2, seed=9)
    assert (changed.epochs, changed.seed, changed.weights, changed.batch_norm) == (2, 9, "random", "adapt")

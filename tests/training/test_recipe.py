"""Recipes: strict keys, every shipped one readable, resolved text that reads back the same."""

from pathlib import Path

import pytest

from tflite_mammo.declared import names_of
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


def test_an_unknown_key_names_the_nearest_known_one(tmp_path: Path) -> None:
    text = MINIMAL + "lr = 0.1\n"
    with pytest.raises(MammoError, match=r"mine\.toml: stages\[0\]: unknown key 'lr'; did you mean 'learning_rate'"):
        read_recipe(_recipe(tmp_path, text))


STAGE = "[[stages]]\nepochs = 3\n"
SCHEDULE = "[stages.schedule]\n"


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ("[[stages]]\nepochs = 0\n", "above 0"),
        (STAGE + "learning_rate = 0.0\n", "above 0"),
        (STAGE + "unfreeze = '120%'\n", "unfreeze '120%'"),
        (STAGE + "unfreeze = 'half'\n", "unfreeze 'half'"),
        (STAGE + "unfreeze = 'last:0'\n", "unfreeze 'last:0'"),
        (STAGE + "unfreeze = 'blocks:'\n", "expected none, all, a share such as '60%'"),
        (STAGE + "optimizer = 'adam'\nmomentum = 0.9\n", "adam has no momentum to set"),
        (STAGE + "optimizer = 'sgd'\nmomentum = 1.0\n", "momentum 1.0; expected 0 to less than 1"),
        (STAGE + "optimizer = 'sgd'\nweight_decay = 0.1\n", "sgd has no weight_decay"),
        (STAGE + "layer_decay = -1.0\n", "must be 0 or more"),
        (STAGE + "unfreeze = 'none'\nlayer_decay = 3.0\n", "no layer of the backbone trains"),
        (STAGE + SCHEDULE + "factor = 0.5\n", "a constant schedule has no factor"),
        (STAGE + SCHEDULE + "kind = 'cosine'\npatience = 2\n", "a cosine schedule has no patience"),
        (STAGE + SCHEDULE + "kind = 'exponential'\n", "needs its factor per epoch"),
        (STAGE + SCHEDULE + "kind = 'plateau'\nfactor = 1.5\n", "factor 1.5; expected above 0 and below 1"),
        (STAGE + SCHEDULE + "kind = 'plateau'\npatience = 0\n", "patience 0; expected 1 or more"),
        (STAGE + SCHEDULE + "kind = 'plateau'\nwarmup_epochs = 1\n", "would both set the rate"),
        (STAGE + SCHEDULE + "warmup_epochs = 3\n", "warmup_epochs 3.0 of 3; expected fewer"),
        (STAGE + SCHEDULE + "warmup_epochs = -1\n", "warmup_epochs -1.0; expected 0 or more"),
        (STAGE + "[head]\ndropout = 1.5\n", "dropout 1.5"),
        (STAGE + "[head]\ninput_dropout = 1.0\n", "input_dropout 1.0"),
        (STAGE + "[head]\ndense = [0]\n", "expected widths of 1 or more"),
        (STAGE + "[head]\nl2 = -0.1\n", "l2 -0.1; expected 0 or more"),
        (STAGE + "[head]\nunits = 1\n", "a softmax over one unit is always 1"),
        (STAGE + "[head]\noutput = 'sigmoid'\nunits = 2\n", "a sigmoid of 2 units; it has one"),
        (
            STAGE + "[head]\noutput = 'sigmoid'\n",
            "categorical_crossentropy on a sigmoid; binary_crossentropy goes with",
        ),
        (STAGE + "[loss]\nkind = 'binary_crossentropy'\n", "binary_crossentropy on a softmax"),
        (STAGE + "[loss]\ngamma = 2.0\n", "gamma is the focal loss's"),
        (STAGE + "[loss]\nlabel_smoothing = 1.0\n", "label_smoothing 1.0"),
        (STAGE + "[balance]\noversample = true\nclass_weights = true\n", "balance twice"),
        (STAGE + "[augment]\nzoom = 2.0\n", "zoom 2.0"),
        (STAGE + "[augment]\nerase = 1.0\n", "erase 1.0"),
        (STAGE + "[augment]\nrotation_degrees = 200.0\n", "rotation_degrees 200.0; expected 0 to 180"),
        (STAGE + "[augment]\nflip = 'sideways'\n", "found 'sideways'"),
        ("seed = -1\n" + STAGE, "seed -1; expected 0 to 4294967295"),
        (STAGE + "learning_rate = nan\n", "found nan, expected a finite number"),
        (STAGE + "optimizer = 'adamw'\nweight_decay = 0.1\nlayer_decay = 3.0\n", "would not follow layer_decay"),
        ("batch_size = 0\n" + STAGE, "batch_size 0; expected 1 or more"),
        ("patience = 0\n" + STAGE, "patience 0; expected 1 or more"),
        ("backbone = 'resnet51'\n" + STAGE, "found 'resnet51'; did you mean 'resnet50'"),
        ("stages = []\n", r"no \[\[stages\]\]; add one"),
    ],
)
def test_a_contradictory_recipe_is_refused_in_words(tables: str, message: str, tmp_path: Path) -> None:
    named = "" if tables.startswith("backbone") else 'backbone = "small-cnn"\n'
    with pytest.raises(MammoError, match=message):
        read_recipe(_recipe(tmp_path, named + 'weights = "random"\n' + tables))


def test_a_focal_loss_goes_with_either_head(tmp_path: Path) -> None:
    for output in ("softmax", "sigmoid"):
        text = MINIMAL + f"[head]\noutput = '{output}'\n[loss]\nkind = 'focal'\n"
        assert read_recipe(_recipe(tmp_path, text)).head.output == output


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


def test_the_command_line_changes_the_batch_and_the_precision_and_leaves_the_rest() -> None:
    recipe = read_recipe("resnet50-u60")
    changed = with_changes(recipe, batch_size=4, precision="mixed_bfloat16")
    assert (changed.batch_size, changed.precision) == (4, "mixed_bfloat16")
    assert (changed.stages, changed.weights, changed.batch_norm) == (recipe.stages, recipe.weights, "frozen")


def test_a_shortened_stage_warms_up_over_the_same_share(tmp_path: Path) -> None:
    text = MINIMAL.replace("epochs = 1", "epochs = 10") + "[stages.schedule]\nkind = 'cosine'\nwarmup_epochs = 2\n"
    changed = with_changes(read_recipe(_recipe(tmp_path, text)), epochs=5)
    assert changed.stages[0].schedule.warmup_epochs == 1.0

"""Every shipped recipe: what its source says, held apart from the file, and a comment that tells what it is."""

import re
import shlex

import click
import pytest

from tflite_mammo.cli import main
from tflite_mammo.declared import find, names_of
from tflite_mammo.training.recipe import Recipe, read_recipe

ALL = names_of("recipes")
OURS = {"phantom-lite0", "small-cnn", "lite0-edge", "mobilenetv2-edge"}
SILENT = "-"
COLUMNS = ("backbone", "weights", "trains", "dense", "dropout", "output", "optimizer", "rate", "epochs", "batch",
           "balance")  # fmt: skip
# What the sources say, and a dash where they are silent.
SAID = """
cnn-plain                  | small-cnn     | random   | all             | 1 layer  | 0   | -       | -       | -    | -  | 32  | none
cnn-dropout-l2             | small-cnn     | random   | all             | 1 layer  | 0.5 | -       | -       | -    | -  | 32  | none
cnn-classweight            | small-cnn     | random   | all             | 1 layer  | 0.5 | -       | -       | -    | -  | 32  | weights
cnn-oversample             | small-cnn     | random   | all             | 1 layer  | 0.5 | -       | -       | -    | -  | 32  | oversample
resnet50-frozen            | resnet50      | imagenet | none            | none     | -   | -       | -       | -    | -  | 32  | weights
resnet50-last30            | resnet50      | imagenet | none, last:30   | none     | -   | -       | -       | -    | -  | 32  | weights
resnet50-oversample        | resnet50      | imagenet | none            | none     | -   | -       | -       | -    | -  | 32  | oversample
resnet50-oversample-last30 | resnet50      | imagenet | none, last:30   | none     | -   | -       | -       | -    | -  | 32  | oversample
resnet50-u50               | resnet50      | imagenet | 50%             | 1024     | 0.5 | softmax | adam    | 1e-4 | 7  | -   | oversample
resnet50-u60               | resnet50      | imagenet | 60%             | 512      | 0.3 | softmax | adam    | 5e-5 | 7  | -   | oversample
resnet50-u70               | resnet50      | imagenet | 70%             | 1024     | 0.4 | softmax | rmsprop | 1e-4 | 7  | -   | oversample
resnet50-u70-compact       | resnet50      | imagenet | 70%             | 256      | 0.7 | softmax | rmsprop | 1e-4 | 7  | -   | oversample
inceptionv3-frozen         | inceptionv3   | imagenet | none            | 256      | 0   | sigmoid | adagrad | -    | -  | 8   | -
inceptionv3-top2           | inceptionv3   | imagenet | none, from:249  | 256      | 0   | sigmoid | adagrad | -    | -  | 8   | -
inceptionv3-scratch        | inceptionv3   | random   | all             | 2 layers | 0.5 | softmax | adam    | -    | 90 | 128 | none
inceptionv3-extract        | inceptionv3   | imagenet | none            | 2 layers | 0.5 | softmax | sgd     | 1e-4 | 90 | 128 | none
inceptionv3-1block         | inceptionv3   | imagenet | blocks:1        | 2 layers | 0.5 | softmax | sgd     | 1e-4 | 90 | 128 | none
inceptionv3-2blocks        | inceptionv3   | imagenet | blocks:2        | 2 layers | 0.5 | softmax | sgd     | 1e-4 | 90 | 128 | none
inceptionv3-3blocks        | inceptionv3   | imagenet | blocks:3        | 2 layers | 0.5 | softmax | sgd     | 1e-4 | 90 | 128 | none
inceptionv3-all            | inceptionv3   | imagenet | all             | 2 layers | 0.5 | softmax | sgd     | 1e-4 | 90 | 128 | none
inceptionv3-decay          | inceptionv3   | imagenet | all             | 2 layers | 0.5 | softmax | sgd     | 1e-3 | 90 | 128 | none
resnet18-breakhis          | resnet18      | -        | all             | 256, 100 | 0.4 | softmax | adamax  | 5e-4 | 15 | 32  | none
resnext50-breakhis         | resnext50     | -        | all             | 256, 100 | 0.4 | softmax | adamax  | 5e-4 | 5  | 32  | none
wideresnet50-breakhis      | wide-resnet50 | -        | all             | 256, 100 | 0.4 | softmax | adamax  | 5e-4 | 5  | 32  | none
"""  # noqa: E501
ROWS = {row[0]: row[1:] for row in ([cell.strip() for cell in line.split("|")] for line in SAID.strip().splitlines())}
WEEK7 = [name for name in ROWS if name.startswith("resnet50-u")]
CMMD = [name for name in ROWS if name.startswith(("cnn-", "resnet50-")) and name not in WEEK7]
ULTRASOUND = ["inceptionv3-frozen", "inceptionv3-top2"]
TRANSFER = [name for name in ROWS if name.startswith("inceptionv3-") and name not in ULTRASOUND]
FINE_TUNED = [name for name in TRANSFER if name != "inceptionv3-scratch"]
BREAKHIS = [name for name in ROWS if name.endswith("-breakhis")]


def _found(recipe: Recipe, column: str, said: str) -> str:
    """What the recipe has in a column, in the words of the table."""
    first, balance, dense = recipe.stages[0], recipe.balance, recipe.head.dense
    told = {
        "backbone": recipe.backbone,
        "weights": recipe.weights,
        "trains": ", ".join(stage.unfreeze for stage in recipe.stages),
        "dense": ", ".join(str(units) for units in dense) or "none",
        "dropout": f"{recipe.head.dropout:g}",
        "output": recipe.head.output,
        "optimizer": ", ".join(sorted({stage.optimizer for stage in recipe.stages})),
        "rate": f"{first.learning_rate:.0e}".replace("e-0", "e-"),
        "epochs": str(recipe.epochs),
        "batch": str(recipe.batch_size),
        "balance": "oversample" if balance.oversample else "weights" if balance.class_weights else "none",
    }
    counted = column == "dense" and said.endswith(("layer", "layers"))
    return f"{len(dense)} layer{'s' if len(dense) > 1 else ''}" if counted else told[column]


def test_every_recipe_of_the_sources_is_shipped_and_every_shipped_one_is_known() -> None:
    assert set(ALL) == set(ROWS) | OURS


@pytest.mark.parametrize("name", ROWS)
def test_a_recipe_does_what_its_source_says(name: str) -> None:
    recipe = read_recipe(name)
    said = {column: cell for column, cell in zip(COLUMNS, ROWS[name], strict=True) if cell != SILENT}
    assert {column: _found(recipe, column, cell) for column, cell in said.items()} == said


@pytest.mark.parametrize("name", ROWS)
def test_batch_norm_is_frozen_where_a_pretrained_network_is_fine_tuned_in_part(name: str) -> None:
    recipe = read_recipe(name)
    adapts = recipe.weights == "random" or name in BREAKHIS  # "all layers train"
    assert recipe.batch_norm == ("adapt" if adapts else "frozen")


@pytest.mark.parametrize("name", [name for name in CMMD if name.startswith("cnn-")])
def test_the_small_cnns_of_the_cmmd_study_have_two_dropouts_and_l2_or_neither(name: str) -> None:
    head = read_recipe(name).head
    assert (head.input_dropout, head.dropout, head.l2) == ((0, 0, 0) if name == "cnn-plain" else (0.5, 0.5, 0.01))


@pytest.mark.parametrize("name", CMMD)
def test_the_cmmd_study_augments_by_rotation_zoom_flip_and_shift_from_oversampling_on(name: str) -> None:
    augment = read_recipe(name).augment
    moves = (augment.flip != "none", augment.rotation_degrees > 0, augment.zoom > 0, augment.shift > 0)
    assert set(moves) == {name.startswith("resnet50") or name == "cnn-oversample"}
    assert (augment.brightness, augment.contrast, augment.saturation) == (0, 0, 0)


@pytest.mark.parametrize("name", [name for name in CMMD if name.startswith("resnet50")])
def test_the_resnets_of_the_cmmd_study_lower_the_rate_on_a_plateau(name: str) -> None:
    assert {stage.schedule.kind for stage in read_recipe(name).stages} == {"plateau"}


def test_the_cmmd_study_has_eight_recipes() -> None:
    assert len(CMMD) == 8


@pytest.mark.parametrize("name", WEEK7)
def test_the_week_7_report_flips_and_changes_brightness_contrast_and_saturation(name: str) -> None:
    recipe = read_recipe(name)
    augment = recipe.augment
    assert augment.flip != "none"
    assert min(augment.brightness, augment.contrast, augment.saturation) > 0
    assert (augment.rotation_degrees, augment.zoom, augment.shift) == (0, 0, 0)
    assert recipe.loss.kind == "categorical_crossentropy"


@pytest.mark.parametrize("name", ULTRASOUND)
def test_the_ultrasound_recipes_ask_one_sigmoid_and_keep_the_best_by_validation_loss(name: str) -> None:
    recipe = read_recipe(name)
    assert (recipe.head.pool, recipe.head.output, recipe.head.units) == ("average", "sigmoid", None)
    assert recipe.loss.kind == "binary_crossentropy"
    assert (recipe.keep, recipe.monitor, recipe.patience) == ("best", "val_loss", 3)


@pytest.mark.parametrize("name", TRANSFER)
def test_the_transfer_study_augments_and_stops_as_its_source_says(name: str) -> None:
    recipe = read_recipe(name)
    augment = recipe.augment
    assert (augment.flip, augment.rotation_degrees, augment.shift) == ("horizontal", 40, 0.25)
    assert (recipe.head.pool, recipe.monitor, recipe.patience) == ("flatten", "val_loss", 15)


@pytest.mark.parametrize("name", FINE_TUNED)
def test_the_transfer_study_fine_tunes_with_momentum_and_a_tenth_on_a_plateau(name: str) -> None:
    (stage,) = read_recipe(name).stages
    assert (stage.momentum, stage.schedule.kind, stage.schedule.factor) == (0.9, "plateau", 0.1)
    assert stage.layer_decay == (3.0 if name == "inceptionv3-decay" else 0.0)


@pytest.mark.parametrize("name", BREAKHIS)
def test_the_breakhis_recipes_normalise_by_the_training_part_and_lower_the_rate_exponentially(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.normalise == "training"
    assert recipe.stages[0].schedule.kind == "exponential"
    assert (recipe.augment.flip, recipe.augment.rotation_degrees) == ("both", 20)


@pytest.mark.parametrize("name", ["lite0-edge", "mobilenetv2-edge"])
def test_the_recipes_for_boards_train_the_head_before_they_fine_tune_with_warm_up_and_cosine(name: str) -> None:
    recipe = read_recipe(name)
    head, fine = recipe.stages
    assert (head.unfreeze, fine.unfreeze, fine.schedule.kind) == ("none", "all", "cosine")
    assert fine.schedule.warmup_epochs > 0
    assert fine.learning_rate < head.learning_rate
    assert (recipe.batch_norm, {head.optimizer, fine.optimizer}) == ("frozen", {"adamw"})


def _comment(name: str) -> list[str]:
    lines = find("recipes", name).read_text(encoding="utf-8").splitlines()
    end = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    assert lines[end] == "", "a blank line ends the comment"
    return [line.removeprefix("#").strip() for line in lines[:end]]


@pytest.mark.parametrize("name", ALL)
def test_a_recipe_opens_with_one_short_sentence(name: str) -> None:
    assert re.fullmatch(r"[A-Z].{20,99}\.", _comment(name)[0])


@pytest.mark.parametrize("name", ALL)
def test_a_recipe_says_what_was_reported_and_where_it_was_measured(name: str) -> None:
    comment = "\n".join(_comment(name))
    assert "Measured here: train/README.md." in comment
    assert ("Ours, after no source." in comment) == (name in OURS)
    assert ("Reported there" in comment) == (name not in OURS)


@pytest.mark.parametrize("name", ALL)
def test_a_recipe_tells_its_own_command_which_parses(name: str) -> None:
    (line,) = [line for line in _comment(name) if line.startswith("tflite-mammo ")]
    program, command, *arguments = shlex.split(line)
    train = main.get_command(click.Context(main), command)
    assert (program, command) == ("tflite-mammo", "train")
    assert train is not None
    assert train.make_context(command, arguments).params["recipe"] == name

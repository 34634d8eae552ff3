"""Every shipped study: its recipes are there, its figures are the source's, its command prepares the data."""

import re
import shlex
from typing import Any

import click
import pytest

from tflite_mammo.cli import main
from tflite_mammo.declared import find, names_of
from tflite_mammo.schema import to_dict
from tflite_mammo.studies.study import read_study
from tflite_mammo.training.recipe import read_recipe

STUDIES = ["breakhis-residual", "cmmd-ladder", "inceptionv3-transfer", "resnet50-unfreeze", "ultrasound-inception"]
OURS = {"phantom-lite0", "small-cnn", "lite0-edge", "mobilenetv2-edge"}
# As the sources write them. Each of the BreakHis study's gives weighted F1, then precision, recall and F1 by class.
FIGURES = {
    "cnn-plain": "accuracy .72, auc .62, f1_positive .82",
    "cnn-dropout-l2": "accuracy .66, auc .64, f1_positive .76",
    "cnn-classweight": "accuracy .62, auc .62, f1_positive .73, specificity .45",
    "cnn-oversample": "accuracy .68, auc .66, f1_positive .78, specificity .47",
    "resnet50-frozen": "f1_positive .73, f1_negative .46",
    "resnet50-last30": "accuracy .699, f1_positive .79",
    "resnet50-oversample": "accuracy .728, auc .685",
    "resnet50-oversample-last30": "accuracy .746, auc .692",
    "resnet50-u50": "train_accuracy .9809, val_accuracy .9535, val_loss .1323, best_val_accuracy .9567, best_epoch 6",
    "resnet50-u60": "train_accuracy .9878, val_accuracy .9431, val_loss .1730, best_val_accuracy .9671, best_epoch 4",
    "resnet50-u70": "train_accuracy .9829, val_accuracy .9447, val_loss .4808, best_val_accuracy .9487, best_epoch 6",
    "resnet50-u70-compact": "",
    "inceptionv3-frozen": "sensitivity 1, specificity 0, val_accuracy .5, val_loss 7.97",
    "inceptionv3-top2": "",
    "inceptionv3-scratch": "accuracy .7583, accuracy_sd .0153, minutes 176.2",
    "inceptionv3-extract": "accuracy .9267, accuracy_sd .0179, minutes 59.1",
    "inceptionv3-1block": "accuracy .9417, accuracy_sd .0092, minutes 61.6",
    "inceptionv3-2blocks": "accuracy .9667, accuracy_sd .0085, minutes 63.9",
    "inceptionv3-3blocks": "accuracy .9517, accuracy_sd .0118, minutes 67.1",
    "inceptionv3-all": "accuracy .9267, accuracy_sd .0134, minutes 158.9",
    "inceptionv3-decay": "accuracy .9750, accuracy_sd .0126, auc .96, minutes 161.5",
    "resnet18-breakhis": (
        "f1_weighted .87, precision_negative .83, specificity .71, f1_negative .76, precision_positive .89, "
        "sensitivity .94, f1_positive .92"
    ),
    "resnext50-breakhis": (
        "f1_weighted .85, precision_negative .76, specificity .68, f1_negative .72, precision_positive .88, "
        "sensitivity .92, f1_positive .90"
    ),
    "wideresnet50-breakhis": (
        "f1_weighted .74, precision_negative .51, specificity .82, f1_negative .63, precision_positive .91, "
        "sensitivity .69, f1_positive .78"
    ),
}
PREPARED: dict[str, dict[str, Any]] = {
    "cmmd-ladder": {"adapter": "cmmd", "size": 224},
    "resnet50-unfreeze": {"adapter": "folder", "patient": r"/(\d+)_"},
    "ultrasound-inception": {"adapter": "busi", "classes": "benign,malignant", "size": 224, "crop": "none"},
    "inceptionv3-transfer": {
        "adapter": "bcdr", "crop": "roi", "size": 299, "contrast": "standardise", "split": "65/15/20",
    },
    "breakhis-residual": {
        "adapter": "breakhis", "split": "official", "only": ("magnification=200",), "channels": "3", "size": 224,
        "crop": "none", "orient": "keep", "polarity": "keep",
    },
}  # fmt: skip


def test_a_study_for_each_source_is_shipped() -> None:
    assert names_of("studies") == STUDIES


def test_every_recipe_with_a_source_belongs_to_one_study() -> None:
    compared = [name for study in STUDIES for name in read_study(study).recipes]
    assert sorted(compared) == sorted(set(names_of("recipes")) - OURS)


@pytest.mark.parametrize("study", STUDIES)
def test_every_recipe_of_a_study_can_be_read(study: str) -> None:
    assert [read_recipe(name).name for name in read_study(study).recipes] == list(read_study(study).recipes)


@pytest.mark.parametrize("study", STUDIES)
def test_the_reported_figures_are_the_sources(study: str) -> None:
    found = {name: to_dict(figures) for name, figures in read_study(study).reported.items()}
    for figures in found.values():
        figures.pop("note")
    pairs = {name: [pair.split() for pair in FIGURES[name].split(", ") if pair] for name in read_study(study).recipes}
    assert found == {name: {key: float(value) for key, value in told} for name, told in pairs.items()}


@pytest.mark.parametrize(
    ("study", "recipe", "told"),
    [
        ("cmmd-ladder", "cnn-oversample", "On MIAS, the external test: accuracy .44, AUC .49, malignant F1 .57."),
        ("cmmd-ladder", "resnet50-oversample", "copies left in the test part: accuracy .789, AUC .87"),
        ("ultrasound-inception", "inceptionv3-frozen", "Every scan was called malignant: 21"),
    ],
)
def test_what_no_field_holds_stands_in_a_note(study: str, recipe: str, told: str) -> None:
    assert told in read_study(study).reported[recipe].note


@pytest.mark.parametrize("study", STUDIES)
def test_a_studys_command_prepares_the_data_as_its_source_had_it(study: str) -> None:
    program, name, *arguments = shlex.split(read_study(study).prepare)
    prepare = main.get_command(click.Context(main), name)
    assert (program, name) == ("tflite-mammo", "prepare")
    assert prepare is not None
    found = prepare.make_context(name, arguments).params
    assert {key: found[key] for key in PREPARED[study]} == PREPARED[study]


def test_the_study_of_five_runs_has_five_seeds() -> None:
    assert len(read_study("inceptionv3-transfer").seeds) == 5


@pytest.mark.parametrize("study", STUDIES)
def test_a_study_opens_with_a_comment_and_its_own_command(study: str) -> None:
    text = find("studies", study).read_text(encoding="utf-8")
    assert re.match(r"# [A-Z].+\.\n", text)
    assert re.search(rf"^# tflite-mammo study {study} --data DATA --out \S+$", text, flags=re.MULTILINE)
    assert read_study(study).teaches

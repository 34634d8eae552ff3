import json
from pathlib import Path

import pytest

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.training.run import Run


def test_a_recipe_is_trained_by_name(call, prepared: Dataset, tmp_path: Path) -> None:
    done = call("train", "--recipe", "small-cnn", "--data", prepared.folder, "--out", tmp_path / "run", "--epochs", 1)
    assert done.status == 0
    assert "AUC" in done.stdout
    assert len(Run(tmp_path / "run").history) == 1


def test_the_verdict_comes_as_json(call, prepared: Dataset, tmp_path: Path) -> None:
    arguments = ("--data", prepared.folder, "--out", tmp_path / "run", "--epochs", 1, "--seed", 4, "--json")
    verdict = json.loads(call("train", "--recipe", "small-cnn", *arguments).stdout)
    assert set(verdict["figures"]) >= {"auc", "sensitivity", "specificity"}
    assert Run(tmp_path / "run").environment.seed == 4


def test_an_unknown_key_in_a_recipe_is_one_clean_line(call, prepared: Dataset, tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text('backbone = "small-cnn"\nweight = "random"\n[[stages]]\nepochs = 1\n')
    done = call("train", "--recipe", recipe, "--data", prepared.folder, "--out", tmp_path / "run")
    done.assert_clean_error("unknown key 'weight'; did you mean 'weights'?")
    assert not (tmp_path / "run").exists()


def test_a_folder_that_was_not_prepared_is_one_clean_line(call, tmp_path: Path) -> None:
    done = call("train", "--recipe", "small-cnn", "--data", tmp_path, "--out", tmp_path / "run")
    done.assert_clean_error("no dataset.json", "tflite-mammo prepare")


def test_imagenet_weights_for_a_network_without_any_are_one_clean_line(call, prepared: Dataset, tmp_path: Path) -> None:
    arguments = ("--data", prepared.folder, "--out", tmp_path / "run", "--weights", "imagenet")
    call("train", "--recipe", "small-cnn", *arguments).assert_clean_error("small-cnn has no ImageNet weights")
    assert not (tmp_path / "run").exists()


def test_a_place_that_is_taken_is_refused_before_the_data_is_audited(
    call, prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tflite_mammo.auditing.gate.kept_report", lambda _: pytest.fail("audited"))
    (tmp_path / "notes.txt").write_text("kept")
    done = call("train", "--recipe", "small-cnn", "--data", prepared.folder, "--out", tmp_path)
    done.assert_clean_error("exists already; choose another name")


def test_a_training_on_clean_data_says_nothing_of_a_leak(call, prepared: Dataset, tmp_path: Path) -> None:
    done = call("train", "--recipe", "small-cnn", "--data", prepared.folder, "--out", tmp_path / "run", "--epochs", 1)
    assert done.status == 0
    assert "LEAK" not in done.stdout

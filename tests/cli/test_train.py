import json
from pathlib import Path

import pytest

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.training.run import Run


def test_a_recipe_is_trained_by_name(call, prepared: Dataset, tmp_path: Path) -> None:
    done = call("train", "--recipe", "small-cnn", "--data", prepared.folder, "--out", tmp_path / "run")
    assert done.status == 0
    assert "AUC" in done.stdout
    assert len(Run(tmp_path / "run").history) == 3


def test_the_verdict_comes_as_json(call, prepared: Dataset, tmp_path: Path) -> None:
    arguments = ("--data", prepared.folder, "--out", tmp_path / "run", "--seed", 4, "--json")
    verdict = json.loads(call("train", "--recipe", "small-cnn", *arguments).stdout)
    assert set(verdict["levels"][0]["figures"]) >= {"auc", "sensitivity", "specificity"}
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
    done = call("train", "--recipe", "small-cnn", "--data", prepared.folder, "--out", tmp_path / "run")
    assert done.status == 0
    assert "LEAK" not in done.stdout


def _train(call, data: Dataset, out: Path, *more: object):  # type: ignore[no-untyped-def]
    return call("train", "--recipe", "small-cnn", "--data", data.folder, "--out", out, *more)


def test_a_dry_run_prints_layers_stages_and_memory_and_writes_nothing(call, prepared: Dataset, tmp_path: Path) -> None:
    done = call("train", "--recipe", "resnet50-last30", "--data", prepared.folder, "--dry-run", "--batch-size", 4)
    assert done.status == 0
    lines = done.stdout.splitlines()
    (row,) = [line.split() for line in lines if line.startswith(" 146 ")]
    assert (row[1], row[-1]) == ("conv5_block1_2_conv", "2")
    assert "stage 1: 4,098 parameters train" in done.stdout
    assert done.stdout.count("memory, estimated, in MB by batch size: 4:") == 2
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_comes_as_json(call, prepared: Dataset) -> None:
    plan = json.loads(call("train", "--recipe", "small-cnn", "--data", prepared.folder, "--dry-run", "--json").stdout)
    assert sum(layer["parameters"] for layer in plan["layers"]) == plan["parameters"]
    assert plan["stages"][0]["trainable"] == plan["parameters"]


def test_without_a_place_for_the_run_nothing_is_trained(call, prepared: Dataset) -> None:
    done = call("train", "--recipe", "small-cnn", "--data", prepared.folder)
    done.assert_clean_error("--out is missing", "--dry-run")


def test_ctrl_c_is_one_clean_line_with_its_own_status(
    call, prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as pressed:
        pressed.setattr("tflite_mammo.training.history.TensorBoard.add", stop)  # after the first checkpoint
        done = _train(call, prepared, tmp_path / "run")
    assert (done.status, done.stdout) == (130, "")
    assert done.stderr.splitlines()[-1].endswith("run: stopped, epoch 1 of 3 is kept; go on with --resume")
    assert _train(call, prepared, tmp_path / "run", "--resume").status == 0
    assert len(Run(tmp_path / "run").history) == 3


def test_resume_begins_where_there_is_nothing_to_go_on_from(call, prepared: Dataset, tmp_path: Path) -> None:
    assert _train(call, prepared, tmp_path / "run", "--resume").status == 0


def test_a_collapse_is_a_verdict(call, prepared: Dataset, tmp_path: Path) -> None:
    recipe = tmp_path / "wild.toml"
    text = (
        'backbone = "small-cnn"\nweights = "random"\n[[stages]]\nepochs = 3\noptimizer = "sgd"\nlearning_rate = 1e30\n'
    )
    recipe.write_text(text)
    done = call("train", "--recipe", recipe, "--data", prepared.folder, "--out", tmp_path / "run", "--batch-size", 8)
    done.assert_clean_error("collapsed; epoch 1:", "run.collapsed", status=1)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--batch-size", 4000), "batches of 4000 from a train part of"),
        (("--weights", "nowhere.npz"), "expected imagenet, random, or a file"),
    ],
)
def test_what_does_not_fit_is_one_clean_line(call, prepared: Dataset, tmp_path: Path, more: tuple, words: str) -> None:
    _train(call, prepared, tmp_path / "run", *more).assert_clean_error(words)
    assert list(tmp_path.iterdir()) == []


def test_somebodys_folder_is_not_lost_to_a_collapse(call, prepared: Dataset, tmp_path: Path) -> None:
    (tmp_path / "run.collapsed").mkdir()
    (tmp_path / "run.collapsed" / "thesis.txt").write_text("kept")
    _train(call, prepared, tmp_path / "run").assert_clean_error("is no collapsed run of ours", "rename it")

"""A run of one fold, on the whole road: what it was trained on is what it is judged and converted on."""

import json
from pathlib import Path

import pytest

from tflite_mammo.bundle import read_bundle
from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.preprocess import PreprocessSpec
from tflite_mammo.training.recipe import read_recipe
from tflite_mammo.training.run import Run
from tflite_mammo.training.train import train

SPEC = PreprocessSpec(height=64, width=64)


@pytest.fixture(scope="module")
def folded(phantom_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    manifest = read_collection(phantom_folder, "phantoms", AdapterOptions()).only(("benign", "malignant"))
    plan = PreparePlan("phantoms", SPEC, (0.7, 0.15, 0.15), folds=3)
    return prepare(manifest, tmp_path_factory.mktemp("folds") / "data", plan, workers=1).folder


@pytest.fixture(scope="module")
def of_fold_2(folded: Path) -> Run:
    recipe = read_recipe("small-cnn")
    return train(recipe, Dataset(folded, 2), folded.parent / "run")


def test_a_fold_is_trained_by_its_number_and_remembered(call, folded: Path, tmp_path: Path) -> None:
    arguments = ("--recipe", "small-cnn", "--data", folded, "--out", tmp_path / "run")
    assert call("train", *arguments, "--fold", 3).status == 0
    run = Run(tmp_path / "run")
    assert run.environment.fold == 3
    assert {row.patient for row in run.scores.of_split("test").rows} == Dataset(folded, 3).split.test


def test_a_run_of_the_only_split_has_no_fold(run: Run) -> None:
    assert run.environment.fold == 0


def test_data_with_folds_wants_to_be_told_which(call, folded: Path, converted, tmp_path: Path) -> None:
    arguments = ("--recipe", "small-cnn", "--data", folded, "--out", tmp_path / "run")
    call("train", *arguments).assert_clean_error("prepared in 3 folds; say which with --fold 1 to 3")
    call("train", *arguments, "--fold", 4).assert_clean_error("no fold 4; there are: 1 to 3")
    call("evaluate", converted["int8"].bundle.path, "--data", folded).assert_clean_error("--fold 1 to 3")


def test_a_run_is_judged_on_its_own_fold(call, of_fold_2: Run, folded: Path, tmp_path: Path) -> None:
    verdict = json.loads(call("evaluate", of_fold_2.folder, "--out", tmp_path / "own", "--json").stdout)
    assert verdict["levels"][0]["figures"]["auc"]["value"] == pytest.approx(of_fold_2.evaluation.figures["auc"].value)
    moved = json.loads(call("evaluate", of_fold_2.folder, "--data", folded, "--json").stdout)
    assert verdict.pop("pointing")  # where its maps point is looked at for the page
    assert moved == verdict


def test_a_run_of_one_fold_is_not_judged_on_another(call, of_fold_2: Run) -> None:
    call("evaluate", of_fold_2.folder, "--fold", 1).assert_clean_error("--fold 1", "was trained on fold 2")
    assert call("evaluate", of_fold_2.folder, "--fold", 2).status == 0


def test_a_run_of_a_fold_is_judged_on_another_collection(
    call, of_fold_2: Run, phantom_folder: Path, tmp_path: Path
) -> None:
    manifest = read_collection(phantom_folder, "phantoms", AdapterOptions()).only(("benign", "malignant"))
    plan = PreparePlan("phantoms", SPEC, (0.0, 0.0, 1.0))
    external = prepare(manifest, tmp_path / "external", plan, workers=1)
    done = call("evaluate", of_fold_2.folder, "--data", external.folder, "--out", tmp_path / "out")
    assert done.status == 0, done.stderr
    assert (tmp_path / "out" / "scores.csv").read_text().count("\n") == 1 + external.info.images


def test_a_run_of_one_split_is_judged_on_a_fold_of_other_data(call, run: Run, folded: Path) -> None:
    call("evaluate", run.folder, "--data", folded).assert_clean_error("--fold 1 to 3")
    done = call("evaluate", run.folder, "--data", folded, "--fold", 1)
    assert done.status == 0, done.stderr


def test_a_run_of_a_fold_is_converted_on_that_fold(call, of_fold_2: Run, folded: Path, tmp_path: Path) -> None:
    done = call("convert", of_fold_2.folder, "--quant", "float32", "--out", tmp_path / "m.tflite", "--json")
    (verdict,) = json.loads(done.stdout)
    assert done.status == 0
    assert verdict["drift"]["images"] == sum(Dataset(folded, 2).counts("test").values())
    assert read_bundle(tmp_path / "m.tflite").card.data == of_fold_2.data.fingerprint


def test_a_run_and_its_file_are_compared_on_the_runs_fold(call, of_fold_2: Run, folded: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.tflite"
    assert call("convert", of_fold_2.folder, "--quant", "float32", "--out", model).status == 0
    done = call("drift", of_fold_2.folder, model, "--data", folded, "--fold", 2, "--json")
    assert (done.status, json.loads(done.stdout)["drift"]["flips"]) == (0, [])
    other = call("drift", of_fold_2.folder, model, "--data", folded, "--fold", 1)
    other.assert_clean_error("was trained on fold 2; leave --fold away")

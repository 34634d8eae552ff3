"""What a study wants trained, and everything that is refused before anything is."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.dataset import Dataset, read_info
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.errors import MammoError
from tflite_mammo.preprocess import PreprocessSpec
from tflite_mammo.schema import to_json
from tflite_mammo.studies.plan import (
    Changes,
    evaluate_arguments,
    expect_as_wanted,
    expect_external,
    narrowed,
    train_arguments,
    wanted_runs,
)
from tflite_mammo.studies.study import Study


@pytest.fixture(scope="module")
def folded(phantom_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    manifest = read_collection(phantom_folder, "phantoms", AdapterOptions()).only(("benign", "malignant"))
    plan = PreparePlan("phantoms", PreprocessSpec(height=16, width=16), (0.7, 0.15, 0.15), folds=3)
    return prepare(manifest, tmp_path_factory.mktemp("folds") / "data", plan, workers=1).folder


def external_set(phantoms: Path, folder: Path, size: int = 64, **more: object) -> Path:
    classes = more.pop("classes", ("benign", "malignant"))
    manifest = read_collection(phantoms, "phantoms", AdapterOptions()).only(classes)  # type: ignore[arg-type]
    plan = PreparePlan("phantoms", PreprocessSpec(height=size, width=size), (0.0, 0.0, 1.0), **more)  # type: ignore[arg-type]
    return prepare(manifest, folder, plan, workers=1).folder


def test_every_recipe_is_wanted_at_every_seed(study: Study, prepared: Dataset, tmp_path: Path) -> None:
    study = narrowed(replace(study, recipes=("small-cnn", "resnet50-u50")), (), (3, 4))
    wanted = wanted_runs(study, prepared.folder, tmp_path, Changes(epochs=2, weights="random"))
    names = [f"{recipe}-seed{seed}" for recipe in ("small-cnn", "resnet50-u50") for seed in (3, 4)]
    assert [run.folder for run in wanted] == [tmp_path / "runs" / name for name in names]
    assert [run.recipe.seed for run in wanted] == [3, 4, 3, 4]
    assert {(run.recipe.epochs, run.recipe.weights, run.data) for run in wanted} == {
        (2, "random", prepared.info.fingerprint)
    }


def test_data_in_folds_is_wanted_at_every_fold_with_the_first_seed(study: Study, folded: Path, tmp_path: Path) -> None:
    wanted = wanted_runs(study, folded, tmp_path, Changes())
    assert [run.name for run in wanted] == [f"small-cnn-seed0-fold{fold}" for fold in (1, 2, 3)]
    assert train_arguments(wanted[2], folded, Changes())[-2:] == ("--fold", "3")


def test_a_study_of_certain_folds_is_wanted_there_at_every_seed(study: Study, folded: Path, tmp_path: Path) -> None:
    wanted = wanted_runs(replace(study, seeds=(0, 1), folds=(2,)), folded, tmp_path, Changes())
    assert [run.name for run in wanted] == ["small-cnn-seed0-fold2", "small-cnn-seed1-fold2"]


@pytest.mark.parametrize("fold", [0, 4])
def test_a_fold_that_the_data_does_not_have_is_refused(study: Study, folded: Path, tmp_path: Path, fold: int) -> None:
    with pytest.raises(MammoError, match=rf"asks for fold {fold}; .* is prepared in folds 1 to 3"):
        wanted_runs(replace(study, folds=(fold,)), folded, tmp_path, Changes())


def test_the_command_is_what_a_person_would_type(study: Study, prepared: Dataset, tmp_path: Path) -> None:
    changes = Changes("random", 2, 8, accept_leak=True)
    wanted = wanted_runs(study, prepared.folder, tmp_path, changes)[1]
    place = tmp_path / "runs" / "small-cnn-seed1"
    typed = f"train --recipe small-cnn --data {prepared.folder} --out {place} --seed 1"
    changed = "--weights random --epochs 2 --batch-size 8 --accept-leak"
    assert " ".join(train_arguments(wanted, prepared.folder, changes)) == f"{typed} {changed}"
    assert train_arguments(wanted, prepared.folder, Changes()) == tuple(typed.split())
    assert evaluate_arguments(wanted, Path("ext"), tmp_path)[1:4] == (str(place), "--data", "ext")


def test_a_recipe_by_path_is_given_on_as_it_was_written(
    study: Study, prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tflite_mammo.declared import find

    shutil.copy(find("recipes", "small-cnn"), tmp_path / "mine.toml")
    monkeypatch.chdir(tmp_path)
    (wanted,) = wanted_runs(
        replace(study, recipes=("./mine.toml",), seeds=(0,), reported={}), prepared.folder, Path("o"), Changes()
    )
    assert (wanted.name, train_arguments(wanted, prepared.folder, Changes())[2]) == ("mine-seed0", "./mine.toml")


def test_two_recipes_of_one_name_are_refused(study: Study, prepared: Dataset, tmp_path: Path) -> None:
    from tflite_mammo.declared import find

    shutil.copy(find("recipes", "small-cnn"), tmp_path / "small-cnn.toml")
    study = replace(study, recipes=("small-cnn", str(tmp_path / "small-cnn.toml")))
    with pytest.raises(MammoError, match="two recipes have files of the same name; rename one"):
        wanted_runs(study, prepared.folder, tmp_path, Changes())


def test_only_recipes_of_the_study_can_be_chosen(study: Study) -> None:
    with pytest.raises(MammoError, match="'resnet50-u50' is no recipe of two; there are: small-cnn"):
        narrowed(study, ("resnet50-u50",), ())
    with pytest.raises(MammoError, match="two: a seed stands twice"):
        narrowed(study, (), (1, 1))


def test_a_study_narrowed_to_some_recipes_keeps_what_was_published_of_them(study: Study) -> None:
    wider = replace(study, recipes=("resnet50-u50", "small-cnn"))
    assert narrowed(wider, ("resnet50-u50",), ()).reported == {}
    assert narrowed(wider, ("small-cnn",), ()).reported == study.reported


def test_a_run_that_is_what_would_be_trained_counts(study: Study, prepared: Dataset, tmp_path: Path, copy_run) -> None:
    wanted = wanted_runs(study, prepared.folder, tmp_path, Changes())[1]
    copy_run(wanted.folder, seed=1)
    expect_as_wanted(wanted)


@pytest.mark.parametrize(
    ("changes", "told", "words"),
    [
        (Changes(epochs=1), {}, r"stages\[1\].epochs 3 against 1"),
        (Changes(batch_size=4), {}, "batch_size 8 against 4"),
        (Changes(), {"data": "0123456789abcdef"}, "data 0123456789ab against"),
        (Changes(), {"fold": 2}, "fold 2 against 0"),
        (Changes(), {"recipe": "other"}, "name other against small-cnn"),
    ],
)
def test_a_run_that_was_trained_otherwise_is_refused_with_what_differs(
    study: Study, prepared: Dataset, tmp_path: Path, copy_run, changes: Changes, told: dict[str, object], words: str
) -> None:
    wanted = wanted_runs(study, prepared.folder, tmp_path, changes)[0]
    copy_run(wanted.folder, **told)
    with pytest.raises(MammoError, match=f"small-cnn-seed0 was trained otherwise than is asked for: {words}.*remove"):
        expect_as_wanted(wanted)


def test_a_run_of_another_seed_in_its_place_is_refused(
    study: Study, prepared: Dataset, tmp_path: Path, copy_run
) -> None:
    wanted = wanted_runs(study, prepared.folder, tmp_path, Changes())[0]
    copy_run(wanted.folder, seed=7)
    with pytest.raises(MammoError, match="seed 7 against 0"):
        expect_as_wanted(wanted)


def test_external_data_must_be_of_the_same_pixels_and_classes(
    prepared: Dataset, other_phantoms: Path, folded: Path, tmp_path: Path
) -> None:
    small = external_set(other_phantoms, tmp_path / "small", size=32)
    with pytest.raises(MammoError, match=r"prepared otherwise than .* expects: height 32 against 64"):
        expect_external(small, prepared, tmp_path)
    with pytest.raises(MammoError, match="prepared in folds; an external set is prepared with --split 0/0/100"):
        expect_external(folded, prepared, tmp_path)
    more = external_set(other_phantoms, tmp_path / "more", classes=("normal", "benign", "malignant"))
    with pytest.raises(MammoError, match="holds the classes normal, benign, malignant"):
        expect_external(more, prepared, tmp_path)
    assert not (tmp_path / "external").exists()


def test_scores_on_other_external_data_are_not_mixed(prepared: Dataset, other_phantoms: Path, tmp_path: Path) -> None:
    one = external_set(other_phantoms, tmp_path / "one")
    more = shutil.copytree(one, tmp_path / "more")
    info = replace(read_info(one), fingerprint="0" * 64)
    (more / "dataset.json").write_text(to_json(info), encoding="utf-8")
    assert (
        expect_external(one, prepared, tmp_path / "out").info == expect_external(one, prepared, tmp_path / "out").info
    )
    with pytest.raises(MammoError, match=r"holds scores of other data than .*; remove it or choose another --out"):
        expect_external(more, prepared, tmp_path / "out")


def test_images_that_the_study_knows_are_no_external_test(
    prepared: Dataset, phantom_folder: Path, tmp_path: Path
) -> None:
    same = external_set(phantom_folder, tmp_path / "same")
    with pytest.raises(MammoError, match=r"\d+ of its \d+ test images stand in .* too; expected another collection"):
        expect_external(same, prepared, tmp_path / "out")

import json
from pathlib import Path

from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.preprocess import PreprocessSpec
from tflite_mammo.scores import read_scores
from tflite_mammo.training.run import Run


def test_a_run_is_judged_as_it_was_when_trained(call, run: Run) -> None:
    verdict = json.loads(call("evaluate", run.folder, "--json").stdout)
    auc = run.evaluation.figures["auc"].value
    assert abs(verdict["figures"]["auc"]["value"] - auc) < 1e-9
    assert verdict["threshold"]["value"] == run.evaluation.threshold.value


def test_a_model_file_is_judged_at_the_threshold_it_carries(call, converted, prepared: Dataset, tmp_path: Path) -> None:
    model, out = converted["int8"].bundle.path, tmp_path / "out"
    done = call("evaluate", model, "--data", prepared.folder, "--out", out)
    assert done.status == 0
    assert f"threshold {converted['int8'].bundle.card.threshold.value:.4f}" in done.stdout
    assert (read_scores(out / "scores.csv").values == converted["int8"].scores.values).all()


def test_data_prepared_otherwise_is_refused_with_what_differs(
    call, converted, phantom_folder: Path, tmp_path: Path
) -> None:
    manifest = read_collection(phantom_folder, "phantoms", AdapterOptions()).only(("benign", "malignant"))
    plan = PreparePlan("phantoms", PreprocessSpec(height=48, width=64, crop="none"), (0.6, 0.2, 0.2))
    other = prepare(manifest, tmp_path / "other", plan, workers=1)
    done = call("evaluate", converted["int8"].bundle.path, "--data", other.folder)
    done.assert_clean_error("height 48 against 64", "crop none against breast", "--like")


def test_other_classes_are_refused(call, converted, phantom_folder: Path, tmp_path: Path) -> None:
    manifest = read_collection(phantom_folder, "phantoms", AdapterOptions())
    plan = PreparePlan("phantoms", PreprocessSpec(height=64, width=64), (0.6, 0.2, 0.2))
    three = prepare(manifest, tmp_path / "three", plan, workers=1)
    done = call("evaluate", converted["int8"].bundle.path, "--data", three.folder)
    done.assert_clean_error("normal, benign, malignant", "--classes benign,malignant")


def test_a_model_file_needs_data(call, converted) -> None:
    call("evaluate", converted["int8"].bundle.path).assert_clean_error("--data is needed")


def test_an_unknown_split_names_the_known_ones(call, run: Run) -> None:
    call("evaluate", run.folder, "--split", "tset").assert_clean_error("there are: train, validation, test")


def test_a_run_judges_no_data_of_other_classes_or_pixels(call, run: Run, phantom_folder: Path, tmp_path: Path) -> None:
    source = read_collection(phantom_folder, "phantoms", AdapterOptions())
    turned = PreparePlan("phantoms", PreprocessSpec(height=64, width=64), (0.6, 0.2, 0.2))
    prepare(source.only(("malignant", "benign")), tmp_path / "turned", turned, workers=1)
    call("evaluate", run.folder, "--data", tmp_path / "turned").assert_clean_error(
        "holds the classes malignant, benign"
    )
    other = PreparePlan("phantoms", PreprocessSpec(height=32, width=64), (0.6, 0.2, 0.2))
    prepare(source.only(("benign", "malignant")), tmp_path / "other", other, workers=1)
    call("evaluate", run.folder, "--data", tmp_path / "other").assert_clean_error("height 32 against 64")


def test_a_redrawn_split_of_the_collection_is_said_to_overlap(
    call, run: Run, phantom_folder: Path, tmp_path: Path
) -> None:
    manifest = read_collection(phantom_folder, "phantoms", AdapterOptions()).only(("benign", "malignant"))
    plan = PreparePlan("phantoms", PreprocessSpec(height=64, width=64), (0.6, 0.2, 0.2), seed=9)
    prepare(manifest, tmp_path / "redrawn", plan, workers=1)
    assert "may have been trained on" in call("evaluate", run.folder, "--data", tmp_path / "redrawn").stderr
    assert "may have been trained on" not in call("evaluate", run.folder).stderr

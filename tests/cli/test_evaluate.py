import json
import re
from pathlib import Path

import pytest

from tflite_mammo.cli.evaluate import typed
from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.evaluation.evaluate import Evaluation
from tflite_mammo.preprocess import PreprocessSpec
from tflite_mammo.schema import read_json
from tflite_mammo.scores import read_scores
from tflite_mammo.training.run import Run


def test_a_run_is_judged_as_it_was_when_trained(call, run: Run) -> None:
    verdict = json.loads(call("evaluate", run.folder, "--json").stdout)
    auc = run.evaluation.figures["auc"].value
    assert abs(verdict["levels"][0]["figures"]["auc"]["value"] - auc) < 1e-9
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
    assert "may have been trained on" in call("evaluate", run.folder, "--data", tmp_path / "redrawn").stdout
    assert "may have been trained on" not in call("evaluate", run.folder).stdout


def test_a_models_threshold_is_locked(call, run: Run) -> None:
    call("evaluate", run.folder, "--threshold", "0.5").assert_clean_error("a model's is locked", "calibrate")


def test_the_folder_holds_the_page_the_figures_and_the_plots(call, run: Run, tmp_path: Path) -> None:
    assert call("evaluate", run.folder, "--out", tmp_path / "out").status == 0
    found = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")}
    assert {"evaluation.html", "evaluation.json", "scores.csv", "plots/roc.png", "plots/precision-recall.png",
            "plots/scores.png", "plots/reliability.png", "plots/confusion-patient.png"} <= found  # fmt: skip
    verdict = read_json(Evaluation, tmp_path / "out" / "evaluation.json")
    assert verdict.pointing is not None
    assert verdict.pointing.images == verdict.positives
    page = (tmp_path / "out" / "evaluation.html").read_text(encoding="utf-8")
    assert not re.findall(r'(?:src|href)="(?!#|data:|https://doi)', page)
    for words in ("Synthetic data", "No medical device", "maps by Grad-CAM", "CLAIM 2024", "TRIPOD+AI", "Not tested"):
        assert words in page, words


def test_other_data_has_a_line_for_the_fall(call, run: Run, other_phantoms: Path, tmp_path: Path) -> None:
    source = read_collection(other_phantoms, "phantoms", AdapterOptions()).only(("benign", "malignant"))
    plan = PreparePlan("phantoms", PreprocessSpec(height=64, width=64), (0, 0, 1))
    prepare(source, tmp_path / "there", plan, workers=1)
    done = call("evaluate", run.folder, "--external", f"elsewhere={tmp_path / 'there'}", "--out", tmp_path / "out")
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("  per image: AUC"))
    verdict = read_json(Evaluation, tmp_path / "out" / "evaluation.json")
    (other,) = verdict.externals
    fall = verdict.figures["auc"].value - other.evaluation.figures["auc"].value
    assert other.falls["image"]["auc"].value == pytest.approx(fall)
    assert line.endswith(f"fall {other.falls['image']['auc']}")
    assert f"elsewhere: {other.source}" in (tmp_path / "out" / "evaluation.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("external", "words"),
    [
        ("there", "--external there: expected NAME=DATA"),
        ("=there", "expected NAME=DATA"),
        ("here=none", "none: no dataset.json"),
        ("here=none.csv", "none.csv: no such file"),
    ],
)
def test_other_data_that_is_none_is_one_line_and_leaves_no_folder(
    call, run: Run, tmp_path: Path, external: str, words: str
) -> None:
    name, sign, path = external.partition("=")
    text = f"{name}{sign}{tmp_path / path}" if sign else external
    call("evaluate", run.folder, "--external", text, "--out", tmp_path / "out").assert_clean_error(words)
    assert not (tmp_path / "out").exists()


def test_a_table_with_data_shows_its_mistakes(call, run: Run, prepared: Dataset, tmp_path: Path) -> None:
    arguments = ("--data", prepared.folder, "--threshold", "2", "--out", tmp_path / "out")
    assert call("evaluate", run.folder / "scores.csv", *arguments).status == 0
    page = (tmp_path / "out" / "evaluation.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg") == min(8, run.evaluation.positives)
    assert "Grad-CAM" not in page


def test_a_converted_file_says_what_it_is(call, converted, prepared: Dataset, tmp_path: Path) -> None:
    call("evaluate", converted["int8"].bundle.path, "--data", prepared.folder, "--out", tmp_path / "out")
    page = (tmp_path / "out" / "evaluation.html").read_text(encoding="utf-8")
    assert "A TF Lite file, int8" in page
    assert "sha256" in page


def test_other_parts_than_the_test_part_are_said_to_flatter(call, run: Run, tmp_path: Path) -> None:
    for split, words in (("train", "trained on them the figures say nothing"), ("validation", "the figures flatter")):
        done = call("evaluate", run.folder, "--split", split, "--out", tmp_path / split)
        assert words in done.stdout
        page = (tmp_path / split / "evaluation.html").read_text(encoding="utf-8")
        assert words in page
        assert f"{split.capitalize()} part: " in page
        assert "Test part: " not in page
        assert "No patient, as the data name them, lies in two parts" not in page


def test_of_other_data_nothing_is_said_of_the_split_of_the_trainings(
    call, run: Run, phantom_folder: Path, tmp_path: Path
) -> None:
    source = read_collection(phantom_folder, "phantoms", AdapterOptions()).only(("benign", "malignant"))
    plan = PreparePlan("phantoms", PreprocessSpec(height=64, width=64), (0.6, 0.2, 0.2), seed=9)
    prepare(source, tmp_path / "redrawn", plan, workers=1)
    call("evaluate", run.folder, "--data", tmp_path / "redrawn", "--out", tmp_path / "other")
    call("evaluate", run.folder, "--out", tmp_path / "own")
    own, other = ((tmp_path / name / "evaluation.html").read_text(encoding="utf-8") for name in ("own", "other"))
    for words in ("lies in two parts", "no image shows the same as one of another part"):
        assert words in own
        assert words not in other
    assert "these patients may have been trained on" in other
    assert "these patients may have been trained on" not in own


def test_the_models_own_data_is_no_test_on_other_data(call, run: Run, prepared: Dataset, tmp_path: Path) -> None:
    call("evaluate", run.folder, "--external", f"x={prepared.folder}").assert_clean_error("the model was trained on")
    source = read_collection(Path(prepared.folder).parent / "phantoms", "phantoms", AdapterOptions())
    plan = PreparePlan("phantoms", PreprocessSpec(height=64, width=64), (0, 0, 1))
    prepare(source.only(("benign", "malignant")), tmp_path / "again", plan, workers=1)
    done = call("evaluate", run.folder, "--external", f"x={tmp_path / 'again'}", "--out", tmp_path / "out")
    done.assert_clean_error("--external x:", "of its images are of the data that is judged")
    assert not (tmp_path / "out").exists()


def test_the_command_on_the_page_tells_no_place_on_this_machine() -> None:
    given = ["evaluate", "/home/me/my runs/u60", "--external", "MIAS=/data/mias", "--out", "report", "--by", "view"]
    assert typed(given) == "tflite-mammo evaluate u60 --external MIAS=mias --out report --by view"
    assert typed(["evaluate", "my runs/u60"]) == "tflite-mammo evaluate 'my runs/u60'"

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.evaluation.compare import Comparison
from tflite_mammo.schema import read_json
from tflite_mammo.scores import ScoreRow, Scores, write_scores
from tflite_mammo.training.run import Run


def write_table(path: Path, findings: list[float]) -> Path:
    """Of an even number of images, the second half with the finding; two images a patient."""
    half = len(findings) // 2
    rows = tuple(
        ScoreRow(f"{i}.png", f"P{i // 2}", "", "", "test", "malignant" if i >= half else "benign")
        for i in range(len(findings))
    )
    finding = np.array(findings, np.float32)
    write_scores(Scores(("benign", "malignant"), rows, np.stack([1 - finding, finding], axis=1)), path)
    return path


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    a = write_table(tmp_path / "a.csv", [0.1, 0.7, 0.3, 0.6, 0.4, 0.9, 0.2, 0.8])
    return a, write_table(tmp_path / "b.csv", [0.2, 0.4, 0.3, 0.1, 0.6, 0.9, 0.3, 0.8])


def test_two_tables_are_compared_in_a_few_lines(call, tables) -> None:
    done = call("compare", *tables, "--threshold-a", 0.5, "--threshold-b", 0.55)
    assert done.status == 0
    lines = done.stdout.splitlines()
    assert lines[1:3] == [
        "  8 images, 4 malignant: 3 called otherwise",
        "    AUC          A 0.688  B 0.906  +0.219 (-1.000 to +1.000)  p 0.270",
    ]
    assert "  threshold of B 0.5500: given by hand" in lines


def test_a_worse_model_is_status_0_too(call, tables) -> None:
    assert call("compare", *tables[::-1], "--threshold-a", 0.5, "--threshold-b", 0.5).status == 0


def test_a_run_and_its_file_are_compared_each_at_its_own_threshold(call, run: Run, converted, prepared) -> None:
    model = converted["int8"].bundle
    done = call("compare", run.folder, model.path, "--data", prepared.folder, "--threshold-b", 0.25, "--json")
    found = json.loads(done.stdout)
    assert [one["value"] for one in found["thresholds"]] == [run.evaluation.threshold.value, 0.25]
    given = json.loads(call("compare", run.folder, run.folder, "--threshold-a", 0.25, "--json").stdout)
    assert [one["value"] for one in given["thresholds"]] == [0.25, run.evaluation.threshold.value]
    own = json.loads(call("compare", run.folder, model.path, "--data", prepared.folder, "--json").stdout)
    assert own["thresholds"][1]["value"] == model.card.threshold.value
    assert own["levels"][0]["figures"]["auc"]["a"] == pytest.approx(run.evaluation.figures["auc"].value)


def test_a_run_is_compared_with_a_table(call, run: Run, prepared: Dataset) -> None:
    """The run's own scores beside it: the same model."""
    done = call("compare", run.folder, run.folder / "scores.csv", "--threshold-b", run.evaluation.threshold.value)
    assert done.status == 0
    assert re.search(r"AUC .* \+0\.000 +p 1\.000", done.stdout)


def test_what_changed_is_written_whole(call, tables, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert call("compare", *tables, "--threshold-a", 0.5, "--threshold-b", 0.5, "--out", out).status == 0
    assert sorted(path.name for path in out.iterdir()) == ["changed.csv", "comparison.json"]
    found = read_json(Comparison, out / "comparison.json")
    with (out / "changed.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["unit"], row["file"]) for row in rows] == [
        ("image", "1.png"), ("image", "3.png"), ("image", "4.png"), ("patient", "P0"), ("patient", "P1"),
    ]  # fmt: skip
    assert rows[0] == {
        "unit": "image", "file": "1.png", "patient": "P0", "label": "benign", "score_a": "0.7", "score_b": "0.4",
        "call_a": "malignant", "call_b": "benign",
    }  # fmt: skip
    assert len(rows) == sum(len(level.changed) for level in found.levels)


def test_a_folder_that_exists_is_refused_and_a_failure_leaves_none(call, tables, tmp_path: Path) -> None:
    at = ("--threshold-a", 0.5, "--threshold-b", 0.5, "--out")
    call("compare", *tables, *at, tmp_path).assert_clean_error("exists already")
    other = write_table(tmp_path / "other.csv", [0.5, 0.6])
    call("compare", tables[0], other, *at, tmp_path / "out").assert_clean_error("not of the same images")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv", "other.csv"]


def test_a_table_needs_its_threshold(call, tables) -> None:
    call("compare", *tables).assert_clean_error("a.csv has no row of split 'validation'", "--threshold-a")
    call("compare", *tables, "--threshold-a", 0.5).assert_clean_error(
        "b.csv has no row of split 'validation'", "--threshold-b"
    )


def test_a_threshold_that_is_no_number_is_refused(call, tables) -> None:
    done = call("compare", *tables, "--threshold-a", 0.5, "--threshold-b", "inf")
    done.assert_clean_error("--threshold-b inf: expected a number")


def test_the_threshold_is_asked_for_before_the_first_image_is_scored(call, run: Run, tables) -> None:
    """Of another split there is nothing to score; that would be told later."""
    done = call("compare", run.folder, tables[1], "--split", "tset")
    done.assert_clean_error("b.csv has no row of split 'validation'", "--threshold-b")


def test_scores_of_patients_are_pooled_as_asked(call, tables) -> None:
    at = ("--threshold-a", 0.5, "--threshold-b", 0.5, "--json")
    by_max, by_mean = (json.loads(call("compare", *tables, *at, "--pool", pool).stdout) for pool in ("max", "mean"))
    assert (by_max["pooling"], by_mean["pooling"]) == ("max", "mean")
    assert [found["levels"][-1]["figures"]["specificity"]["a"] for found in (by_max, by_mean)] == [0, 1]
    assert call("compare", *tables, "--pool", "median").status == 2


def test_one_class_alone_is_measured_with_a_note(call, tables, tmp_path: Path) -> None:
    for path in tables:
        text = path.read_text(encoding="utf-8").replace("test,malignant", "test,benign")
        (tmp_path / f"one-{path.name}").write_text(text, encoding="utf-8")
    pair = tmp_path / "one-a.csv", tmp_path / "one-b.csv"
    done = call("compare", *pair, "--threshold-a", 0.5, "--threshold-b", 0.5)
    assert done.status == 0
    assert "    AUC          not computable" in done.stdout
    assert "NOTE: no malignant among the 8 images" in done.stdout


def test_a_missing_file_is_named(call, tables, tmp_path: Path) -> None:
    done = call("compare", tables[0], tmp_path / "c.csv", "--threshold-a", 0.5, "--threshold-b", 0.5)
    done.assert_clean_error("c.csv: no such file")

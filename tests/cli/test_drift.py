import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.bundle import write_bundle
from tflite_mammo.conversion.proof import Proof
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.schema import read_json
from tflite_mammo.scores import ScoreRow, Scores, Threshold, write_scores
from tflite_mammo.training.run import Run


def weights_of(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return path.read_bytes()[: min(entry.header_offset for entry in archive.infolist())]


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    """Of eight images; B calls two of them otherwise."""
    paths = tmp_path / "a.csv", tmp_path / "b.csv"
    for path, findings in zip(paths, ([0.1, 0.7, 0.2, 0.7] * 2, [0.1, 0.3, 0.2, 0.7] * 2), strict=True):
        labels = ("benign", "malignant")
        rows = tuple(ScoreRow(f"{i}.png", f"P{i}", "", "", "test", labels[i % 2]) for i in range(8))
        finding = np.array(findings, np.float32)
        write_scores(Scores(labels, rows, np.stack([1 - finding, finding], axis=1)), path)
    return paths


def test_a_run_and_its_file_are_compared_at_the_runs_threshold(call, run: Run, converted, prepared: Dataset) -> None:
    done = call("drift", run.folder, converted["float32"].bundle.path, "--data", prepared.folder, "--json")
    report = json.loads(done.stdout)
    assert (done.status, report["drift"]["flips"]) == (0, [])
    assert report["threshold"]["value"] == run.evaluation.threshold.value
    assert [stage["file"] for stage in report["stages"]] == ["model.keras", "float32.tflite"]
    assert [len(stage["speeds"]) for stage in report["stages"]] == [0, 2]


def test_two_tables_that_disagree_are_status_1_with_the_cases_named(call, run: Run, tmp_path: Path) -> None:
    scores = run.scores.of_split("test")
    write_scores(scores, tmp_path / "a.csv")
    turned = Scores(scores.classes, scores.rows, np.ascontiguousarray(scores.values[:, ::-1]))
    write_scores(turned, tmp_path / "b.csv")
    threshold = float(np.median(scores.finding))
    flipped = (scores.finding >= threshold) != (turned.finding >= threshold)
    done = call("drift", tmp_path / "a.csv", tmp_path / "b.csv", "--threshold", repr(threshold))
    assert done.status == 1
    assert done.stdout.startswith("BEYOND the budget of int8: A a.csv, B b.csv")
    named = re.findall(r"^  (?:missed finding|new alarm|found now|alarm gone): (\S+)", done.stdout, re.MULTILINE)
    assert 0 < len(named) <= 20
    assert set(named) <= {row.file for row, out in zip(scores.rows, flipped, strict=True) if out}


def test_two_tables_need_a_threshold(call, run: Run) -> None:
    table = run.folder / "scores.csv"
    call("drift", table, table).assert_clean_error("pass the one to compare at with --threshold")


def test_tables_of_other_images_are_refused(call, run: Run, tmp_path: Path) -> None:
    scores = run.scores.of_split("test")
    fewer = Scores(scores.classes, scores.rows[1:], scores.values[1:])
    write_scores(fewer, tmp_path / "fewer.csv")
    done = call("drift", run.folder / "scores.csv", tmp_path / "fewer.csv", "--threshold", 0.5)
    done.assert_clean_error("not of the same images", scores.rows[0].file)


def test_a_threshold_that_is_given_rules(call, run: Run) -> None:
    done = call("drift", run.folder, run.folder, "--threshold", 0.25, "--json")
    assert json.loads(done.stdout)["threshold"]["value"] == 0.25


def test_a_threshold_that_is_no_number_is_refused(call, run: Run) -> None:
    table = run.folder / "scores.csv"
    call("drift", table, table, "--threshold", "nan").assert_clean_error("--threshold nan: expected a number")


def test_page_and_figures_are_written_whole(call, run: Run, tmp_path: Path) -> None:
    table, out = run.folder / "scores.csv", tmp_path / "out"
    done = call("drift", table, table, "--threshold", 0.5, "--out", out)
    assert (done.status, done.stdout.splitlines()[-1]) == (0, f"  page: {out / 'drift.html'}")
    assert sorted(path.name for path in out.iterdir()) == ["drift.html", "drift.json"]
    assert read_json(Proof, out / "drift.json").drift.within
    assert str(tmp_path) not in (out / "drift.html").read_text(encoding="utf-8")


def test_beyond_the_budget_the_page_is_written_too(call, tables, tmp_path: Path) -> None:
    assert call("drift", *tables, "--threshold", 0.5, "--out", tmp_path / "out").status == 1
    assert "BEYOND the budget" in (tmp_path / "out/drift.html").read_text(encoding="utf-8")


def test_a_folder_that_exists_is_refused_and_a_failure_leaves_none(call, tables, run: Run, tmp_path: Path) -> None:
    call("drift", *tables, "--threshold", 0.5, "--out", tmp_path).assert_clean_error("exists already")
    done = call("drift", tables[0], run.folder / "scores.csv", "--threshold", 0.5, "--out", tmp_path / "out")
    done.assert_clean_error("not of the same images")
    deep = tmp_path / "new/deep/out"
    done = call("drift", tables[0], run.folder / "scores.csv", "--threshold", 0.5, "--out", deep)
    done.assert_clean_error("not of the same images")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv"]


def test_the_budget_of_a_file_rules_and_is_named(call, tables, tmp_path: Path) -> None:
    loose = tmp_path / "loose.toml"
    loose.write_text("auc_difference = 1\nsensitivity_loss = 1\nlabel_flips = 1\n")
    done = call("drift", *tables, "--threshold", 0.5, "--budget", loose)
    assert (done.status, done.stdout.split(":")[0]) == (0, "within the budget of loose.toml")


def test_a_budget_with_a_mistake_is_one_clean_line(call, tables, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("auc_difference = 1\nsensitivity_loss = 1\nlabel_flip = 1\n")
    done = call("drift", *tables, "--threshold", 0.5, "--budget", wrong)
    done.assert_clean_error("wrong.toml: unknown key 'label_flip'; did you mean 'label_flips'?")
    call("drift", *tables, "--threshold", 0.5, "--budget", "int9").assert_clean_error("no preset is called 'int9'")


def test_a_threshold_by_hand_is_rounded_as_scores_are(call, tables) -> None:
    """0.7 in float64 lies above the float32 that a score of .7 became: it must be called."""
    found = json.loads(call("drift", tables[0], tables[0], "--threshold", 0.7, "--json").stdout)
    assert found["drift"]["figures"]["sensitivity"]["a"] == 1.0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (",malignant,", ",benign,", "one class only"),
        ("0.7", "nan", "hold a score that is no number"),
        ("test", "train", "no image of split 'test'"),
    ],
)
def test_a_table_that_cannot_be_compared_is_one_clean_line(call, tables, old: str, new: str, words: str) -> None:
    for path in tables:
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    call("drift", *tables, "--threshold", 0.5).assert_clean_error(words)


def test_runs_with_thresholds_of_their_own_need_one(call, run: Run, converted, prepared: Dataset) -> None:
    bundle = converted["float32"].bundle
    other = replace(bundle.card, threshold=Threshold(0.123, "given by hand", ""))
    path = bundle.path.with_name("other.tflite")
    write_bundle(weights_of(bundle.path), other, path)
    done = call("drift", run.folder, path, "--data", prepared.folder)
    path.unlink()
    done.assert_clean_error("A and B carry thresholds of their own", "0.123", "pass one as --threshold")

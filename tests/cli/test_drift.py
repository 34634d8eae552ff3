import json
import re
from pathlib import Path

import numpy as np

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.scores import Scores, write_scores
from tflite_mammo.training.run import Run


def test_a_run_and_its_file_are_compared_at_the_runs_threshold(call, run: Run, converted, prepared: Dataset) -> None:
    done = call("drift", run.folder, converted["float32"].bundle.path, "--data", prepared.folder, "--json")
    report = json.loads(done.stdout)
    assert (done.status, report["label_flips"]) == (0, 0)
    assert report["threshold"] == run.evaluation.threshold.value


def test_two_tables_that_disagree_are_status_1_with_the_cases_named(call, run: Run, tmp_path: Path) -> None:
    scores = run.scores.of_split("test")
    write_scores(scores, tmp_path / "a.csv")
    turned = Scores(scores.classes, scores.rows, np.ascontiguousarray(scores.values[:, ::-1]))
    write_scores(turned, tmp_path / "b.csv")
    threshold = float(np.median(scores.finding))
    flipped = (scores.finding >= threshold) != (turned.finding >= threshold)
    done = call("drift", tmp_path / "a.csv", tmp_path / "b.csv", "--threshold", repr(threshold))
    assert done.status == 1
    assert "BEYOND the budget" in done.stdout
    named = re.findall(r"flipped: (\S+)", done.stdout)
    assert named == [row.file for row, out in zip(scores.rows, flipped, strict=True) if out][:20]


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
    assert json.loads(done.stdout)["threshold"] == 0.25


def test_a_threshold_that_is_no_number_is_refused(call, run: Run) -> None:
    table = run.folder / "scores.csv"
    call("drift", table, table, "--threshold", "nan").assert_clean_error("--threshold nan: expected a number")

import json
from pathlib import Path

from tflite_mammo.training.run import Run


def test_runs_are_listed_below_a_folder(call, run: Run) -> None:
    done = call("runs", run.folder.parent)
    assert done.status == 0
    head, recipe, row = done.stdout.splitlines()
    assert head.split()[0] == "run"
    assert recipe == "small-cnn"
    assert row.split()[0] == run.folder.name
    assert row.split()[-2:] == [run.data.fingerprint[:12], "ok"]


def test_the_table_comes_as_json(call, run: Run) -> None:
    (row,) = json.loads(call("runs", run.folder.parent, "--json").stdout)
    assert (row["run"], row["recipe"], row["data"]) == (run.folder.name, "small-cnn", run.data.fingerprint)
    assert row["auc"]["value"] == run.evaluation.figures["auc"].value


def test_a_folder_without_runs_says_so(call, tmp_path: Path) -> None:
    done = call("runs", tmp_path)
    assert (done.status, done.stdout) == (0, "")
    assert "no run below" in done.stderr


def test_a_folder_that_is_not_there_is_one_clean_line(call, tmp_path: Path) -> None:
    call("runs", tmp_path / "nowhere").assert_clean_error("nowhere: no such folder")

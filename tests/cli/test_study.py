"""A study as a person types it: two recipes at two seeds, each trained by the real command."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tflite_mammo.cli import main
from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.declared import find, names_of
from tflite_mammo.schema import read_json, to_json
from tflite_mammo.studies import engine
from tflite_mammo.studies.conduct import Conducted
from tflite_mammo.training.run import Run

RUNS = [f"{recipe}-seed{seed}" for recipe in ("small-cnn", "mine") for seed in (0, 1)]


def write_study(folder: Path) -> Path:
    """A study of the small CNN and of the same without its dense layer."""
    small = find("recipes", "small-cnn").read_text(encoding="utf-8")
    (folder / "mine.toml").write_text(small.replace("dense = [32]", "dense = []"))
    text = f"""# Two heads.
title = "Two heads of the small CNN"
source = "Nobody"
prepare = "tflite-mammo prepare IN OUT"
recipes = ["small-cnn", "{folder / "mine.toml"}"]
seeds = [0, 1]
[reported.small-cnn]
accuracy = 0.7
"""
    (folder / "two.toml").write_text(text)
    return folder / "two.toml"


@pytest.fixture(scope="module")
def external(prepared: Dataset, other_phantoms: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    manifest = read_collection(other_phantoms, "phantoms", AdapterOptions()).only(prepared.info.classes)
    plan = PreparePlan("phantoms", prepared.info.spec, (0.0, 0.0, 1.0))
    return prepare(manifest, tmp_path_factory.mktemp("study") / "external", plan, workers=1)


@pytest.fixture(scope="module")
def studied(
    prepared: Dataset, external: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Any, list[Any]]:
    """The study's folder, what the command said, and its arguments; trained once, changed by nobody."""
    folder = tmp_path_factory.mktemp("study")
    arguments = ["study", write_study(folder), "--data", prepared.folder, "--out", folder / "out"]
    arguments += ["--external", external.folder]
    return folder / "out", CliRunner().invoke(main, [str(a) for a in arguments]), arguments


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "study.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_recipe_is_trained_at_every_seed(studied) -> None:
    out, done, _ = studied
    assert done.exit_code == 0, done.stderr
    assert sorted(path.name for path in (out / "runs").iterdir()) == sorted(RUNS)
    seeds = {Run(out / "runs" / name).environment.seed for name in RUNS}
    assert (seeds, len(Run(out / "runs" / RUNS[3]).history)) == ({0, 1}, 3)


def test_the_tables_hold_each_run_and_its_figures_on_both_data(studied, external: Dataset) -> None:
    out, _, _ = studied
    rows = rows_of(out)
    assert [row["run"] for row in rows] == RUNS
    run = Run(out / "runs" / RUNS[0])
    assert float(rows[0]["auc"]) == run.evaluation.figures["auc"].value
    judged = json.loads((out / "external" / RUNS[0] / "evaluation.json").read_text())
    assert judged["images"] == external.info.images
    assert float(rows[0]["external_auc"]) == judged["levels"][0]["figures"]["auc"]["value"]
    summary = json.loads((out / "study.json").read_text())["recipes"][0]
    ours = [float(row["accuracy"]) for row in rows[:2]]
    assert summary["figures"]["accuracy"]["mean"] == pytest.approx(sum(ours) / 2)
    assert (summary["recipe"], summary["runs"], summary["reported"]["accuracy"]) == ("small-cnn", 2, 0.7)


def test_progress_goes_to_stderr_and_the_page_is_the_last_line(studied) -> None:
    out, done, _ = studied
    assert done.stdout.splitlines()[-1] == str((out / "report.html").resolve())
    assert "its source" in done.stdout
    assert f"2 of 4  {RUNS[1]}: training" in done.stderr
    assert f"4 of 4  {RUNS[3]}: AUC " in done.stderr
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "On other data" in page
    assert str(out.parent) not in page.replace(str(out.parent / "two.toml"), "").replace(
        str(out.parent / "mine.toml"), ""
    )


def test_the_same_command_trains_nothing_twice(call, studied, monkeypatch: pytest.MonkeyPatch) -> None:
    out, _, arguments = studied
    before = (out / "study.csv").read_bytes()
    monkeypatch.setattr(engine, "_call", lambda *_: pytest.fail("trained or judged again"))
    assert call(*arguments).status == 0
    assert (out / "study.csv").read_bytes() == before


def test_a_run_trained_otherwise_stops_the_study_before_anything(
    call, studied, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, arguments = studied
    monkeypatch.setattr(engine, "_call", lambda *_: pytest.fail("trained"))
    done = call(*arguments, "--batch-size", 4)
    assert done.status == 2
    assert f"{RUNS[0]} was trained otherwise than is asked for: batch_size 8 against 4" in done.stderr


def test_another_studys_tables_are_not_written_over(call, studied, external: Dataset, tmp_path: Path) -> None:
    out, _, _ = studied
    other = write_study(tmp_path).rename(tmp_path / "other.toml")
    before = (out / "study.json").read_bytes()
    done = call("study", other, "--data", external.folder, "--out", out, "--accept-leak")
    assert done.status == 2
    assert (
        f"holds the study two on data {Run(out / 'runs' / RUNS[0]).data.fingerprint[:12]}, asked for is" in done.stderr
    )
    assert (out / "study.json").read_bytes() == before


def test_the_verdict_comes_as_json(call, studied) -> None:
    out, _, arguments = studied
    verdict = call(*arguments, "--json").stdout
    assert verdict == (out / "study.json").read_text()
    assert to_json(read_json(Conducted, out / "study.json")) == verdict


def test_a_run_that_fails_does_not_stop_the_others(call, prepared: Dataset, tmp_path: Path) -> None:
    bad = find("recipes", "small-cnn").read_text(encoding="utf-8").replace('"random"', '"nowhere.weights.h5"')
    study = write_study(tmp_path)
    (tmp_path / "mine.toml").write_text(bad)
    recipes = f"{tmp_path / 'mine.toml'},small-cnn"
    out = ("--out", tmp_path / "out", "--recipes", recipes, "--seeds", 3)
    done = call("study", study, "--data", prepared.folder, *out)
    assert done.status == 1
    assert "1 of 2 runs went wrong: mine-seed3" in done.stderr.splitlines()[-1]
    failed, trained = rows_of(tmp_path / "out")
    assert failed["auc"] == ""
    assert "nowhere.weights.h5" in failed["state"]
    assert trained["state"] == "ok"
    assert failed["state"].replace("'", "&#39;") in (tmp_path / "out" / "report.html").read_text()


def test_without_a_name_the_studies_are_listed(call) -> None:
    assert [line.split()[0] for line in call("study").stdout.splitlines()] == names_of("studies")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere",), ("no study is called 'nowhere'",)),
        (("two", "--recipes", "other"), ("'other' is no recipe of two",)),
        (("two", "--gpus", 1), ("--engine ray",)),
        (("two", "--external", "nowhere"), ("nowhere: no dataset.json",)),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_trained(
    call, prepared: Dataset, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(engine, "_call", lambda *_: pytest.fail("trained"))
    named = [write_study(tmp_path) if argument == "two" else argument for argument in arguments]
    call("study", *named, "--data", prepared.folder, "--out", tmp_path / "out").assert_clean_error(*words)


def test_a_recipe_that_cannot_be_read_is_said_before_anything_is_trained(
    call, prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_call", lambda *_: pytest.fail("trained"))
    study = write_study(tmp_path)
    (tmp_path / "mine.toml").unlink()
    done = call("study", study, "--data", prepared.folder, "--out", tmp_path / "out")
    done.assert_clean_error("mine.toml: no such file")


def test_data_and_a_place_are_asked_for_by_name(call, tmp_path: Path) -> None:
    call("study", "resnet50-unfreeze").assert_clean_error("--data is needed")
    call("study", "resnet50-unfreeze", "--data", tmp_path).assert_clean_error("--out is needed")


def test_a_leak_is_refused_with_status_1(call, prepared: Dataset, tmp_path: Path) -> None:
    shutil.copytree(prepared.folder, tmp_path / "data")
    kept = tmp_path / "data" / "audit" / "audit.json"
    from tflite_mammo.auditing.gate import audited

    audited(Dataset(tmp_path / "data"))
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"leaks": 2}))
    done = call("study", write_study(tmp_path), "--data", tmp_path / "data", "--out", tmp_path / "out")
    done.assert_clean_error("2 pairs of images show the same", "--accept-leak", status=1)


def test_ctrl_c_is_one_line_and_the_same_command_goes_on(prepared: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["study", write_study(tmp_path), "--data", prepared.folder, "--out", out, "--recipes", "small-cnn"]
    command = [sys.executable, "-m", "tflite_mammo", *map(str, arguments)]
    typed = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
    for _ in range(1200):
        if (out / "logs").exists():
            break
        time.sleep(0.05)
    time.sleep(1)
    os.killpg(typed.pid, signal.SIGINT)  # as a terminal does: to the study and to what it trains
    stdout, stderr = typed.communicate(timeout=60)
    assert (typed.returncode, stdout) == (130, "")
    assert stderr.splitlines()[-1] == f"stopped; finished runs are kept in {out}, the same command goes on"
    assert "Traceback" not in stderr
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [row["state"] for row in rows_of(out)] == ["ok", "ok"]

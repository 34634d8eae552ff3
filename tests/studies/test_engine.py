"""The commands that a study gives, with a stand-in for the interpreter that notes what it is called with."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.studies import engine
from tflite_mammo.studies.engine import Job, Outcome, carry_out

TRAINED = "mkdir -p runs/a && touch runs/a/model.keras"
COLLAPSE = '{"sign": "constant", "words": "all malignant", "epoch": 2}'
COLLAPSED = f"mkdir -p runs/a.collapsed && echo '{COLLAPSE}' > runs/a.collapsed/collapse.json; exit 1"


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(Path("runs/a"), ("train", "--recipe", "r"), None, (), Path("logs/a.log"), tmp_path)


@pytest.fixture
def judged(job: Job) -> Job:
    return Job(job.run, job.train, Path("external/a"), ("evaluate", "runs/a"), job.log, job.place)


def stand_in(monkeypatch: pytest.MonkeyPatch, place: Path, script: str) -> None:
    """Called as Python is; its arguments go to calls.txt."""
    program = place / "python"
    program.write_text(f'#!/bin/sh\necho "$*" >> calls.txt\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setattr(engine.sys, "executable", str(program))


def calls(place: Path) -> list[str]:
    return (place / "calls.txt").read_text().splitlines() if (place / "calls.txt").exists() else []


def test_a_run_is_trained_by_the_users_own_command(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, job.place, TRAINED)
    assert carry_out(job) == Outcome("a")
    assert calls(job.place) == ["-m tflite_mammo train --recipe r --json"]


def test_a_run_that_is_there_is_not_trained_again(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, job.place, TRAINED)
    carry_out(job)
    assert carry_out(job) == Outcome("a")
    assert len(calls(job.place)) == 1


def test_a_run_that_was_stopped_goes_on_from_its_checkpoint(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, job.place, TRAINED)
    partial = job.place / "runs" / ".a.partial"
    partial.mkdir(parents=True)
    np.savez(partial / "checkpoint.npz", x=1)
    carry_out(job)
    assert calls(job.place) == ["-m tflite_mammo train --recipe r --json --resume"]


def test_what_was_stopped_before_its_first_checkpoint_starts_anew(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, job.place, TRAINED)
    (job.place / "runs" / ".a.partial").mkdir(parents=True)
    carry_out(job)
    assert "--resume" not in calls(job.place)[0]


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        ("echo note >&2; echo 'error: no such weights' >&2; echo later >&2; exit 2", "no such weights"),
        ("echo Traceback >&2; echo 'ValueError: odd' >&2; exit 1", "ValueError: odd"),
        ("exit 3", "ended with status 3 and said nothing"),
        ("kill -9 $$", "ended from outside by signal 9, for want of memory perhaps"),
        ("exit 0", "no run was left"),
    ],
)
def test_what_went_wrong_is_told_in_its_own_words(
    job: Job, monkeypatch: pytest.MonkeyPatch, script: str, failure: str
) -> None:
    stand_in(monkeypatch, job.place, script)
    assert carry_out(job) == Outcome("a", failure)


def test_what_an_earlier_try_said_is_kept_and_not_taken_for_this_ones(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, job.place, "echo 'error: first' >&2; exit 2")
    carry_out(job)
    stand_in(monkeypatch, job.place, "echo second >&2; exit 1")
    assert carry_out(job) == Outcome("a", "second")
    assert (job.place / job.log).read_text() == "error: first\nsecond\n"


def test_a_collapse_is_told_and_not_tried_again(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, job.place, COLLAPSED)
    told = Outcome("a", "collapsed, all malignant; remove a.collapsed to try it again")
    assert carry_out(job) == told
    assert carry_out(job) == told
    assert len(calls(job.place)) == 1


def test_a_finished_run_is_judged_on_other_data_once(judged: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, judged.place, f"{TRAINED}; test $3 = evaluate && mkdir -p external/a; exit 0")
    assert (carry_out(judged), carry_out(judged)) == (Outcome("a"), Outcome("a"))
    assert [line.split()[2] for line in calls(judged.place)] == ["train", "evaluate"]


def test_a_run_that_failed_is_judged_on_nothing(judged: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, judged.place, "exit 1")
    carry_out(judged)
    assert len(calls(judged.place)) == 1


def test_scores_of_an_earlier_run_of_this_name_do_not_outlive_it(judged: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    (judged.place / "external" / "a").mkdir(parents=True)
    stand_in(monkeypatch, judged.place, TRAINED)
    carry_out(judged)
    assert [line.split()[2] for line in calls(judged.place)] == ["train", "evaluate"]


def alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_no_training_outlives_its_study(job: Job, how: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGINT goes to the whole group, as a terminal gives it; SIGKILL to the study alone."""
    stand_in(monkeypatch, job.place, "echo $$ > pid; exec sleep 60")
    code = (
        "import sys; from pathlib import Path; from tflite_mammo.studies.engine import Job, carry_out\n"
        f"sys.executable = {engine.sys.executable!r}\n"
        f"carry_out(Job(Path('runs/a'), ('train',), None, (), Path('log'), Path({str(job.place)!r})))"
    )
    monkeypatch.undo()
    study = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stderr=subprocess.DEVNULL)
    pid = wait_for(job.place / "pid")
    os.killpg(study.pid, how) if how is signal.SIGINT else os.kill(study.pid, how)
    study.wait(30)
    ends = time.monotonic() + 10
    while alive(pid) and time.monotonic() < ends:
        time.sleep(0.05)
    assert not alive(pid)


def wait_for(file: Path) -> int:
    for _ in range(400):
        if file.exists() and file.read_text().strip():
            return int(json.loads(file.read_text()))
        time.sleep(0.05)
    pytest.fail("the stand-in was never called")

"""Jobs to Outcomes: each run by the command that a person would type, in a process of its own, here or on a cluster."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tflite_mammo.files import partial_of
from tflite_mammo.parallel import Engine, end_with_parent, map_ordered
from tflite_mammo.training.unfinished import collapsed_of, is_collapsed, is_partial, read_collapse

GRACE_S = 20
"""For a training that was stopped to put its checkpoint away."""


@dataclass(frozen=True)
class Job:
    run: Path
    train: tuple[str, ...]
    """Arguments of tflite-mammo."""
    external: Path | None
    evaluate: tuple[str, ...]
    log: Path
    """Where to the commands' stderr goes."""
    place: Path
    """The folder that the paths are told from."""


@dataclass(frozen=True)
class Outcome:
    run: str
    failure: str = ""


def carry_out_all(jobs: Sequence[Job], engine: Engine, cpus: float, gpus: float) -> Iterator[Outcome]:
    """Here one after the other: each takes all of this machine. On a cluster as many at once as there is room for."""
    return map_ordered(carry_out, jobs, 1 if engine == "local" else None, engine=engine, cpus=cpus, gpus=gpus)


def carry_out(job: Job) -> Outcome:
    """Train the run unless it is there, and score the external data unless that is done."""
    run = job.place / job.run
    if not is_there(run):
        if is_collapsed(collapsed_of(run)):
            return Outcome(run.name, _of_collapse(run))
        if job.external:
            shutil.rmtree(job.place / job.external, ignore_errors=True)  # of an earlier run of this name
        resume = ("--resume",) if is_partial(partial_of(run)) else ()
        failure = _call(job, (*job.train, "--json", *resume))
        if is_collapsed(collapsed_of(run)):
            return Outcome(run.name, _of_collapse(run))
        if failure or not is_there(run):
            return Outcome(run.name, failure or "no run was left")
    if job.external and not (job.place / job.external).exists():
        return Outcome(run.name, _call(job, (*job.evaluate, "--json")))
    return Outcome(run.name)


def is_there(run: Path) -> bool:
    return run.is_dir() and any(run.iterdir())


def is_settled(run: Path) -> bool:
    """There, or given up: nothing will be trained."""
    return is_there(run) or is_collapsed(collapsed_of(run))


def _call(job: Job, arguments: tuple[str, ...]) -> str:
    """What went wrong, in words; nothing where nothing did."""
    log = job.place / job.log
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tflite_mammo", *arguments]
    with log.open("ab") as file:
        start = file.tell()
        child = subprocess.Popen(
            command, cwd=job.place, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=file,
            preexec_fn=end_with_parent(),
        )  # fmt: skip
        status = _waited_for(child)
    return _reason(status, log.read_bytes()[start:].decode(errors="replace")) if status else ""


def _waited_for(child: "subprocess.Popen[bytes]") -> int:
    try:
        return child.wait()
    except BaseException:  # Ctrl-C, which the terminal gives to the child as well
        try:
            child.wait(GRACE_S)
        except BaseException:
            child.kill()
            child.wait()
        raise


def _reason(status: int, log: str) -> str:
    lines = [line for line in log.splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    if status < 0:
        return f"ended from outside by signal {-status}, for want of memory perhaps"
    return (errors or lines or [f"ended with status {status} and said nothing"])[-1]


def _of_collapse(run: Path) -> str:
    folder = collapsed_of(run)
    return f"collapsed, {read_collapse(folder).words}; remove {folder.name} to try it again"

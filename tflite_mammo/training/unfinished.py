"""What a training leaves that did not come to its end: `.NAME.partial` when stopped, `NAME.collapsed` when given up."""

from pathlib import Path

from tflite_mammo.schema import read_json
from tflite_mammo.training.checkpoint import NAME as CHECKPOINT
from tflite_mammo.training.watch import Sign

COLLAPSE = "collapse.json"


def is_partial(folder: Path) -> bool:
    return folder.name.startswith(".") and folder.suffix == ".partial" and (folder / CHECKPOINT).is_file()


def collapsed_of(run: Path) -> Path:
    return run.with_name(f"{run.name}.collapsed")


def is_collapsed(folder: Path) -> bool:
    return folder.suffix == ".collapsed" and (folder / COLLAPSE).is_file()


def read_collapse(folder: Path) -> Sign:
    return read_json(Sign, folder / COLLAPSE)

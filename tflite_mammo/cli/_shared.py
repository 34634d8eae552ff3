"""What several commands share: option types, and engines that are imported quietly and only when needed."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tflite_mammo.errors import MammoError
from tflite_mammo.quiet import quiet

if TYPE_CHECKING:
    from tflite_mammo.data.dataset import Dataset
    from tflite_mammo.training.run import Run

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
SEED = click.IntRange(0, 2**32 - 1)
ANY_PATH = click.Path(path_type=Path)

json_option = click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON")


def start_keras() -> None:
    """Import Keras and its backend without the greetings that they write past Python."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet():
        import keras

        keras.ops.ones(1)  # the backend greets at its first use


def data_of(run: "Run", given: Path | None) -> "Dataset":
    """The data that a run was trained on: as given, or where it lay when the run was made."""
    from tflite_mammo.data.dataset import Dataset

    if given is not None:
        return Dataset(given)
    folder = Path(run.environment.data_folder)
    if not folder.is_dir():
        raise MammoError(f"{run.folder} was trained on {folder}, which is not there; pass its place with --data")
    return Dataset(folder)


def print_json(value: Any) -> None:
    from tflite_mammo.schema import to_json

    click.echo(to_json(value), nl=False)

"""What several commands share: option types, and engines that are imported quietly and only when needed."""

import os
import shlex
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tflite_mammo.console import progress
from tflite_mammo.declared import Kind, find, names_of
from tflite_mammo.errors import MammoError
from tflite_mammo.quiet import quiet

if TYPE_CHECKING:
    from tflite_mammo.auditing.report import LeakReport
    from tflite_mammo.data.dataset import Dataset
    from tflite_mammo.training.run import Run

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
SEED = click.IntRange(0, 2**32 - 1)
ANY_PATH = click.Path(path_type=Path)

fold_option = click.option("--fold", type=click.IntRange(1), help="Which fold, where DATA has folds")
json_option = click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON")


def start_keras() -> None:
    """Import Keras and its backend without the greetings that they write past Python."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if find_spec("tensorflow") is None and find_spec("jax") is not None:
        os.environ.setdefault("KERAS_BACKEND", "jax")  # Keras itself would ask for TensorFlow
    with quiet():
        import keras

        keras.ops.ones(1)  # the backend greets at its first use


def data_of(run: "Run", given: Path | None, fold: int | None = None) -> "Dataset":
    """The data that a run was trained on, or other data that is given."""
    folder = given or Path(run.environment.data_folder)
    if given is None and not folder.is_dir():
        raise MammoError(f"{run.folder} was trained on {folder}, which is not there; pass its place with --data")
    return data_for(run.folder, run.data.fingerprint, run.environment.fold, folder, fold)


def data_for(model: Path, trained_on: str, own_fold: int, folder: Path, fold: int | None) -> "Dataset":
    """At the model's own fold where the data is the model's own: in any other it has seen the patients tested."""
    from tflite_mammo.data.dataset import Dataset, read_info

    if not own_fold or read_info(folder).fingerprint != trained_on:
        return Dataset(folder, fold)
    if fold not in (None, own_fold):
        raise MammoError(f"--fold {fold}: {model} was trained on fold {own_fold}; leave --fold away")
    return Dataset(folder, own_fold)


def report_of(dataset: "Dataset") -> "LeakReport":
    """The audit that is kept beside the data, or one made now."""
    from tflite_mammo.auditing.gate import audited, kept_report

    if kept := kept_report(dataset):
        return kept
    with progress("auditing images", len(dataset.examples)) as advance:
        return audited(dataset, advance=advance)


def list_declared(kind: Kind) -> None:
    """Each name with the first line of its file, which says what it is."""
    names = names_of(kind)
    width = max(len(known) for known in names)
    for known in names:
        first = find(kind, known).read_text(encoding="utf-8").splitlines()[0]
        click.echo(f"{known:<{width}}  {first.removeprefix('#').strip()}")


def print_json(value: Any) -> None:
    from tflite_mammo.schema import to_json

    click.echo(to_json(value), nl=False)


def typed(arguments: Sequence[str]) -> str:
    """The command as it was given, but for where things lie on this machine: a page travels."""
    return shlex.join(["tflite-mammo", *(_without_place(argument) for argument in arguments)])


def _without_place(argument: str) -> str:
    name, sign, path = argument.rpartition("=")
    return f"{name}{sign}{Path(path).name}" if Path(path).is_absolute() else argument

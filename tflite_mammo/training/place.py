"""Where a run is written: hidden until it is whole, taken up again when stopped, set aside when it collapses."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tflite_mammo.data.dataset import Dataset, DatasetInfo
from tflite_mammo.errors import MammoError, StoppedError
from tflite_mammo.files import expect_new, whole_folder
from tflite_mammo.schema import differences, read_json
from tflite_mammo.training.checkpoint import NAME as CHECKPOINT
from tflite_mammo.training.checkpoint import read_standing
from tflite_mammo.training.recipe import Recipe
from tflite_mammo.training.run import read_run_recipe
from tflite_mammo.training.unfinished import collapsed_of, is_collapsed


@contextmanager
def run_folder(out: Path, recipe: Recipe, dataset: Dataset, *, resume: bool) -> Iterator[Path]:
    """Yield the folder to fill, which becomes `out` when the block ends well.

    When it does not, what was kept of an epoch stays for --resume; a folder that holds none vanishes.
    """
    with whole_folder(out, resume=True) as folder:
        if (folder / CHECKPOINT).is_file():
            _expect_to_go_on(out, folder, recipe, dataset, resume=resume)
            for half in folder.glob(".*.partial"):  # a write that a kill cut off
                half.unlink()
        else:
            _emptied(folder)
        try:
            yield folder
        except BaseException as error:
            stopped = _stopped(out, folder, recipe) if isinstance(error, KeyboardInterrupt) else ""
            if not (folder / CHECKPOINT).is_file():
                shutil.rmtree(folder, ignore_errors=True)
            if stopped:
                raise StoppedError(stopped) from None
            raise
        (folder / CHECKPOINT).unlink()


def _stopped(out: Path, folder: Path, recipe: Recipe) -> str:
    if not (folder / CHECKPOINT).is_file():
        return f"{out}: stopped before the first epoch was whole; nothing is kept"
    return f"{out}: stopped, epoch {len(read_standing(folder).history)} of {recipe.epochs} is kept; go on with --resume"


def expect_place(out: Path) -> None:
    """Ask before the work is done."""
    expect_new(out)
    collapsed = collapsed_of(out)
    if collapsed.exists() and not is_collapsed(collapsed):
        raise MammoError(f"{collapsed} is no collapsed run of ours, and one that collapses is kept there; rename it")


def set_aside(folder: Path, out: Path) -> Path:
    """A run that collapsed never lies under the name that was asked for; it replaces an earlier one of its kind."""
    place = collapsed_of(out.resolve())
    if is_collapsed(place):
        shutil.rmtree(place)
    (folder / CHECKPOINT).unlink(missing_ok=True)  # nothing goes on from it
    folder.rename(place)
    return collapsed_of(out)


def _expect_to_go_on(out: Path, folder: Path, recipe: Recipe, dataset: Dataset, *, resume: bool) -> None:
    standing = read_standing(folder)
    if not resume:
        raise MammoError(
            f"{out} was stopped after epoch {len(standing.history)}; go on with --resume, or remove {folder}"
        )
    found = differences(read_run_recipe(folder, recipe.name), recipe)
    before, now = standing.fold, dataset.fold or 0
    found += [f"fold {before} against {now}"] if before != now else []
    if found:
        raise MammoError(
            f"{out} was stopped as another training: {', '.join(found)}; resume it as it was, or remove {folder}"
        )
    if read_json(DatasetInfo, folder / "data.json").fingerprint != dataset.info.fingerprint:
        raise MammoError(f"{out} was stopped on other data than {dataset.folder}; pass that data, or remove {folder}")


def _emptied(folder: Path) -> None:
    for left in folder.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()

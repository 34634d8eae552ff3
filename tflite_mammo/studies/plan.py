"""A Study and a prepared folder to the runs that are wanted, each with the command a person would type for it.

Everything that can be wrong is found here, before anything is trained.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tflite_mammo.auditing.report import digest_of
from tflite_mammo.data.dataset import Dataset, read_info
from tflite_mammo.errors import MammoError
from tflite_mammo.files import write_text
from tflite_mammo.schema import differences, to_json
from tflite_mammo.studies.study import Study
from tflite_mammo.training.recipe import Recipe, read_recipe, with_changes
from tflite_mammo.training.run import Run

RUNS, EXTERNAL = "runs", "external"
NAMED_DIFFERENCES = 4


@dataclass(frozen=True)
class Changes:
    """What the command line says otherwise than the study or its recipes."""

    weights: str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    accept_leak: bool = False


@dataclass(frozen=True)
class Wanted:
    """One run of a study."""

    folder: Path
    asked: str
    """The recipe as the study names it, which may be a path."""
    recipe: Recipe
    """Resolved."""
    fold: int
    data: str
    """Fingerprint."""

    @property
    def name(self) -> str:
        return self.folder.name


def narrowed(study: Study, recipes: Sequence[str], seeds: Sequence[int]) -> Study:
    """The study with some of its recipes and with other seeds, where any are named."""
    for name in recipes:
        if name not in study.recipes:
            raise MammoError(f"'{name}' is no recipe of {study.name}; there are: {', '.join(study.recipes)}")
    kept = tuple(recipes) or study.recipes
    reported = {name: figures for name, figures in study.reported.items() if name in kept}
    try:
        return replace(study, recipes=kept, seeds=tuple(seeds) or study.seeds, reported=reported)
    except ValueError as error:
        raise MammoError(f"{study.name}: {error}") from None


def wanted_runs(study: Study, data: Path, out: Path, changes: Changes) -> list[Wanted]:
    info = read_info(data)
    pairs, wanted = _pairs(study, info.folds, data), []
    for asked in study.recipes:
        recipe = read_recipe(asked)
        for seed, fold in pairs:
            resolved = with_changes(
                recipe, weights=changes.weights, epochs=changes.epochs, seed=seed, batch_size=changes.batch_size
            )
            name = f"{recipe.name}-seed{seed}" + (f"-fold{fold}" if fold else "")
            wanted.append(Wanted(out / RUNS / name, asked, resolved, fold, info.fingerprint))
    if len({run.folder for run in wanted}) < len(wanted):
        raise MammoError(f"{study.name}: two recipes have files of the same name; rename one")
    return wanted


def _pairs(study: Study, there: int, data: Path) -> list[tuple[int, int]]:
    """Seeds and folds; fold 0 where the data has one split."""
    if not there:
        return [(seed, 0) for seed in study.seeds]
    if not study.folds:
        return [(study.seeds[0], fold) for fold in range(1, there + 1)]
    if max(study.folds) > there or min(study.folds) < 1:
        asked = ", ".join(map(str, study.folds))
        raise MammoError(f"{study.name} asks for fold {asked}; {data} is prepared in folds 1 to {there}")
    return [(seed, fold) for fold in study.folds for seed in study.seeds]


def expect_as_wanted(wanted: Wanted) -> None:
    """A run that is there counts only if it is what would be trained."""
    run = Run(wanted.folder)
    found = differences(run.recipe, wanted.recipe)
    for what, there, asked in (
        ("fold", run.environment.fold, wanted.fold),
        ("data", run.environment.data[:12], wanted.data[:12]),
    ):
        found += [f"{what} {there} against {asked}"] if there != asked else []
    if found:
        more = f" and {len(found) - NAMED_DIFFERENCES} more" if len(found) > NAMED_DIFFERENCES else ""
        raise MammoError(
            f"{wanted.folder} was trained otherwise than is asked for: {', '.join(found[:NAMED_DIFFERENCES])}{more}; "
            "remove it or choose another --out"
        )


def train_arguments(wanted: Wanted, data: Path, changes: Changes) -> tuple[str, ...]:
    given = {"--weights": changes.weights, "--epochs": changes.epochs, "--batch-size": changes.batch_size}
    options = [text for name, value in given.items() if value is not None for text in (name, str(value))]
    options += ["--fold", str(wanted.fold)] if wanted.fold else []
    options += ["--accept-leak"] if changes.accept_leak else []
    needed = ["--recipe", wanted.asked, "--data", str(data), "--out", str(wanted.folder)]
    return ("train", *needed, "--seed", str(wanted.recipe.seed), *options)


def evaluate_arguments(wanted: Wanted, external: Path, out: Path) -> tuple[str, ...]:
    return ("evaluate", str(wanted.folder), "--data", str(external), "--out", str(out / EXTERNAL / wanted.name))


def expect_external(external: Path, dataset: Dataset, out: Path) -> Dataset:
    """Another collection of the same shape and classes; scores of yet another one must not lie in its place."""
    if read_info(external).folds:
        raise MammoError(f"{external} is prepared in folds; an external set is prepared with --split 0/0/100")
    other = Dataset(external)
    other.expect_spec(dataset.info.spec, str(dataset.folder))
    other.expect_classes(dataset.info.classes, str(dataset.folder))
    part = other.part("test")
    known = {digest_of(image.tobytes()) for image in dataset.images}
    shared = sum(digest_of(image.tobytes()) in known for image in other.tensors(part))
    if shared:
        raise MammoError(
            f"{external}: {shared} of its {part.rows.size} test images stand in {dataset.folder} too; expected another "
            "collection"
        )
    kept = out / EXTERNAL / "dataset.json"
    if kept.is_file() and read_info(kept.parent).fingerprint != other.info.fingerprint:
        raise MammoError(f"{kept.parent} holds scores of other data than {external}; remove it or choose another --out")
    write_text(kept, to_json(other.info))
    return other

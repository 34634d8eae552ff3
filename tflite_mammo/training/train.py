"""Recipe and Dataset to a run folder, whole or not there; an interrupted one goes on where it stopped."""

import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np

from tflite_mammo import __version__
from tflite_mammo.auditing.gate import audited, expect_no_leak
from tflite_mammo.auditing.report import AuditRecord
from tflite_mammo.console import Advance, no_progress
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.scaling import expect_calibration
from tflite_mammo.reporting.run_pictures import draw_run_history, draw_sheet
from tflite_mammo.schema import to_json
from tflite_mammo.training.augment import augmentation, augmented
from tflite_mammo.training.devices import every_device
from tflite_mammo.training.fit import Fitted, Notice, fit
from tflite_mammo.training.history import median_rate
from tflite_mammo.training.network import build_network
from tflite_mammo.training.place import run_folder, set_aside
from tflite_mammo.training.recipe import Recipe, recipe_toml
from tflite_mammo.training.run import Environment, Run
from tflite_mammo.training.scoring import keras_scores
from tflite_mammo.training.unfinished import COLLAPSE
from tflite_mammo.training.verdict import NotWrittenError, judge_run, save_network
from tflite_mammo.training.watch import CollapseError, said

SHEET_ROWS, SHEET_COLUMNS = 4, 7
EXHAUSTED = "RESOURCE_EXHAUSTED"


def train(
    recipe: Recipe,
    dataset: Dataset,
    out: Path,
    *,
    audit: AuditRecord | None = None,
    resume: bool = False,
    advance: Advance = no_progress,
    notice: Notice = lambda _: None,
) -> Run:
    """`audit` is what the data's audit found and the run remembers; without it, data with a leak is refused here.

    `resume` takes up what an earlier try left; where there is none it begins.
    """
    audit = audit or expect_no_leak(dataset, audited(dataset))
    _expect_both_classes(dataset)
    expect_calibration(recipe.calibration, dataset.info.classes)
    started, clock = datetime.now(UTC), time.monotonic()
    keras.utils.set_random_seed(recipe.seed)
    with every_device(recipe.batch_size), run_folder(out, recipe, dataset, resume=resume) as folder:
        (folder / "recipe.toml").write_text(recipe_toml(recipe), encoding="utf-8")
        (folder / "audit.json").write_text(to_json(audit), encoding="utf-8")
        (folder / "data.json").write_text(to_json(dataset.info), encoding="utf-8")
        _draw_augmentation(recipe, dataset, folder / "augmentation.png")
        network = build_network(recipe, dataset)
        with _memory_named(recipe.batch_size):
            fitted = fit(network, recipe, dataset, folder, advance=advance, notice=notice)
        seconds = time.monotonic() - clock + sum(epoch.seconds for epoch in fitted.history[: fitted.taken_up])
        environment = _environment(recipe, dataset, fitted, started, seconds / 60)
        (folder / "environment.json").write_text(to_json(environment), encoding="utf-8")
        _draw_history(fitted, folder)
        with _epochs_kept():
            _finish(fitted, recipe, dataset, folder, out)
    return Run(out)


def _finish(fitted: Fitted, recipe: Recipe, dataset: Dataset, folder: Path, out: Path) -> None:
    """With a verdict; or, of a training that collapsed, set aside without one."""
    model, validation = fitted.network.model, fitted.validation
    if fitted.signs or validation is None:
        save_network(model, folder)
        (folder / COLLAPSE).write_text(to_json(fitted.signs[0]), encoding="utf-8")
        raise CollapseError(f"collapsed; {said(fitted.signs)}; kept as {set_aside(folder, out)}")
    test = dataset.part("test")
    judge_run(model, validation, lambda _: keras_scores(model, dataset, test), recipe, dataset.info, folder)


@contextmanager
def _epochs_kept() -> Iterator[None]:
    try:
        yield
    except NotWrittenError as error:
        raise MammoError(f"{error} and go on with --resume: the last epoch is kept") from error


@contextmanager
def _memory_named(batch_size: int) -> Iterator[None]:
    """Each backend has an exception of its own for want of memory, which it tells in pages of C++."""
    try:
        yield
    except Exception as error:
        if isinstance(error, MemoryError) or "ResourceExhausted" in type(error).__name__ or EXHAUSTED in str(error):
            raise MammoError(
                f"no memory left for batches of {batch_size}; pass a smaller --batch-size (--dry-run estimates)"
            ) from error
        raise


def _expect_both_classes(dataset: Dataset) -> None:
    """Training asks for every class itself; a threshold needs the finding and something else."""
    finding = len(dataset.info.classes) - 1
    for name in ("validation", "test"):
        labels = dataset.part(name).labels
        if not 0 < int((labels == finding).sum()) < labels.size:
            only = dataset.info.classes[int(labels[0])]
            raise MammoError(
                f"{dataset.folder}: its {name} part holds {only} only; expected {dataset.info.classes[-1]} and another "
                "class, prepare it with more patients or another --seed"
            )


def _draw_augmentation(recipe: Recipe, dataset: Dataset, path: Path) -> None:
    """A few training images of each class in turn, and what the network is shown of them."""
    part, steps = dataset.part("train"), augmentation(recipe.augment, dataset.info.spec.shape[2], recipe.seed)
    by_class = [np.flatnonzero(part.labels == label) for label in range(len(dataset.info.classes))]
    chosen = [int(members[i % members.size]) for i in range(SHEET_ROWS) for members in [by_class[i % len(by_class)]]]
    pixels = dataset.images[part.rows[chosen]]
    shown = [augmented(steps, pixels) for _ in range(SHEET_COLUMNS)] if steps else []
    words = "as prepared, then as shown to the network" if steps else "shown to the network as prepared"
    rows = [
        (f"{part.examples[n].label}: {words}", [pixels[i], *(again[i] for again in shown)])
        for i, n in enumerate(chosen)
    ]
    draw_sheet(rows, path)


def _draw_history(fitted: Fitted, folder: Path) -> None:
    if fitted.history:
        (folder / "plots").mkdir(exist_ok=True)
        draw_run_history([asdict(epoch) for epoch in fitted.history], folder / "plots" / "history.png")


def _environment(recipe: Recipe, dataset: Dataset, fitted: Fitted, started: datetime, minutes: float) -> Environment:
    backend = keras.backend.backend()
    package = {"tensorflow": "tensorflow_cpu" if platform.machine() == "x86_64" else "tensorflow"}.get(backend, backend)
    return Environment(
        recipe=recipe.name,
        seed=recipe.seed,
        tflite_mammo=__version__,
        python=platform.python_version(),
        keras=keras.__version__,
        backend=backend,
        backend_version=_version(package) or _version(backend) or "unknown",
        numpy=np.__version__,
        machine=f"{platform.system()} {platform.machine()}",
        devices=tuple(keras.distribution.list_devices()),
        started=started.isoformat(timespec="seconds"),
        minutes=round(minutes, 2),
        images_per_second=median_rate(fitted.history),
        parameters=fitted.network.model.count_params(),
        data=dataset.info.fingerprint,
        fold=dataset.fold or 0,
        data_folder=str(dataset.folder.resolve()),
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except ModuleNotFoundError:  # PackageNotFoundError is one
        return ""

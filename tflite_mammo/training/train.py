"""Recipe and Dataset to a run folder, whole or not there."""

import csv
import platform
import time
from dataclasses import asdict, fields
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
from tflite_mammo.evaluation.evaluate import evaluate, lock_threshold
from tflite_mammo.files import whole_folder
from tflite_mammo.schema import to_json
from tflite_mammo.scores import Scores, write_scores
from tflite_mammo.training.fit import Epoch, fit, keras_scores
from tflite_mammo.training.network import build_network
from tflite_mammo.training.recipe import Recipe, recipe_toml
from tflite_mammo.training.run import Environment, Run


def train(
    recipe: Recipe, dataset: Dataset, out: Path, *, audit: AuditRecord | None = None, advance: Advance = no_progress
) -> Run:
    """`audit` is what the data's audit found and the run remembers; without it, data with a leak is refused here."""
    audit = audit or expect_no_leak(dataset, audited(dataset))
    started, clock = datetime.now(UTC), time.monotonic()
    keras.utils.set_random_seed(recipe.seed)
    with whole_folder(out) as folder:
        (folder / "recipe.toml").write_text(recipe_toml(recipe), encoding="utf-8")
        (folder / "audit.json").write_text(to_json(audit), encoding="utf-8")
        (folder / "data.json").write_text(to_json(dataset.info), encoding="utf-8")
        network = build_network(recipe, dataset.info.spec.shape, len(dataset.info.classes))
        history = fit(network, recipe, dataset, advance)
        validation = keras_scores(network.model, dataset, dataset.part("validation"))
        test = keras_scores(network.model, dataset, dataset.part("test"))
        threshold = lock_threshold(validation, f"validation part of data {dataset.info.fingerprint[:12]}")
        network.model.save(folder / "model.keras")
        (folder / "evaluation.json").write_text(to_json(evaluate(test, threshold)), encoding="utf-8")
        write_scores(_together(validation, test), folder / "scores.csv")
        _write_history(history, folder / "history.csv")
        environment = _environment(recipe, dataset, started, (time.monotonic() - clock) / 60)
        (folder / "environment.json").write_text(to_json(environment), encoding="utf-8")
    return Run(out)


def _together(one: Scores, other: Scores) -> Scores:
    return Scores(one.classes, one.rows + other.rows, np.concatenate([one.values, other.values]))


def _write_history(history: list[Epoch], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, [field.name for field in fields(Epoch)])
        table.writeheader()
        table.writerows(asdict(epoch) for epoch in history)


def _environment(recipe: Recipe, dataset: Dataset, started: datetime, minutes: float) -> Environment:
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
        data=dataset.info.fingerprint,
        fold=dataset.fold or 0,
        data_folder=str(dataset.folder.resolve()),
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except ModuleNotFoundError:  # PackageNotFoundError is one
        return ""

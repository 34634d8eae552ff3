"""A trained network and its scores to what its run says of itself: calibrated, threshold locked, judged.

In: what the network says of the validation and test parts. Out, in a run folder: model.keras with the calibration in
its last layer, scores.csv and evaluation.json.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from tflite_mammo.data.adapters import shows_mammograms
from tflite_mammo.data.dataset import DatasetInfo
from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.evaluate import evaluate
from tflite_mammo.evaluation.scaling import after, expect_calibration, fit_scaling, scaled, unscaled
from tflite_mammo.evaluation.threshold import lock_threshold, rule_of
from tflite_mammo.files import whole_folder
from tflite_mammo.schema import to_json
from tflite_mammo.scores import AS_TRAINED, Scaling, ScalingMethod, Scores, write_scores
from tflite_mammo.training.fold import fold
from tflite_mammo.training.recipe import Recipe, recipe_toml, with_changes
from tflite_mammo.training.run import Run


class NotWrittenError(MammoError):
    """For want of room, most often."""


def judge_run(
    model: keras.Model,
    validation: Scores,
    test_scored: Callable[[Scaling], Scores],
    recipe: Recipe,
    info: DatasetInfo,
    folder: Path,
    already: Scaling = AS_TRAINED,
) -> None:
    """`already` is what the network and its validation scores went through.

    The test part is scored by the calibrated network when everything is settled: it has no say in it.
    """
    part = f"validation part of data {info.fingerprint[:12]}"
    raw = unscaled(validation, already)
    scaling = fit_scaling(raw, recipe.calibration, part)
    validation = scaled(raw, scaling)
    threshold = lock_threshold(validation, rule_of(recipe.threshold), part)
    fold(model, after(already, scaling))
    save_network(model, folder)
    test = test_scored(scaling)
    verdict = evaluate(test, threshold, scaling=scaling, mammograms=shows_mammograms(info.adapter))
    (folder / "evaluation.json").write_text(to_json(verdict), encoding="utf-8")
    write_scores(_together(validation, test), folder / "scores.csv")


def recalibrate(run: Run, out: Path, calibration: ScalingMethod | None, threshold: str | None) -> Run:
    """The same training with other scores or another threshold, in a folder of its own; what was converted stays."""
    recipe = with_changes(run.recipe, calibration=calibration, threshold=threshold)
    expect_calibration(recipe.calibration, run.data.classes)
    with whole_folder(out) as folder:
        shutil.copytree(run.folder, folder, ignore=_what_is_made_anew, dirs_exist_ok=True)
        (folder / "recipe.toml").write_text(recipe_toml(recipe), encoding="utf-8")
        validation, test = (run.scores.of_split(name) for name in ("validation", "test"))
        already = run.evaluation.scaling
        # By arithmetic, so that neither the data nor a device that scores all of it is needed.
        judge_run(
            run.model(), validation, lambda to: scaled(unscaled(test, already), to), recipe, run.data, folder, already
        )
    return Run(out)


def save_network(model: keras.Model, folder: Path) -> None:
    try:
        model.save(folder / "model.keras")
    except OSError as error:  # h5py's own, which says neither which file nor which number
        raise NotWrittenError(f"the network could not be written ({error}); free some space") from error


def _what_is_made_anew(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name in ("models", "model.keras", "recipe.toml", "evaluation.json", "scores.csv")]


def _together(one: Scores, other: Scores) -> Scores:
    return Scores(one.classes, one.rows + other.rows, np.concatenate([one.values, other.values]))

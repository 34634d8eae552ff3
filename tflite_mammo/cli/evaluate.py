"""tflite-mammo evaluate"""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tflite_mammo.cli._shared import (
    ANY_PATH,
    FOLDER,
    data_for,
    data_of,
    fold_option,
    json_option,
    print_json,
    start_keras,
)
from tflite_mammo.console import say
from tflite_mammo.errors import MammoError

if TYPE_CHECKING:
    from tflite_mammo.data.dataset import Dataset
    from tflite_mammo.scores import Scores, Threshold


@click.command("evaluate")
@click.argument("model", type=ANY_PATH)
@click.option("--data", type=FOLDER, help="Folder from `prepare`  [default for a run: its own]")
@click.option("--split", default="test", show_default=True, help="train, validation or test")
@click.option("--out", type=FOLDER, help="New folder for evaluation.json and scores.csv")
@fold_option
@json_option
def command(model: Path, data: Path | None, split: str, out: Path | None, fold: int | None, as_json: bool) -> None:
    """Judge a run or a .tflite file at its locked threshold

    Example: tflite-mammo evaluate runs/u60/models/resnet50-u60-int8.tflite --data data/
    """
    from tflite_mammo.evaluation.evaluate import evaluate
    from tflite_mammo.files import whole_folder
    from tflite_mammo.reporting.text import evaluation_lines
    from tflite_mammo.schema import to_json
    from tflite_mammo.scores import write_scores

    with whole_folder(out) if out else nullcontext() as folder:
        scores, threshold = scores_of(model, data, split, fold)
        verdict = evaluate(scores, threshold)
        if folder:
            write_scores(scores, folder / "scores.csv")
            (folder / "evaluation.json").write_text(to_json(verdict), encoding="utf-8")
    if as_json:
        print_json(verdict)
        return
    for line in evaluation_lines(verdict):
        click.echo(line)


def scores_of(model: Path, data: Path | None, split: str, fold: int | None) -> "tuple[Scores, Threshold]":
    """What a run or a .tflite file says of one part of a prepared folder, and the threshold it carries."""
    if model.is_dir():
        from tflite_mammo.training.run import Run

        run = Run(model)
        dataset = data_of(run, data, fold)
        dataset.expect_spec(run.data.spec, str(model))
        dataset.expect_classes(run.data.classes, str(model))
        _warn_of_other_data(dataset, run.data.fingerprint, model)
        start_keras()
        from tflite_mammo.training.scoring import keras_scores

        return keras_scores(run.model(), dataset, dataset.part(split)), run.evaluation.threshold
    from tflite_mammo.predict import Classifier

    classifier = Classifier(model, threads=2)
    if data is None:
        raise MammoError("--data is needed to judge a .tflite file; pass a folder from `tflite-mammo prepare`")
    card = classifier.bundle.card
    dataset = data_for(model, card.data, card.fold, data, fold)
    dataset.expect_spec(card.spec, str(model))
    dataset.expect_classes(card.classes, str(model))
    _warn_of_other_data(dataset, card.data, model)
    part = dataset.part(split)
    return dataset.scores(part, classifier.scores(dataset.tensors(part))), card.threshold


def _warn_of_other_data(dataset: "Dataset", trained_on: str, model: Path) -> None:
    if dataset.info.fingerprint != trained_on:
        say(
            f"note: {dataset.folder} is not the data that {model} was trained on ({trained_on[:12]}); "
            "where it is of the same collection, patients judged here may have been trained on"
        )

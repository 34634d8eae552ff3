"""What is judged, as its page introduces it: a run, a file or a table."""

from typing import TYPE_CHECKING

from tflite_mammo.cli._judged import Judged, JudgedFile, JudgedRun
from tflite_mammo.data.manifest import PARTS
from tflite_mammo.errors import MammoError

if TYPE_CHECKING:
    from tflite_mammo.bundle import ModelCard
    from tflite_mammo.data.dataset import DatasetInfo
    from tflite_mammo.reporting.evaluation_page import Subject
    from tflite_mammo.training.recipe import Recipe


def subject_of(judged: Judged) -> "Subject":
    from tflite_mammo.reporting.evaluation_page import Subject

    if isinstance(judged, JudgedRun):
        return _of_run(judged)
    if isinstance(judged, JudgedFile):
        return _of_file(judged)
    return Subject(judged.path.name, "A table of scores")


def _of_run(judged: JudgedRun) -> "Subject":
    from tflite_mammo.reporting.checklist_facts import Known
    from tflite_mammo.reporting.evaluation_page import Subject

    run = judged.run
    environment, data = run.environment, run.data
    backend = f"{environment.backend} {environment.backend_version}"
    return Subject(
        name=environment.recipe,
        kind=f"A trained network of {environment.parameters:,} parameters",
        made=f"trained with seed {environment.seed}" + (f", fold {environment.fold}" if environment.fold else ""),
        source=f"Trained on {data.source}: {_in_parts(data, environment.fold)}, split by patient; data "
        f"{data.fingerprint[:12]}.",
        synthetic=data.synthetic,
        leak=run.audit.accepted,
        versions=f"Trained by tflite-mammo {environment.tflite_mammo}, Keras {environment.keras} on {backend}.",
        known=Known(info=data, recipe=run.recipe, environment=environment, audit=run.audit),
    )


def _of_file(judged: JudgedFile) -> "Subject":
    from tflite_mammo.reporting.checklist_facts import Known
    from tflite_mammo.reporting.evaluation_page import Subject

    card = judged.card
    versions = ", ".join(f"{name} {number}" for name, number in card.versions.items())
    return Subject(
        name=card.name,
        kind=f"A TF Lite file, {card.quantisation}",
        made=f"sha256 {judged.classifier.bundle.sha256[:12]}",
        source=f"Trained on {card.source}, split by patient; data {card.data[:12]}.",
        synthetic=card.synthetic,
        leak=bool(card.audit.get("accepted")),
        intended_use=card.intended_use,
        versions=f"Made with {versions}." if versions else "",
        known=Known(recipe=_recipe_in(card), quantisation=card.quantisation),
    )


def _recipe_in(card: "ModelCard") -> "Recipe | None":
    from tflite_mammo.schema import from_dict
    from tflite_mammo.training.recipe import Recipe

    try:
        return from_dict(Recipe, card.recipe, "card.json")
    except MammoError:  # of another version
        return None


def _in_parts(data: "DatasetInfo", fold: int) -> str:
    train, validation, test = (sum(data.counts_of(part, fold).values()) for part in PARTS)
    return f"{train:,} images, {validation:,} to validate and {test:,} to test"

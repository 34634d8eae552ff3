"""A Run to bundles: one export, each preset quantised from it, each judged against the trained network's own scores."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tflite_mammo import __version__
from tflite_mammo.auditing.report import digest_of
from tflite_mammo.bundle import ModelBundle, ModelCard, write_bundle
from tflite_mammo.console import Advance, no_progress
from tflite_mammo.conversion.export import export_float32
from tflite_mammo.conversion.preset import QuantPreset
from tflite_mammo.conversion.quantise import quantise
from tflite_mammo.data.adapters import shows_mammograms
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.drift import DriftReport, measure_drift
from tflite_mammo.predict import Classifier
from tflite_mammo.preprocess import Bytes
from tflite_mammo.schema import to_dict
from tflite_mammo.scores import Scores
from tflite_mammo.training.run import Run


@dataclass(frozen=True)
class Converted:
    bundle: ModelBundle
    drift: DriftReport
    scores: Scores
    """Of the converted file, on the test part."""


def convert(
    run: Run, dataset: Dataset, targets: Sequence[tuple[QuantPreset, Path]], *, advance: Advance = no_progress
) -> list[Converted]:
    """Write each target. A model beyond its budget is kept beside its name as NAME.rejected.tflite, never under it."""
    if dataset.info.fingerprint != run.environment.data:
        raise MammoError(
            f"{dataset.folder} holds other data ({dataset.info.fingerprint[:12]}) than {run.folder} was trained on "
            f"({run.environment.data[:12]}); pass the one it was trained on with --data"
        )
    float32 = export_float32(run.model())
    advance(1)
    done = []
    for preset, path in targets:
        images = calibration_tensors(dataset, preset.calibration_images, run.recipe.seed)
        flatbuffer = quantise(float32, preset, images)
        digests = tuple(digest_of(image.tobytes()) for image in images)
        done.append(_judge(flatbuffer, run, dataset, preset, digests, path))
        advance(1)
    return done


def calibration_tensors(dataset: Dataset, count: int, seed: int) -> list[Bytes]:
    """Training images only, as many of each class as there are to be had."""
    part = dataset.part("train")
    rng = np.random.default_rng(seed)
    by_class = [rng.permutation(np.flatnonzero(part.labels == label)).tolist() for label in np.unique(part.labels)]
    chosen: list[int] = []
    while len(chosen) < min(count, part.labels.size):
        chosen += [members.pop() for members in by_class if members]
    return [dataset.images[part.rows[i]] for i in chosen[:count]]


def _judge(
    flatbuffer: bytes, run: Run, dataset: Dataset, preset: QuantPreset, digests: tuple[str, ...], path: Path
) -> Converted:
    with TemporaryDirectory() as scratch:
        # Judged as the file that would be shipped, by the classifier that the device uses.
        first = write_bundle(flatbuffer, _card(flatbuffer, run, preset, digests, None), Path(scratch) / path.name)
        part = dataset.part("test")
        scores = dataset.scores(part, Classifier(first.path, threads=2).scores(dataset.tensors(part)))
    drift = measure_drift(run.scores.of_split("test"), scores, run.evaluation.threshold.value, preset.budget)
    place = path if drift.within else path.with_name(f"{path.name.removesuffix('.tflite')}.rejected.tflite")
    return Converted(write_bundle(flatbuffer, _card(flatbuffer, run, preset, digests, drift), place), drift, scores)


def _card(
    flatbuffer: bytes, run: Run, preset: QuantPreset, digests: tuple[str, ...], drift: DriftReport | None
) -> ModelCard:
    return ModelCard(
        name=run.environment.recipe,
        quantisation=preset.name,
        classes=run.data.classes,
        spec=run.data.spec,
        spec_fingerprint=run.data.spec_fingerprint,
        threshold=run.evaluation.threshold,
        scaling=run.evaluation.scaling,
        data=run.data.fingerprint,
        fold=run.environment.fold,
        source=run.data.source,
        synthetic=run.data.synthetic,
        mammograms=shows_mammograms(run.data.adapter),
        model_sha256=hashlib.sha256(flatbuffer).hexdigest(),
        licence_of_data=run.data.licence,
        calibration_images=len(digests),
        calibration=digests,
        audit=to_dict(run.audit),
        # A file of weights by its name alone: the card travels, and a path may say whose machine it was.
        recipe=to_dict(replace(run.recipe, weights=Path(run.recipe.weights).name)),
        evaluation=to_dict(run.evaluation),
        # Named files could be patients' names: the card travels, so it carries how many flipped and not which.
        drift={key: value for key, value in to_dict(drift).items() if key != "flipped"} if drift else {},
        versions={
            "tflite_mammo": __version__,
            "keras": run.environment.keras,
            "litert-quantizer": version("litert-quantizer"),
            "ai-edge-litert": version("ai-edge-litert"),
        },
    )

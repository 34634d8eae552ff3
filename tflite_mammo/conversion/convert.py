"""A Run to bundles: one export, each preset quantised from it, each judged against the trained network's own scores.

Beside the verdict stands where the difference came from: the exported float32 file is scored on the same patients.
"""

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
from tflite_mammo.conversion.ends import output_names
from tflite_mammo.conversion.engines import Validation, quantise_exported
from tflite_mammo.conversion.export import TENSORFLOW, Exported, export
from tflite_mammo.conversion.golden import golden_samples
from tflite_mammo.conversion.ladder import Ladder
from tflite_mammo.conversion.metadata import with_metadata
from tflite_mammo.conversion.place import place
from tflite_mammo.conversion.preset import QuantPreset, read_preset
from tflite_mammo.conversion.proof import Form, Proof, Speeds, prove, speeds_of, with_speeds
from tflite_mammo.conversion.search import STEPS
from tflite_mammo.data.adapters import shows_mammograms
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.drift import DriftReport, for_card, measure_drift
from tflite_mammo.files import expect_writable
from tflite_mammo.golden import pack
from tflite_mammo.predict import Classifier
from tflite_mammo.preprocess import Bytes
from tflite_mammo.runtime import MAP
from tflite_mammo.schema import to_dict
from tflite_mammo.scores import Scores
from tflite_mammo.training.run import Run

NETWORK, REFERENCE = "network", "float32"
"""What is trained, and the file that every other is made from."""


@dataclass(frozen=True)
class Converted:
    bundle: ModelBundle
    proof: Proof
    forms: tuple[Form, ...]
    """The network, the file as exported and the file itself, each with its scores on the test part."""
    removed: Path | None = None
    """What an earlier call had left there, and this verdict made void."""

    @property
    def drift(self) -> DriftReport:
        return self.proof.drift

    @property
    def scores(self) -> Scores:
        """Of the converted file."""
        return self.forms[-1].scores


def convert(
    run: Run,
    dataset: Dataset,
    targets: Sequence[tuple[QuantPreset, Path]],
    *,
    cam: bool = False,
    fallback: bool = False,
    advance: Advance = no_progress,
) -> list[Converted]:
    """Write each target. A model beyond its budget is kept beside its name as NAME.rejected.tflite, never under it.

    cam: the files answer a map beside the scores. fallback: int8 that is not precise enough for the validation part is
    made more so. `advance` is told as many steps as `conversion_steps` says.
    """
    if dataset.info.fingerprint != run.environment.data:
        raise MammoError(
            f"{dataset.folder} holds other data ({dataset.info.fingerprint[:12]}) than {run.folder} was trained on "
            f"({run.environment.data[:12]}); pass the one it was trained on with --data"
        )
    for _, path in targets:
        expect_writable(path)
    exported = export(run.model(), cam=cam)
    with TemporaryDirectory() as scratch:
        validation = validation_of(run, dataset) if fallback else None
        made = _Maker(exported, run, dataset, validation, Path(scratch), advance)
        reference = made.scored(read_preset(REFERENCE))
        # All are made and timed before the first is put in place: what cannot be quantised leaves nothing behind.
        scored = [reference if preset.name == REFERENCE else made.scored(preset) for preset, _ in targets]
        speeds = speeds_of([reference.form, *(one.form for one in scored)])
        judged = zip(scored, targets, strict=True)
        return [_judge(one, reference.form, speeds, run, preset, path) for one, (preset, path) in judged]


def conversion_steps(presets: Sequence[QuantPreset], *, fallback: bool = False) -> int:
    made = [preset for preset in presets if preset.name != REFERENCE]
    return 1 + sum(1 + (STEPS if fallback and preset.can_be_searched else 0) for preset in made)


def calibration_tensors(dataset: Dataset, count: int, seed: int) -> list[Bytes]:
    """Training images only, as many of each class as there are to be had."""
    part = dataset.part("train")
    rng = np.random.default_rng(seed)
    by_class = [rng.permutation(np.flatnonzero(part.labels == label)).tolist() for label in np.unique(part.labels)]
    chosen: list[int] = []
    while len(chosen) < min(count, part.labels.size):
        chosen += [members.pop() for members in by_class if members]
    return [dataset.images[part.rows[i]] for i in chosen[:count]]


def validation_of(run: Run, dataset: Dataset) -> Validation:
    return Validation(list(dataset.tensors(dataset.part("validation"))), run.evaluation.threshold.value)


@dataclass(frozen=True, eq=False)
class _Scored:
    """A quantised file in a passing place, and what its classifier answered."""

    flatbuffer: bytes
    card: ModelCard
    form: Form
    golden: bytes
    ladder: Ladder | None


@dataclass(frozen=True, eq=False)
class _Maker:
    """One export to files by preset, each scored on the test part."""

    exported: Exported
    run: Run
    dataset: Dataset
    validation: Validation | None
    folder: Path
    advance: Advance

    def scored(self, preset: QuantPreset) -> _Scored:
        """As the file that would be shipped, by the classifier that the device uses."""
        run, spec = self.run, self.run.data.spec
        images = calibration_tensors(self.dataset, preset.calibration_images, run.recipe.seed)
        quantised, ladder = quantise_exported(self.exported, preset, images, self.validation, self.advance)
        flatbuffer = with_metadata(quantised, f"{run.environment.recipe}, {preset.name}", spec)
        card = _card(flatbuffer, run, preset, tuple(digest_of(image.tobytes()) for image in images))
        card = replace(card, ladder=to_dict(ladder) if ladder else {})
        classifier = Classifier(write_bundle(flatbuffer, card, self.folder / f"{preset.name}.tflite").path, threads=2)
        part = self.dataset.part("test")
        scores = self.dataset.scores(part, classifier.scores(self.dataset.tensors(part)))
        golden = golden_samples(classifier.runtime, spec, integers=preset.weights == "int8")
        self.advance(1)
        return _Scored(flatbuffer, card, Form(preset.name, scores, classifier.bundle.path), pack(golden), ladder)


def _judge(scored: _Scored, reference: Form, speeds: Speeds, run: Run, preset: QuantPreset, path: Path) -> Converted:
    network = Form(NETWORK, run.scores.of_split("test"), run.folder / "model.keras")
    threshold = run.evaluation.threshold
    drift = measure_drift(network.scores, scored.form.scores, threshold.value, preset.budget)
    card = replace(scored.card, drift=for_card(drift))
    bundle, removed = place(scored.flatbuffer, card, path, scored.golden, accepted=drift.within)
    before = (network,) if preset.weights == REFERENCE else (network, reference)
    forms = (*before, replace(scored.form, file=bundle.path))
    proof = with_speeds(prove(forms, drift, threshold, preset.name), (*before, scored.form), speeds)
    return Converted(bundle, replace(proof, ladder=scored.ladder), forms, removed)


def _card(flatbuffer: bytes, run: Run, preset: QuantPreset, digests: tuple[str, ...]) -> ModelCard:
    """Without the drift, which is measured on the file that carries it."""
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
        licence_of_data=run.data.licence,
        calibration_images=len(digests),
        calibration=digests,
        has_map=MAP in output_names(flatbuffer),
        audit=to_dict(run.audit),
        # A file of weights by its name alone: the card travels, and a path may say whose machine it was.
        recipe=to_dict(replace(run.recipe, weights=Path(run.recipe.weights).name)),
        evaluation=to_dict(run.evaluation),
        versions={
            "tflite_mammo": __version__,
            "keras": run.environment.keras,
            "tensorflow": TENSORFLOW,
            "litert-quantizer": version("litert-quantizer"),
            "ai-edge-litert": version("ai-edge-litert"),
        },
    )

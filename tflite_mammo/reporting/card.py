"""All that a model file says of itself, and what this machine makes of it, as lines for a terminal of 100 columns."""

from collections.abc import Mapping
from textwrap import wrap
from typing import Any

from tflite_mammo.auditing.report import AuditRecord
from tflite_mammo.bundle import ModelBundle, ModelCard
from tflite_mammo.conversion.ladder import Ladder
from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.evaluate import Evaluation
from tflite_mammo.golden import GoldenCheck
from tflite_mammo.preprocess import PreprocessSpec
from tflite_mammo.reporting.columns import WIDTH
from tflite_mammo.reporting.ladder import ladder_words
from tflite_mammo.reporting.text import FIGURE_NAMES, threshold_words
from tflite_mammo.schema import from_dict

INDENT = 16
HEADLINE = ("auc", "sensitivity", "specificity")
CHANNELS = {1: "grey", 3: "colour"}

Row = tuple[str, str]


def card_lines(card: ModelCard) -> list[str]:
    try:
        return _laid_out(_card_rows(card))
    except (KeyError, TypeError, ValueError) as error:
        raise MammoError(f"{card.name}: its card is of another version ({error!r}); convert the model again") from error


def file_lines(bundle: ModelBundle, golden: GoldenCheck | None, metadata: Mapping[str, Any]) -> list[str]:
    """`metadata` as the model carries it; empty where it carries none or this machine cannot read it."""
    sizes = {"weights": bundle.flatbuffer_size, **bundle.sizes}
    rows = [("golden samples", golden_words(golden))]
    if metadata:
        rows.append(("metadata", _metadata_words(metadata)))
    rows.append(("inside", ", ".join(f"{name} {_size(size)}" for name, size in sizes.items())))
    return _laid_out(rows)


def golden_words(check: GoldenCheck | None) -> str:
    if check is None:
        return "none"
    recorded = f"{check.samples}, scores {check.lowest:.3f} to {check.highest:.3f}; "
    if check.fault:
        return f"{recorded}cannot be asked here: {check.fault}"
    if check.difference is None:
        return f"{recorded}no runtime here to ask"
    verdict = "answers OTHERWISE" if check.differs else "answers alike"
    little = "" if check.tells or check.differs else "; scores so close together tell little"
    allowed = f"{check.difference:.4f} apart, {check.tolerance:.2g} allowed"
    return f"{recorded}{check.runtime} here {verdict} ({allowed}){little}"


def _card_rows(card: ModelCard) -> list[Row]:
    fold = f", fold {card.fold}" if card.fold else ""
    rows = [
        ("model", f"{card.name}, {card.quantisation}"),
        ("classes", f"{', '.join(card.classes)}; the finding, whose score counts: {card.classes[-1]}"),
        ("threshold", threshold_words(card.threshold)),
        ("scores", str(card.scaling)),
        ("pixels", _pixel_words(card.spec)),
        ("trained on", f"{card.source}; data {card.data[:12]}{fold}"),
        ("", f"licence of the data: {card.licence_of_data}"),
    ]
    if card.synthetic:
        rows.append(("", "SYNTHETIC: drawn by a program, its figures say nothing about people"))
    if not card.mammograms:
        rows.append(("", "the images are no mammograms"))
    if card.audit:
        rows.append(("audit", _audit_words(from_dict(AuditRecord, card.audit, "card.json: audit"))))
    if card.calibration_images:
        rows.append(("calibrated on", f"{card.calibration_images} training images"))
    if card.ladder:
        rows.append(("precision", ladder_words(from_dict(Ladder, card.ladder, "card.json: ladder"))))
    if card.evaluation:
        rows.append(("evaluation", _evaluation_words(from_dict(Evaluation, card.evaluation, "card.json: evaluation"))))
    if card.drift:
        rows.append(("drift", _drift_words(card.drift)))
    if card.versions:
        rows.append(("made with", ", ".join(f"{name} {number}" for name, number in card.versions.items())))
    return [*rows, ("intended use", card.intended_use)]


def _pixel_words(spec: PreprocessSpec) -> str:
    around = f" with {spec.context_percent} % around" if spec.crop == "roi" else ""
    return (
        f"{spec.height}x{spec.width} {CHANNELS[spec.channels]}; crop {spec.crop}{around}, orient {spec.orient}, "
        f"polarity {spec.polarity}, window {spec.window}, contrast {spec.contrast}, fit {spec.fit}; "
        f"spec {spec.fingerprint}"
    )


def _evaluation_words(evaluation: Evaluation) -> str:
    figures = ", ".join(f"{FIGURE_NAMES[name]} {evaluation.figures[name]}" for name in HEADLINE)
    return (
        f"of the network on the {evaluation.split} part, {evaluation.images} images of {evaluation.patients} patients: "
        f"{figures}"
    )


def _drift_words(drift: Mapping[str, Any]) -> str:
    verdict = "BEYOND its budget" if drift["beyond"] else "within its budget"
    return (
        f"of this file against that network: AUC {drift['auc_difference']:+.4f}, "
        f"{drift['label_flip_share']:.1%} labels flipped, {verdict}"
    )


def _audit_words(audit: AuditRecord) -> str:
    leaks = f"{audit.leaks} pairs of images in different parts, accepted" if audit.leaks else "no leak"
    labels = f"; {audit.two_labels} pairs bear two labels" if audit.two_labels else ""
    told = ", ".join(f"{name} (AUC {auc:.2f})" for name, auc in audit.shortcuts.items())
    return leaks + labels + (f"; shortcuts: {told}" if told else "")


def _metadata_words(metadata: Mapping[str, Any]) -> str:
    (graph,) = metadata["subgraph_metadata"]
    (pixels,), outputs = graph["input_tensor_metadata"], graph["output_tensor_metadata"]
    colour = pixels["content"]["content_properties"]["ImageProperties"]["color_space"] == 1
    ends = f"{pixels['name']} ({'RGB' if colour else 'grey'}) to {', '.join(output['name'] for output in outputs)}"
    return f"TFLite {metadata['min_parser_version']}, {ends}; " + (
        "MediaPipe takes it, with images that were prepared" if colour else "MediaPipe takes colour only, and not this"
    )


def _size(count: int) -> str:
    for unit, name in ((1e6, "MB"), (1e3, "kB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count} bytes"


def _laid_out(rows: list[Row]) -> list[str]:
    lines = []
    for name, words in rows:
        first, *more = wrap(words, WIDTH - INDENT - 2, break_on_hyphens=False) or [""]
        lines.append(f"  {name:<{INDENT}}{first}")
        lines += [" " * (INDENT + 2) + line for line in more]
    return lines

"""What prepared data say of themselves, one sentence a fact, without its full stop; nothing where it is not known."""

from tflite_mammo.auditing.report import AuditRecord
from tflite_mammo.data.dataset import DatasetInfo
from tflite_mammo.data.manifest import PARTS
from tflite_mammo.preprocess import PreprocessSpec

SYNTHETIC = "THE IMAGES ARE SYNTHETIC, drawn by a program: no figure here says anything about people"
NOTED = ("patient", "two labels")
"""Problems that kept no image from being used."""


def data_facts(info: DatasetInfo, fold: int) -> dict[str, str]:
    """`fold` is the run's; 0 where there is one split or where it is not known."""
    return {
        "source": f"Data: {info.source}, read as {info.adapter}, {info.images} images; licence: {info.licence}; "
        f"fingerprint {info.fingerprint[:12]}",
        "licence": f"Licence of the data ({info.source}): {info.licence}",
        "synthetic": SYNTHETIC if info.synthetic else "",
        "outcome": f"What is predicted is the label {info.classes[-1]}, as the data give it, against "
        f"{_listed(info.classes[:-1])}",
        "predictors": f"The pixels of one image are all that enters, as {_shape(info.spec)}; no clinical data do",
        "preprocessing": f"Each image is {', '.join(_steps(info.spec))}",
        "crop": f"Each image is {_cropped(info.spec)}",
        **_kept_facts(info),
        **_split_facts(info, fold),
    }


def _kept_facts(info: DatasetInfo) -> dict[str, str]:
    lost = {kind: count for kind, count in info.problems.items() if kind not in NOTED}
    noted = {kind: count for kind, count in info.problems.items() if kind in NOTED}
    also = f"; used though noted: {_counted(noted)}" if noted else ""
    gone = {kind: info.problems.get(kind, 0) for kind in ("absent", "unreadable")}
    return {
        "excluded": f"{info.images} images are used; not used, by reason: {_counted(lost) or 'none'}{also}",
        "missing": f"An image that is absent or cannot be read is left out, none is filled in ({_counted(gone)})",
    }


def _split_facts(info: DatasetInfo, fold: int) -> dict[str, str]:
    which = f", of which this is fold {fold}" if fold else ""
    folds = f" into {info.folds} folds{which}" if info.folds else ""
    counts = {part: info.counts_of(part, fold) for part in PARTS}
    told = [f"{part} {sum(count.values())} ({_counted(count)})" for part, count in counts.items() if count]
    return {
        "split": f"Split by patient{folds} with seed {info.seed}",
        "disjoint": "No patient, as the data name them, lies in two parts: all images of one are in the same",
        "counts": f"Images per part: {', '.join(told)}" if told else "",
        "same": "Training, validation and test part are of one collection, prepared alike",
    }


def audit_fact(audit: AuditRecord) -> str:
    leak = f"{audit.leaks} pairs show the same in different parts, A LEAK, and it was trained all the same"
    found = leak if audit.leaks else "no image shows the same as one of another part"
    within = f"; {audit.duplicates} pairs in all, {audit.two_labels} with two labels" if audit.duplicates else ""
    cues = [f"{name} (AUC {auc:.3f})" for name, auc in audit.shortcuts.items()]
    return (
        f"The audit of the images for duplicates: {found}{within}; cues other than the breast that tell the classes "
        f"apart: {', '.join(cues) or 'none flagged'}"
    )


def _steps(spec: PreprocessSpec) -> list[str]:
    steps = [
        "read as grey" if spec.channels == 1 else "read as colour",
        f"brought to 8 bits, where it has 16, over {'the full' if spec.window == 'full' else 'its own'} range",
        "inverted where its background is bright" if spec.polarity == "dark" else "",
        _cropped(spec),
        "mirrored so that the chest wall lies left" if spec.orient == "left" else "",
        "standardised in contrast" if spec.contrast == "standardise" else "",
        f"{'letterboxed' if spec.fit == 'letterbox' else 'stretched'} to {spec.width}x{spec.height} pixels",
    ]
    return [step for step in steps if step]


def _cropped(spec: PreprocessSpec) -> str:
    if spec.crop == "roi":
        return f"cropped to a square about its outlined lesion with {spec.context_percent} % of context at each side"
    if spec.crop == "breast":
        return "cropped to the breast, with what litters the film painted over"
    return "used whole"


def _shape(spec: PreprocessSpec) -> str:
    return f"{spec.width}x{spec.height} {'grey' if spec.channels == 1 else 'colour'} values of 8 bits"


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(names)

"""What `evaluate` shows beside the figures: the surest mistakes, and where a network looks."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tflite_mammo.cli._judged import Judged, JudgedRun
from tflite_mammo.cli._subject import subject_of

if TYPE_CHECKING:
    from tflite_mammo.data.dataset import Dataset
    from tflite_mammo.evaluation.evaluate import Evaluation
    from tflite_mammo.evaluation.pointing import Pointing
    from tflite_mammo.reporting.evaluation_page import Subject
    from tflite_mammo.scores import Scores
    from tflite_mammo.training.maps import Mapper

MAPS = {"exact": "exact class-activation maps", "gradient": "maps by Grad-CAM"}


def look(
    judged: Judged, dataset: "Dataset | None", scores: "Scores", verdict: "Evaluation"
) -> "tuple[Subject, Evaluation, dict[str, str]]":
    """The subject, the verdict with where its network points, and a picture of each mistake by the image's name."""
    from tflite_mammo.evaluation.mistakes import surest_mistakes

    subject = subject_of(judged)
    if dataset is None:
        return subject, verdict, {}
    mapper = None
    if isinstance(judged, JudgedRun):
        from tflite_mammo.training.maps import Mapper

        mapper = Mapper(judged.model)
        own = dataset.info.fingerprint == judged.trained_on
        subject = replace(subject, known=replace(subject.known, maps=MAPS[mapper.kind], own_data=own))
        verdict = replace(verdict, pointing=_pointing(mapper, dataset, scores))
    names = [mistake.row.file for found in surest_mistakes(scores, verdict.threshold.value) for mistake in found]
    return subject, verdict, _pictures(mapper, dataset, names)


def _pointing(mapper: "Mapper", dataset: "Dataset", scores: "Scores") -> "Pointing | None":
    """Over every image with the finding whose lesion is outlined."""
    from tflite_mammo.evaluation.pointing import pointing
    from tflite_mammo.training.maps import touching

    outlined = [
        (row.patient, dataset.row_of[row.file])
        for row, positive in zip(scores.rows, scores.positive, strict=True)
        if positive and dataset.row_of[row.file] in dataset.boxes
    ]
    if not outlined:
        return None
    rows = np.array([row for _, row in outlined], np.int64)
    heats = mapper.maps(dataset.images, rows)
    shape = dataset.info.spec.shape
    cells = [touching(dataset.boxes[int(row)], heat, shape) for row, heat in zip(rows, heats, strict=True)]
    return pointing(MAPS[mapper.kind], heats, np.array(cells), [patient for patient, _ in outlined])


def _pictures(mapper: "Mapper | None", dataset: "Dataset", names: list[str]) -> dict[str, str]:
    """As prepared, and beside it with its map; an image that the data does not hold has none."""
    from tflite_mammo.reporting.map_pictures import beside
    from tflite_mammo.reporting.page import as_uri

    if mapper:
        from tflite_mammo.training.maps import peak

    rows = {name: dataset.row_of[name] for name in names if name in dataset.row_of}
    heats = mapper.maps(dataset.images, np.array(list(rows.values()), np.int64)) if mapper and rows else None
    shown = {}
    for i, (name, row) in enumerate(rows.items()):
        heat = heats[i] if heats is not None else None
        at = peak(heat, dataset.info.spec.shape) if heat is not None else None
        shown[name] = as_uri(beside(dataset.images[row], heat, dataset.boxes.get(row), at))
    return shown

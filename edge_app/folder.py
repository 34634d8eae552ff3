"""A folder of images to rows: each file read, preprocessed, scored and written down, or its fault written down."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from edge_app.results import ResultRow, Results
from tflite_mammo.errors import MammoError
from tflite_mammo.imaging import image_files
from tflite_mammo.predict import Classifier


def images_at(place: Path) -> list[Path]:
    """Every image at `place`, which is a folder or one file."""
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise MammoError(f"{place}: no such folder or file")
    found = image_files(place)
    if not found:
        raise MammoError(f"{place}: no image in it; expected PNG, JPEG, TIFF, PGM, BMP or DICOM files")
    return found


def classify(
    classifier: Classifier, images: list[Path], results: Results, advance: Callable[[int], None]
) -> Counter[str]:
    """Add a row for every image that `results` does not hold yet; return how often each verdict was given."""
    verdicts: Counter[str] = Counter()
    for path in images:
        if path.as_posix() not in results.done:
            row = _row(classifier, path)
            results.add(row)
            verdicts[row.verdict] += 1
        advance(1)
    return verdicts


def _row(classifier: Classifier, path: Path) -> ResultRow:
    # Named by the path as it was given, so that x.png of one folder is not taken for x.png of another.
    name, model = path.as_posix(), classifier.bundle.sha256
    started = time.perf_counter()
    try:
        prediction = classifier.predict(path)
    except MammoError as error:
        return ResultRow(name, "error", "", "", str(error), _since(started), model)
    score, threshold = f"{prediction.score:.6f}", f"{prediction.threshold:.6f}"
    return ResultRow(name, prediction.label, score, threshold, "", _since(started), model)


def _since(started: float) -> str:
    return f"{(time.perf_counter() - started) * 1000:.1f}"

"""Phantoms, copies such as augmentation scripts leave behind, and prepared folders in which copies are hidden."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tflite_mammo.auditing import audit, shortcuts
from tflite_mammo.auditing.duplicates import Pair, Row
from tflite_mammo.console import Advance
from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.phantoms import draw_patient
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.data.rows import TENSORS
from tflite_mammo.preprocess import PreprocessSpec, preprocess

Grey = NDArray[np.uint8]
AS_IT_IS = PreprocessSpec(height=128, width=128, crop="none", orient="keep", polarity="keep")
PARTS = ["train"] * 8 + ["validation"] * 2 + ["test"] * 2


@pytest.fixture(scope="session")
def originals() -> list[Grey]:
    """20 images of 5 patients."""
    views = (view for number in range(1, 8) for view in draw_patient(number, 3, 200, 0.5) if not view.inverted)
    return [(view.pixels >> 4).astype(np.uint8) for view in views][:20]


def turned(image: Grey, degrees: float) -> Grey:
    height, width = image.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1)  # OpenCV counts against the clock
    return np.asarray(cv2.warpAffine(image, turn, (width, height)), np.uint8)


def saved_as_jpeg(image: Grey) -> Grey:
    _, saved = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 30])
    return np.asarray(cv2.imdecode(saved, cv2.IMREAD_GRAYSCALE), np.uint8)


COPIES: dict[str, Callable[[Grey], Grey]] = {
    "identical": lambda image: image,
    "mirrored": lambda image: image[:, ::-1],
    "upside down": lambda image: image[::-1],
    "turned 90": lambda image: np.rot90(image, -1),
    "turned -90": lambda image: np.rot90(image),
    "turned 180": lambda image: np.rot90(image, 2),
    "turned 8": lambda image: turned(image, 8),
    "mirrored, turned 8": lambda image: turned(np.ascontiguousarray(image[:, ::-1]), 8),
    "cropped": lambda image: image[20:-10, :-18],
    "brightened": lambda image: np.clip(1.3 * image + 20, 0, 255).astype(np.uint8),
    "CLAHE": lambda image: np.asarray(cv2.createCLAHE(3.0, (8, 8)).apply(image), np.uint8),
    "JPEG": saved_as_jpeg,
}

Copy = Callable[[Grey, str], Grey]
Stack = Callable[..., list[Row]]
Plant = Callable[..., Dataset]


@pytest.fixture(scope="session")
def copy() -> Copy:
    return lambda image, kind: np.ascontiguousarray(COPIES[kind](image))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """Images, as they are, to rows of an images.npy of their own."""

    def stacked(images: Sequence[Grey], spec: PreprocessSpec = AS_IT_IS) -> list[Row]:
        path = tmp_path_factory.mktemp("stacked") / TENSORS
        np.save(path, np.stack([preprocess(image, spec) for image in images]))
        return [(path, row) for row in range(len(images))]

    return stacked


@pytest.fixture
def plant(originals: list[Grey], tmp_path: Path) -> Plant:
    """A prepared folder of 12 patients, one image each, and of more images: each with the cells of its row."""

    def planted(
        *more: tuple[Grey, dict[str, str]], name: str = "data", folds: bool = False, spec: PreprocessSpec = AS_IT_IS
    ) -> Dataset:
        source = tmp_path / f"{name}-source"
        source.mkdir()
        rows = []
        for number, part in enumerate(PARTS):
            parts = {"fold_1": part, "fold_2": PARTS[(number + 4) % 12]} if folds else {"split": part}
            label = "benign" if number % 2 else "malignant"
            rows.append({"file": f"{number:02d}.png", "label": label, "patient": f"P{number:02d}", **parts})
            Image.fromarray(originals[number]).save(source / rows[-1]["file"])
        for number, (image, cells) in enumerate(more):
            rows.append({"file": f"copy_{number}.png", "label": "benign", "patient": f"C{number}", **cells})
            Image.fromarray(image).save(source / rows[-1]["file"])
        with (source / "images.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, list(rows[0]))
            table.writeheader()
            table.writerows(rows)
        manifest = read_collection(source, "csv", AdapterOptions())
        return prepare(manifest, tmp_path / name, PreparePlan("csv", spec, "official"), workers=1)

    return planted


@pytest.fixture
def no_forest(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that ask nothing about shortcuts: most of the time of a small audit goes into its trees."""
    monkeypatch.setattr(shortcuts, "_learned", lambda _, positive, __: np.full(positive.size, 0.5))


@pytest.fixture
def no_pairs(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """For tests that ask nothing about pairs: none are looked for, and every audit is an entry of this list."""
    made: list[object] = []

    def none_found(rows: Sequence[Row], *, workers: int | None, advance: Advance) -> list[Pair]:
        made.append(rows)
        advance(len(rows))
        return []

    monkeypatch.setattr(audit, "find_pairs", none_found)
    return made

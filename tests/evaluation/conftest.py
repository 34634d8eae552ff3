"""Small tables of scores, written out or drawn with a seed."""

from collections.abc import Sequence

import numpy as np
import pytest

from tflite_mammo.scores import ScoreRow, Scores, Threshold

CLASSES = ("benign", "malignant")
THREE = ("normal", "benign", "malignant")


class Tables:
    half = Threshold(0.5, "given by hand", "")

    def of(self, findings: Sequence[float], positive: Sequence[bool], per_patient: int = 1) -> Scores:
        """Image i is of patient i // per_patient, all of the left side."""
        rows = tuple(
            ScoreRow(f"{i}.png", f"P{i // per_patient}", "left", "CC", "test", CLASSES[int(label)])
            for i, label in enumerate(positive)
        )
        finding = np.array(findings, np.float32)
        return Scores(CLASSES, rows, np.stack([1 - finding, finding], axis=1))

    def rows(self, *lines: tuple[str, str, str, float]) -> Scores:
        """Patient, side, label and score of the finding."""
        rows = tuple(
            ScoreRow(f"{i}.png", patient, side, "CC", "test", label)
            for i, (patient, side, label, _) in enumerate(lines)
        )
        finding = np.array([line[3] for line in lines], np.float32)
        return Scores(CLASSES, rows, np.stack([1 - finding, finding], axis=1))

    def women(self, patients: int, seed: int = 7) -> Scores:
        """Four images a woman, two a side; a finding is of one side; scores overlap."""
        rng = np.random.default_rng(seed)
        rows, finding = [], []
        for number in range(patients):
            ill, worse = rng.random() < 0.5, rng.normal(0, 0.6)
            for place, (side, view) in enumerate((("left", "CC"), ("left", "MLO"), ("right", "CC"), ("right", "MLO"))):
                has_it = bool(ill) and place < 2
                name = f"{number}-{place}.png"
                rows.append(ScoreRow(name, f"P{number}", side, view, "test", CLASSES[int(has_it)]))
                finding.append(1 / (1 + np.exp(-(2 * has_it - 1 + worse + rng.normal()))))
        values = np.array(finding, np.float32)
        return Scores(CLASSES, tuple(rows), np.stack([1 - values, values], axis=1))

    def logits(self, logits: np.ndarray, labels: Sequence[int]) -> Scores:
        """The softmax of the logits; of two classes or of three."""
        exact = np.exp(logits - logits.max(axis=1, keepdims=True))
        classes = CLASSES if logits.shape[1] == 2 else THREE
        rows = tuple(
            ScoreRow(f"{i}.png", f"P{i}", "left", "CC", "test", classes[label]) for i, label in enumerate(labels)
        )
        return Scores(classes, rows, (exact / exact.sum(axis=1, keepdims=True)).astype(np.float32))


@pytest.fixture(scope="session")
def tables() -> Tables:
    return Tables()

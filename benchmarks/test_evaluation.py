"""The whole table of figures with its intervals against a loop over scikit-learn's functions, draw by draw."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as reference

from tflite_mammo.evaluation.bootstrap import DRAWS
from tflite_mammo.evaluation.evaluate import evaluate
from tflite_mammo.evaluation.pooling import pooled
from tflite_mammo.scores import ScoreRow, Scores, Threshold

PATIENTS, THRESHOLD = 10_000, 0.5
PEER_DRAWS = 10
"""What 2,000 would take follows from these."""
MOST_SECONDS, LEAST_TIMES = 20.0, 20.0


def drawn(images: int) -> Scores:
    rng = np.random.default_rng(3)
    positive = np.repeat(rng.random(PATIENTS) < 0.2, images)
    z = np.repeat(rng.normal(size=PATIENTS), images) + rng.normal(size=positive.size) + 2 * positive - 1.5
    score = 1 / (1 + np.exp(-z))
    rows = tuple(
        ScoreRow(f"{i}.png", f"P{i // images}", ("left", "right")[i % images * 2 // images], "CC", "test",
                 "malignant" if has_it else "benign")
        for i, has_it in enumerate(positive)
    )  # fmt: skip
    return Scores(("benign", "malignant"), rows, np.stack([1 - score, score], 1).astype(np.float32))


Arrays = tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.int64]]
"""Who has the finding, the scores, the patients' numbers."""


def arrays_of(table: Scores) -> Arrays:
    numbers = np.array([int(row.patient[1:]) for row in table.rows])
    return table.positive, table.finding.clip(1e-7, 1 - 1e-7), numbers


def by_scikit_learn(tables: list[Arrays], rng: np.random.Generator) -> None:
    """One draw of patients, and every figure of every table of it."""
    count = np.bincount(rng.integers(PATIENTS, size=PATIENTS), minlength=PATIENTS)
    for positive, scores, numbers in tables:
        rows = np.repeat(np.arange(numbers.size), count[numbers])
        truth, score = positive[rows], scores[rows]
        called = score >= THRESHOLD
        false_alarms, found, _ = reference.roc_curve(truth, score)
        for least in (0.9, 0.95):
            found[false_alarms <= 1 - least].max(), 1 - false_alarms[found >= least].min()
        reference.roc_auc_score(truth, score), reference.roc_auc_score(truth, score, max_fpr=0.1)
        for figure in (reference.average_precision_score, reference.brier_score_loss, reference.log_loss):
            figure(truth, score)
        for figure in (reference.accuracy_score, reference.balanced_accuracy_score, reference.matthews_corrcoef):
            figure(truth, called)
        for side in (True, False):
            reference.recall_score(truth, called, pos_label=side)
            reference.precision_score(truth, called, pos_label=side)
            reference.f1_score(truth, called, pos_label=side)
        reference.f1_score(truth, called, average="weighted")


@pytest.mark.parametrize("images", [1, 4])
def test_the_whole_table_in_seconds(images: int, keep: Callable[[str, dict[str, Any]], None]) -> None:
    scores, threshold = drawn(images), Threshold(THRESHOLD, "given by hand", "")
    units = [scores] if images == 1 else [pooled(scores, unit, "max") for unit in ("image", "side", "patient")]
    peer, rng = [arrays_of(unit) for unit in units], np.random.default_rng(0)
    ours, peers = [], []
    for _ in range(3):
        ours.append(_seconds(lambda: evaluate(scores, threshold)))
        peers.append(_seconds(lambda: [by_scikit_learn(peer, rng) for _ in range(PEER_DRAWS)]) * DRAWS / PEER_DRAWS)
    times = median(peer / own for peer, own in zip(peers, ours, strict=True))
    name = f"{PATIENTS:,} patients, {images} image{'s' if images > 1 else ''} each, {DRAWS:,} draws"
    figures = {"seconds": round(median(ours), 1), "times as fast as scikit-learn": round(times)}
    print(f"\n{name}: {figures}")
    keep("evaluation", {name: figures})
    assert max(ours) < MOST_SECONDS
    assert times >= LEAST_TIMES


def _seconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started

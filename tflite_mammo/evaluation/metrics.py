"""Figures of merit, for many drawings of the same patients at once.

In: who has the finding, what was called, what was scored, whose image each is. Asked with counts (draws x patients):
one value per draw; not-a-number where it cannot be computed, such as a sensitivity without cases.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.evaluation.ranked import RANKED, Counts, Ranked, Values

SHARES = {
    "accuracy": ("right", "all"),
    "sensitivity": ("true_positive", "cases"),
    "specificity": ("true_negative", "others"),
    "precision_positive": ("true_positive", "called"),
    "precision_negative": ("true_negative", "not_called"),
}
"""Figures that are one count over another."""
CALLED = (*SHARES, "balanced_accuracy", "f1_positive", "f1_negative", "f1_weighted", "mcc")
PROBABILITY = ("brier", "log_loss", "calibration_error")
FIGURES = (*RANKED, *CALLED, *PROBABILITY)
BINS = 10
"""Of equal width over the score, for the expected calibration error."""
LEAST = float(np.finfo(np.float32).eps)
"""A score of 0 or 1 that is wrong would cost an infinite log loss; it costs that of a float32's last digit."""


@dataclass(frozen=True, eq=False)
class Judged:
    """One row per image, side or patient. `scores` may be logits: then no figure of PROBABILITY can be computed."""

    scores: NDArray[np.float64]
    positive: NDArray[np.bool_]
    called: NDArray[np.bool_]
    owner: NDArray[np.int64]
    """The number of the patient."""

    @cached_property
    def patients(self) -> int:
        return int(self.owner.max()) + 1

    @cached_property
    def fewest(self) -> int:
        """Patients of the class that has fewer; of a class that is not there none are asked for."""
        counts = [np.unique(self.owner[rows]).size for rows in (self.positive, ~self.positive)]
        return min(count for count in counts if count)

    @property
    def everybody(self) -> Counts:
        """Each patient once: the figures of the rows as they are."""
        return np.ones((1, self.patients))

    @cached_property
    def of_patients(self) -> dict[str, NDArray[np.float64]]:
        """Of each count and sum, what each patient adds."""
        return {
            name: np.bincount(self.owner, values, self.patients).astype(np.float64)
            for name, values in self._of_rows().items()
        }

    def figures(self, counts: Counts) -> dict[str, Values]:
        drawn = counts @ self._added.astype(counts.dtype)
        sums = dict(zip(self.of_patients, drawn.astype(np.float64).T, strict=True))
        with np.errstate(invalid="ignore", divide="ignore"):
            table = {**self._ranked.figures(counts), **_of_calls(sums), **_of_probabilities(sums)}
        return {name: table[name] for name in FIGURES}

    @cached_property
    def _added(self) -> NDArray[np.float64]:
        """Patients x counts and sums, in the order of `of_patients`."""
        return np.stack(list(self.of_patients.values()), axis=1)

    @cached_property
    def _ranked(self) -> Ranked:
        return Ranked(self.scores, self.positive, self.owner)

    @property
    def are_probabilities(self) -> bool:
        return are_probabilities(self.scores)

    def _of_rows(self) -> dict[str, NDArray[np.float64]]:
        right, ones = self.called == self.positive, np.ones(self.scores.size)
        table = {
            "all": ones, "right": right, "cases": self.positive, "others": ~self.positive, "called": self.called,
            "not_called": ~self.called, "true_positive": right & self.positive, "true_negative": right & ~self.positive,
        }  # fmt: skip
        return {**{name: np.asarray(values, np.float64) for name, values in table.items()}, **self._of_scores()}

    def _of_scores(self) -> dict[str, NDArray[np.float64]]:
        if not self.are_probabilities:
            return {name: np.full(self.scores.size, np.nan) for name in ("squares", "surprise", "bin0")}
        likely = np.clip(self.scores, LEAST, 1 - LEAST)
        place = bin_of(self.scores)
        excess = {f"bin{i}": np.where(place == i, self.scores - self.positive, 0.0) for i in range(BINS)}
        surprise = -np.log(np.where(self.positive, likely, 1 - likely))
        return {"squares": np.square(self.scores - self.positive), "surprise": surprise, **excess}


def are_probabilities(scores: NDArray[np.float64]) -> bool:
    return bool(((scores >= 0) & (scores <= 1)).all())


def bin_of(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which of the calibration's bins each score falls into."""
    return np.minimum((scores * BINS).astype(np.int64), BINS - 1)


def _of_calls(sums: dict[str, Values]) -> dict[str, Values]:
    true_positive, true_negative = sums["true_positive"], sums["true_negative"]
    wrong = sums["all"] - sums["right"]
    shares = {name: sums[part] / sums[whole] for name, (part, whole) in SHARES.items()}
    f1_positive, f1_negative = (2 * right / (2 * right + wrong) for right in (true_positive, true_negative))
    # Of a class that a draw lacks nothing is added.
    of_both = [np.where(n > 0, n * f1, 0) for n, f1 in ((sums["cases"], f1_positive), (sums["others"], f1_negative))]
    product = np.sqrt(sums["called"]) * np.sqrt(sums["not_called"]) * np.sqrt(sums["cases"]) * np.sqrt(sums["others"])
    missed, false_alarms = sums["cases"] - true_positive, sums["others"] - true_negative
    return {
        **shares,
        "balanced_accuracy": (shares["sensitivity"] + shares["specificity"]) / 2,
        "f1_positive": f1_positive,
        "f1_negative": f1_negative,
        "f1_weighted": (of_both[0] + of_both[1]) / sums["all"],
        "mcc": np.clip((true_positive * true_negative - missed * false_alarms) / product, -1, 1),
    }


def _of_probabilities(sums: dict[str, Values]) -> dict[str, Values]:
    bins = [np.abs(values) for name, values in sums.items() if name.startswith("bin")]
    return {
        "brier": sums["squares"] / sums["all"],
        "log_loss": sums["surprise"] / sums["all"],
        "calibration_error": np.sum(bins, axis=0) / sums["all"],
    }

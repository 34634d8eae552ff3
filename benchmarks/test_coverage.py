"""Do 95 % intervals hold the truth in 95 of 100 studies? On scores drawn so that the truth is known."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pytest

from tflite_mammo.evaluation.figure import draw, figures_of
from tflite_mammo.evaluation.metrics import Judged

SIMULATIONS = 1000
LEAST, MOST = 0.93, 0.97
NORMAL = NormalDist()
BESIDE = ", draws"
"""What the bootstrap's percentiles would hold, where another interval is quoted."""
HELD = ("auc", "sensitivity", "specificity", "accuracy", "balanced_accuracy")


@dataclass(frozen=True)
class Study:
    """Scores of two normal distributions; a patient's images share a part of what is random about them."""

    patients: int
    images: int
    auc: float
    shared: float = 0.0
    """The correlation of a patient's scores."""
    sides: bool = False
    """Each side has a label of its own, so that most women with the finding have images without it too."""
    cases: float = 0.3

    @property
    def truth(self) -> dict[str, float]:
        """Called from the middle between the two distributions on."""
        found = NORMAL.cdf(self._apart / 2)
        return {"auc": self.auc} | dict.fromkeys(HELD[1:], found)

    def draw(self, rng: np.random.Generator) -> Judged:
        owner = np.repeat(np.arange(self.patients), self.images)
        units, of_one = (2 * self.patients, self.images // 2) if self.sides else (self.patients, self.images)
        positive = np.repeat(rng.random(units) < self.cases, of_one)
        common, own = rng.normal(size=self.patients)[owner], rng.normal(size=owner.size)
        z = np.sqrt(self.shared) * common + np.sqrt(1 - self.shared) * own + self._apart * positive
        return Judged(1 / (1 + np.exp(-z)), positive, z >= self._apart / 2, owner)

    @property
    def _apart(self) -> float:
        return 2**0.5 * NORMAL.inv_cdf(self.auc)


STUDIES = {
    "100 patients, one image each, AUC .85": Study(100, 1, 0.85),
    "100 patients, four images each, AUC .85": Study(100, 4, 0.85, shared=0.5),
    "100 patients, two sides of two images, AUC .85": Study(100, 4, 0.85, shared=0.5, sides=True),
    "400 patients, two sides of two images, AUC .85": Study(400, 4, 0.85, shared=0.5, sides=True),
    "200 patients, two images each, AUC .95": Study(200, 2, 0.95, shared=0.3),
    "100 patients, one image each, AUC .6": Study(100, 1, 0.6),
}


def _held(study: Study, rng: np.random.Generator) -> Iterator[tuple[str, bool]]:
    """Of every figure, by each of its intervals: is the truth inside?"""
    judged = study.draw(rng)
    table = figures_of(judged, draw({"": judged}, judged.scores.size)[""])
    for name, truth in study.truth.items():
        figure = table[name]
        yield (
            f"{name}, {figure.by}",
            figure.low is not None and figure.high is not None and (figure.low <= truth <= figure.high),
        )
        if figure.drawn:
            yield f"{name}{BESIDE}", figure.drawn[0] <= truth <= figure.drawn[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_intervals_hold_the_truth_as_often_as_they_say(
    name: str, keep: Callable[[str, dict[str, object]], None]
) -> None:
    held, rng = defaultdict(list), np.random.default_rng(1)
    for _ in range(SIMULATIONS):
        for interval, inside in _held(STUDIES[name], rng):
            held[interval].append(inside)
    shares = {interval: float(np.mean(inside)) for interval, inside in held.items()}
    print(f"\n{name}: {shares}")
    keep("coverage", {name: shares})
    quoted = {interval: share for interval, share in shares.items() if not interval.endswith(BESIDE)}
    outside = {interval: share for interval, share in quoted.items() if not LEAST <= share <= MOST}
    assert not outside

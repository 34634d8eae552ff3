"""What can be told of an image without looking at the breast, to how well it tells the classes apart.

A network finds such a way if there is one. An AUC near .5 is what one hopes for; the farther from it, either way, the
more of a model's success may have nothing to do with the disease.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.manifest import Example, cell
from tflite_mammo.evaluation.bootstrap import interval_95, owners, patient_draws
from tflite_mammo.evaluation.figure import Figure
from tflite_mammo.evaluation.ranked import Values, auc

DRAWS = 200
LEAST_TOLD_APART = 0.6
"""An AUC whose interval lies wholly beyond this (or below 1 minus it) is flagged."""
TOGETHER = "all of these together"
FOLDS = 5
DIAGNOSTIC = frozenset({
    "abnormality", "assessment", "biopsy", "birads", "calc_distribution", "calc_type", "difficult_negative_case",
    "finding", "finding_birads", "findings", "invasive", "kind", "lesion_id", "mass_margins", "mass_shape", "number",
    "pathology", "set", "slide", "subtlety", "subtype", "tumour",
})  # fmt: skip
"""Columns that are part of the finding: they tell the classes apart by right, and no pixel shows them."""
MOST_VALUES = 30
"""Columns with more values than this are names or measurements rather than kinds."""


@dataclass(frozen=True)
class Shortcut:
    name: str
    auc: Figure
    """Of the finding against the rest, with a 95 % interval by patient."""
    learned: bool = False
    """From other patients: below .5 it has learned nothing."""

    @property
    def flagged(self) -> bool:
        low, high = self.auc.low, self.auc.high
        if low is None or high is None:
            return False
        return low > LEAST_TOLD_APART or (high < 1 - LEAST_TOLD_APART and not self.learned)

    @property
    def strength(self) -> float:
        beyond = 0.0 if self.auc.value is None else self.auc.value - 0.5
        return beyond if self.learned else abs(beyond)


def shortcuts(dataset: Dataset) -> tuple[Shortcut, ...]:
    """One per cue of the files, one for all cues together, one per column of the manifest; strongest first."""
    examples, finding = dataset.examples, dataset.info.classes[-1]
    positive = np.array([example.label == finding for example in examples])
    patients = [example.unit for example in examples]  # copies that are known of would be told by one another
    cues, strata, one = dict(dataset.cues), _folds(patients, positive), np.zeros(len(examples), np.int64)
    named = {name: _told(values, positive, patients, one) for name, values in _readable(cues).items()}
    kinds = {name: _kinds([cell(example, name) for example in examples]) for name in _columns(examples)}
    told = {f"column {n}": _by_kind(codes, positive, strata) for n, codes in kinds.items() if codes is not None}
    told[TOGETHER] = _learned(np.column_stack(list(cues.values())), positive, strata)
    found = [Shortcut(name, figure) for name, figure in named.items()]
    found += [Shortcut(n, _told(values, positive, patients, strata), learned=True) for n, values in told.items()]
    return tuple(sorted(found, key=lambda shortcut: -shortcut.strength))


def _readable(cues: Mapping[str, Values]) -> dict[str, Values]:
    return {
        "image size": cues["width"] * cues["height"],
        "image shape": cues["height"] / np.maximum(cues["width"], 1),
        "file size": cues["file_bytes"],
        "mean brightness": cues["brightness"],
        "border pixels": cues["border"],
    }


def _told(values: Values, positive: NDArray[np.bool_], patients: list[str], strata: NDArray[np.int64]) -> Figure:
    owner = owners(patients)
    blocks = patient_draws(int(owner.max()) + 1, owner.size, DRAWS)
    draws = np.concatenate([_auc_within(values, positive, strata, counts[:, owner]) for counts in blocks])
    (point,) = _auc_within(values, positive, strata, np.ones((1, positive.size)))
    return Figure(float(point), *interval_95(draws, int(owner.max()) + 1)) if np.isfinite(point) else Figure()


def _auc_within(values: Values, positive: NDArray[np.bool_], strata: NDArray[np.int64], weights: Values) -> Values:
    """Cases are set against others of the same stratum only.

    What was learned without a fold is low where the fold has many cases, since the rest then has few: set against other
    folds, even noise would lie well below .5.
    """
    won, met = np.zeros(len(weights)), np.zeros(len(weights))
    for number in np.unique(strata):
        here = strata == number
        some = weights[:, here]
        meetings = (some @ positive[here]) * (some @ ~positive[here])
        won += np.nan_to_num(auc(values[here], positive[here], some)) * meetings
        met += meetings
    with np.errstate(invalid="ignore"):
        share: Values = won / met
    return share


def _columns(examples: tuple[Example, ...]) -> list[str]:
    more = {key for example in examples for key in example.more}
    return ["side", "view", *sorted(key for key in more if key.lower().replace(" ", "_") not in DIAGNOSTIC)]


def _kinds(cells: list[str]) -> NDArray[np.int64] | None:
    values, codes = np.unique(cells, return_inverse=True)
    return codes.astype(np.int64) if 1 < len(values) <= MOST_VALUES else None


def _folds(patients: list[str], positive: NDArray[np.bool_]) -> NDArray[np.int64]:
    """One per image, by patient, with about as many patients who have the finding in each."""
    names, codes = np.unique(patients, return_inverse=True)
    has_it = np.bincount(codes, positive) > 0
    order = np.random.default_rng(0).permutation(len(names))
    order = order[np.argsort(~has_it[order], kind="stable")]
    fold = np.empty(len(names), np.int64)
    fold[order] = np.arange(len(names)) % FOLDS
    return fold[codes]


def _by_kind(codes: NDArray[np.int64], positive: NDArray[np.bool_], fold: NDArray[np.int64]) -> Values:
    """The share of the finding among images of the same kind, counted over other patients."""
    shares = np.full(codes.size, positive.mean())
    for number in np.unique(fold) if fold.any() else ():  # of a single patient nothing can be learned
        here, rest = fold == number, fold != number
        cases = np.bincount(codes[rest], positive[rest], minlength=codes.max() + 1)
        seen = np.bincount(codes[rest], minlength=codes.max() + 1)
        shares[here] = ((cases + positive[rest].mean()) / (seen + 1))[codes[here]]
    return shares


def _learned(features: Values, positive: NDArray[np.bool_], fold: NDArray[np.int64]) -> Values:
    """What a small forest says of each image, taught on other patients."""
    from sklearn.ensemble import RandomForestClassifier

    said = np.full(positive.size, positive.mean())
    for number in np.unique(fold):
        here, rest = fold == number, fold != number
        if positive[rest].any() and not positive[rest].all():
            forest = RandomForestClassifier(100, min_samples_leaf=5, random_state=0).fit(features[rest], positive[rest])
            said[here] = forest.predict_proba(features[here])[:, 1]
    return said

"""Tensors to the pairs of them that show the same image, however one was turned, mirrored, cropped or brightened.

Three steps, each on what the one before let through. Identical tensors are found by their digests. Of the others each
fingerprint is summed up in one vector (VLAD: how its marks differ from the nearest of 64 typical ones), whose nearest
neighbours, as they are and mirrored, are candidates. A candidate is a pair if one image can be laid over the other by
a turn, a shift and a scale such that marks meet and what lies between them looks alike.
"""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import parent_process
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tflite_mammo.auditing.fingerprint import PX, Detail, Fingerprint, detail_of, fingerprint
from tflite_mammo.console import Advance, no_progress
from tflite_mammo.parallel import available_cores, map_ordered
from tflite_mammo.preprocess import Bytes

Vectors = NDArray[np.float32]
Row = tuple[Path, int]
"""An images.npy and a row of it."""

WORDS, WORD_LENGTH = 64, 32
SAMPLED_IMAGES = 300
"""Those from whose marks the typical ones are learned."""
NEIGHBOURS = 10
LEAST_NEARNESS = 0.09
"""Of two vectors, 1 at most. Of true copies 99.5 in 100 lie above it, of other pairs a few in a hundred."""
LEAST_MARKS = 12
LEAST_LIKENESS = 0.5
"""Correlation of detail after laying one image over the other. Different breasts reach it with fewer marks only."""
MARKS_ALIKE = 0.63
"""Greatest distance of two descriptions; at 1.41 they have nothing in common."""
MARKS_MEET_PX = 2.5
CHUNK = 32


@dataclass(frozen=True)
class Pair:
    one: int
    other: int
    likeness: float
    """Correlation of detail, 1 for identical tensors."""
    mirrored: bool = False
    turned_degrees: int = 0
    scale: float = 1.0

    @property
    def identical(self) -> bool:
        return self.likeness == 1.0

    @property
    def how(self) -> str:
        """What was done to the one to get the other, in words: mirrored left to right, then turned clockwise."""
        if self.identical:
            return "identical"
        done = ["mirrored"] if self.mirrored else []
        done += [f"turned {self.turned_degrees} degrees"] if abs(self.turned_degrees) > 1 else []
        done += [f"scaled {self.scale:.2f}"] if abs(self.scale - 1) > 0.02 else []
        return ", ".join(done) or "changed in tone or saved anew"


def find_pairs(rows: Sequence[Row], *, workers: int | None = None, advance: Advance = no_progress) -> list[Pair]:
    """Pairs of places in `rows`, the most alike first. Of identical tensors each is paired with the first."""
    _opened.cache_clear()  # other data may lie there than at the last audit
    digests, prints = [], []
    # Few images are done before a second process would have started.
    for digest, found in map_ordered(_read, rows, 1 if len(rows) < 10 * CHUNK else workers, chunk=CHUNK):
        digests.append(digest)
        prints.append(found)
        advance(1)
    first: dict[str, int] = {}
    pairs = [Pair(first[d], i, 1.0) for i, d in enumerate(digests) if first.setdefault(d, i) != i]
    places = sorted(first.values())
    best: dict[tuple[int, int], Pair] = {}
    # Threads: nearly all of the time is OpenCV's, which lets others run meanwhile.
    with ThreadPoolExecutor(workers or available_cores()) as pool:
        for pair in pool.map(lambda candidate: _laid_over(prints, rows, *candidate), _candidates(prints, places)):
            known = best.get((pair.one, pair.other)) if pair else None
            if pair and (known is None or known.likeness < pair.likeness):
                best[pair.one, pair.other] = pair
    return sorted([*pairs, *best.values()], key=lambda pair: (-pair.likeness, pair.one, pair.other))


def tensor_at(row: Row) -> Bytes:
    tensor: Bytes = _opened(row[0])[row[1]]
    return tensor


@cache
def _opened(path: Path) -> Bytes:
    images: Bytes = np.load(path, mmap_mode="r")
    return images


def _read(row: Row) -> tuple[str, Fingerprint]:
    if parent_process():
        cv2.setNumThreads(1)  # every core has a process of its own
    tensor = np.ascontiguousarray(tensor_at(row))
    return hashlib.sha256(tensor.tobytes()).hexdigest(), fingerprint(tensor)


def _candidates(prints: list[Fingerprint], places: list[int]) -> Iterator[tuple[int, int, bool]]:
    """Each once: which image, which other, and whether the first has to be mirrored."""
    sketch = _Sketch.learned([prints[place].marks for place in places]) if places else None
    if sketch is None:
        return
    upright = np.stack([sketch.vector(prints[place].marks) for place in places])
    seen: set[tuple[int, int, bool]] = set()
    for mirrored in (False, True):
        asked = np.stack([sketch.vector(prints[p].mirrored().marks) for p in places]) if mirrored else upright
        for here, there in _nearest(asked, upright):
            # Near the other mirrored is the same as the other near this one mirrored.
            key = (places[min(here, there)], places[max(here, there)], mirrored)
            if key not in seen:
                seen.add(key)
                yield key


def _nearest(asked: Vectors, known: Vectors, block: int = 512) -> Iterator[tuple[int, int]]:
    count = min(NEIGHBOURS, len(known))
    # Where typical marks are those of a handful of images, nearness says nothing and every pair is tried.
    least = LEAST_NEARNESS if len(known) > count + 1 else -2.0
    for start in range(0, len(asked), block):
        near = asked[start : start + block] @ known.T
        near[np.arange(len(near)), start + np.arange(len(near))] = -np.inf  # itself
        best = np.argpartition(-near, count - 1, axis=1)[:, :count]
        for row, column in zip(*np.nonzero(np.take_along_axis(near, best, 1) >= least), strict=True):
            yield start + int(row), int(best[row, column])


@dataclass(frozen=True)
class _Sketch:
    """How a fingerprint's marks become one vector."""

    mean: Vectors
    axes: Vectors
    words: Vectors

    @classmethod
    def learned(cls, marks: list[NDArray[np.uint8]]) -> "_Sketch | None":
        rng = np.random.default_rng(0)
        sample = _rooted(np.concatenate([marks[i] for i in rng.permutation(len(marks))[:SAMPLED_IMAGES]]))
        if len(sample) < WORDS:
            return None
        mean = sample.mean(axis=0)
        axes = np.linalg.eigh(np.cov(sample, rowvar=False))[1][:, : -WORD_LENGTH - 1 : -1].astype(np.float32)
        cv2.setRNGSeed(0)
        until = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 1e-3)
        start = np.zeros((len(sample), 1), np.int32)
        _, _, words = cv2.kmeans((sample - mean) @ axes, WORDS, start, until, 1, cv2.KMEANS_PP_CENTERS)
        return cls(mean, axes, words)

    def vector(self, marks: NDArray[np.uint8]) -> Vectors:
        sums = np.zeros((WORDS, WORD_LENGTH), np.float32)
        if len(marks):
            short = (_rooted(marks) - self.mean) @ self.axes
            word = ((self.words**2).sum(axis=1) - 2 * short @ self.words.T).argmin(axis=1)
            np.add.at(sums, word, short - self.words[word])
        sums /= np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
        vector: Vectors = sums.ravel() / max(float(np.linalg.norm(sums)), 1e-9)
        return vector


def _rooted(marks: NDArray[np.uint8]) -> Vectors:
    """Square roots of shares: distances between them weigh small values as much as large ones (RootSIFT)."""
    values = marks.astype(np.float32)
    rooted: Vectors = np.sqrt(values / np.maximum(values.sum(axis=1, keepdims=True), 1e-9))
    return rooted


def _laid_over(prints: Sequence[Fingerprint], rows: Sequence[Row], one: int, other: int, mirrored: bool) -> Pair | None:
    here, there = _meeting(prints[one].mirrored() if mirrored else prints[one], prints[other])
    if len(here) < LEAST_MARKS:
        return None
    laid, meets = cv2.estimateAffinePartial2D(
        here, there, method=cv2.RANSAC, ransacReprojThreshold=MARKS_MEET_PX, maxIters=300
    )
    if laid is None or int(meets.sum()) < LEAST_MARKS:
        return None
    scale, turned = float(np.hypot(laid[0, 0], laid[1, 0])), float(np.degrees(np.arctan2(laid[1, 0], laid[0, 0])))
    if not 0.5 < scale < 2.0:
        return None
    picture = detail_of(tensor_at(rows[one]))
    likeness = _likeness(picture[::-1] if mirrored else picture, detail_of(tensor_at(rows[other])), laid)
    if not likeness >= LEAST_LIKENESS:  # not-a-number, too
        return None
    if mirrored:
        turned += 180  # fingerprints are mirrored upside down, and what people do is left to right
    degrees = 180 - round(180 - turned) % 360  # above -180
    # Kept below 1, which is for identical tensors.
    return Pair(one, other, min(round(likeness, 3), 0.999), mirrored, degrees, round(scale, 3))


def _meeting(mine: Fingerprint, theirs: Fingerprint) -> tuple[Vectors, Vectors]:
    """The places of marks that are each other's most alike."""
    if not len(mine.marks) or not len(theirs.marks):
        return np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)
    matcher = cv2.BFMatcher(cv2.NORM_L2, crossCheck=True)
    met = [m for m in matcher.match(_rooted(mine.marks), _rooted(theirs.marks)) if m.distance < MARKS_ALIKE]
    return mine.points[[m.queryIdx for m in met]], theirs.points[[m.trainIdx for m in met]]


def _likeness(mine: Detail, theirs: Detail, laid: NDArray[np.float64]) -> float:
    """Correlation where both show something."""
    moved = cv2.warpAffine(np.ascontiguousarray(mine), laid, (PX, PX))
    inside = cv2.warpAffine(np.ones((PX, PX), np.float32), laid, (PX, PX)) > 0.99
    shown = inside & ((np.abs(moved) > 1e-3) | (np.abs(theirs) > 1e-3))
    if shown.sum() < PX:
        return 0.0
    return float(np.corrcoef(moved[shown], theirs[shown])[0, 1])

"""A runtime and a spec to golden samples: drawn breasts in few grey levels, chosen so that their scores lie far apart.

Few levels, since the file travels: they compress to a seventh of what a grainy image takes, and spread scores as far.
"""

from itertools import count

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.data.phantoms import draw_patient
from tflite_mammo.golden import Golden, pack
from tflite_mammo.preprocess import Bytes, PreprocessSpec, preprocess
from tflite_mammo.runtime import Runtime

SAMPLES, CANDIDATES = 5, 32
SIZE_LIMIT = 32_000
"""Of the packed samples, in bytes; fewer are kept where the network looks at more pixels, but never one alone."""
DRAWN_PX, SEED = 256, 7
LEVELS = 8
TINT = np.array([255, 223, 191])
"""Of colour tensors: a runtime that mixes up the channels must answer otherwise."""
EXACT, ROUNDED = 0.01, 0.1
"""How far runtimes may be apart. In float, sums in another order and half precision stay below a hundredth. Integers
move by whole steps: LiteRT and tflite-runtime were found up to .054 apart on the same int8 files."""


def golden_samples(runtime: Runtime, spec: PreprocessSpec, *, integers: bool) -> Golden:
    candidates = _candidates(spec)
    scores = np.stack([runtime.scores(tensor) for tensor in candidates])
    chosen = far_apart(scores, SAMPLES)
    while True:
        pixels = np.stack([candidates[i] for i in chosen])
        golden = Golden(pixels, scores[chosen], ROUNDED if integers else EXACT)
        if len(chosen) <= 2 or len(pack(golden)) <= SIZE_LIMIT:
            return golden
        chosen.pop()


def far_apart(scores: NDArray[np.float32], wanted: int) -> list[int]:
    """From the lowest score of the finding on, always the row that is farthest from all those taken."""
    chosen = [int(scores[:, -1].argmin())]
    distance = np.full(len(scores), np.inf)
    while len(chosen) < min(wanted, len(scores)):
        distance = np.minimum(distance, np.abs(scores - scores[chosen[-1]]).max(axis=1))
        chosen.append(int(distance.argmax()))
    return chosen


def _candidates(spec: PreprocessSpec) -> list[Bytes]:
    """Breasts with a lesion, as a spec that looks at lesions asks for one, and their negatives."""
    views = (view for number in count() for view in draw_patient(number, SEED, DRAWN_PX, 0.5))
    drawn: list[Bytes] = []
    while len(drawn) < CANDIDATES:
        view = next(views)
        if view.box:
            tensor = _in_few_levels(preprocess((view.pixels >> 4).astype(np.uint8), spec, view.box))
            drawn += [tensor, 255 - tensor]
    return drawn


def _in_few_levels(tensor: Bytes) -> Bytes:
    """From black to white, both included."""
    levels = tensor.astype(np.int64) * LEVELS // 256 * 255 // (LEVELS - 1)
    tint = TINT if tensor.shape[2] == 3 else 255
    few: Bytes = (levels * tint // 255).astype(np.uint8)
    return few

"""What part of an image speaks for the finding: a network and pixels to maps, as coarse as its last features.

z is the finding's logit less the log-sum-exp of the others': of two classes what the score is the sigmoid of. The head
is small and made by network.py, so its derivative is written down here, and every backend gives the same map.
"""

from typing import Literal

import keras
import numpy as np
from numpy.typing import NDArray

from tflite_mammo.placing import Placed
from tflite_mammo.preprocess import Bytes
from tflite_mammo.training.scoring import in_blocks

Floats = NDArray[np.float32]


class Mapper:
    def __init__(self, model: keras.Model) -> None:
        self._pooled = any(layer.name == "pool" for layer in model.layers)
        self._features = keras.Model(model.input, model.get_layer("pool" if self._pooled else "flatten").input)
        self._head = [layer.get_weights() for layer in model.layers if isinstance(layer, keras.layers.Dense)]
        kernel, bias = self._head[-1]
        if bias.size == 1:  # a sigmoid: the other class's logit is 0
            self._head[-1] = [np.pad(kernel, ((0, 0), (1, 0))), np.pad(bias, (1, 0))]

    @property
    def kind(self) -> Literal["exact", "gradient"]:
        """exact: of two classes a map's mean and the bias are z. gradient: Grad-CAM, what speaks against is left out.

        Of more classes an exact map's mean is z but for a bias that depends on the scores of the others.
        """
        return "exact" if self._pooled and len(self._head) == 1 else "gradient"

    @property
    def weights(self) -> Floats | None:
        """What each feature counts in every exact map of two classes; none where it depends on the image."""
        kernel, bias = self._head[-1]
        return kernel[:, 1] - kernel[:, 0] if self.kind == "exact" and bias.size == 2 else None

    def maps(self, images: Bytes, rows: NDArray[np.int64] | None = None) -> Floats:
        """Of these rows of an array of tensors, or of all: (rows, height, width), in float32."""
        blocks = in_blocks(self._features, images, np.arange(len(images)) if rows is None else rows)
        return np.concatenate([self._of_features(features) for features in blocks])

    def _of_features(self, features: Floats) -> Floats:
        if self._pooled:
            slopes = _slopes(self._head, features.mean(axis=(1, 2)))
        else:
            slopes = _slopes(self._head, features.reshape(len(features), -1)).reshape(features.shape).sum(axis=(1, 2))
        maps: Floats = np.einsum("nhwk,nk->nhw", features, slopes).astype(np.float32)
        if self.kind == "exact":
            return maps
        speaking: Floats = np.maximum(maps, 0)
        return speaking / np.float32(maps[0].size)


def peak(heat: Floats, shape: tuple[int, ...]) -> tuple[float, float] | None:
    """x and y of the middle of the highest cell, on a tensor of this shape; none where no cell stands out."""
    if heat.max() == heat.min():
        return None
    row, column = divmod(int(heat.argmax()), heat.shape[1])
    return (column + 0.5) * shape[1] / heat.shape[1], (row + 0.5) * shape[0] / heat.shape[0]


def touching(box: Placed, heat: Floats, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The cells of a map that a box reaches into: a cell is as fine as a map can point, and may be larger than it."""
    rows, columns = heat.shape
    left, right = (side * columns / shape[1] for side in (box[0], box[2]))
    top, bottom = (side * rows / shape[0] for side in (box[1], box[3]))
    x, y = np.arange(columns), np.arange(rows)
    cells: NDArray[np.bool_] = ((y < bottom) & (y + 1 > top))[:, None] & ((x < right) & (x + 1 > left))[None, :]
    return cells


def _slopes(head: list[list[Floats]], x: Floats) -> Floats:
    """dz/dx at each of these inputs of the head: forwards to the logits, then back. Dropout does nothing here."""
    live = []
    for kernel, bias in head[:-1]:
        x = np.maximum(x @ kernel + bias, 0)
        live.append(x > 0)
    others = _softmax((x @ head[-1][0] + head[-1][1])[:, :-1])
    slopes = np.concatenate([-others, np.ones((len(x), 1), np.float32)], axis=1) @ head[-1][0].T
    for (kernel, _), passed in zip(reversed(head[:-1]), reversed(live), strict=True):
        slopes = (slopes * passed) @ kernel.T
    return slopes


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares

"""A backbone's layers to the numbers at which its blocks start, as Keras counts them: the input layer is number 0."""

import re
from collections.abc import Callable

import keras


def named(pattern: str) -> Callable[[keras.Model], list[int]]:
    """Blocks whose layers' names start with what the pattern's group matches."""

    def starts(base: keras.Model) -> list[int]:
        first: dict[str, int] = {}
        for number, layer in enumerate(base.layers):
            if match := re.match(pattern, layer.name):
                first.setdefault(match[1], number)
        return sorted(first.values())

    return starts


def after_mixed(base: keras.Model) -> list[int]:
    """InceptionV3: most of its layers have made-up names; a block ends in the layer mixed0, ... mixed10."""
    ends = [number for number, layer in enumerate(base.layers) if re.fullmatch(r"mixed\d+", layer.name)]
    second_pooling = [n for n, layer in enumerate(base.layers) if isinstance(layer, keras.layers.MaxPooling2D)][1]
    return [end + 1 for end in (second_pooling, *ends[:-1])]

"""Which samples a converted file carries."""

from dataclasses import replace

import numpy as np
import pytest

from tflite_mammo.conversion.convert import Converted
from tflite_mammo.conversion.golden import far_apart, golden_samples
from tflite_mammo.golden import golden_of, pack
from tflite_mammo.preprocess import Bytes, PreprocessSpec

SMALL = PreprocessSpec(height=64, width=64)


class Brightness:
    """Scores an image by its mean."""

    def scores(self, tensor: Bytes) -> np.ndarray:
        share = tensor.mean() / 255
        return np.array([1 - share, share], np.float32)


def _samples(spec: PreprocessSpec, *, integers: bool = True) -> Bytes:
    return golden_samples(Brightness(), spec, integers=integers).pixels  # type: ignore[arg-type]


def test_rows_are_chosen_from_the_lowest_score_on_as_far_apart_as_can_be() -> None:
    scores = np.array([[0.5, 0.5], [0.8, 0.2], [0.1, 0.9], [0.52, 0.48], [0.79, 0.21]], np.float32)
    assert far_apart(scores, 3) == [1, 2, 0]


def test_no_more_rows_are_chosen_than_there_are() -> None:
    assert far_apart(np.array([[0.8, 0.2], [0.1, 0.9]], np.float32), 5) == [0, 1]


def test_every_converted_file_carries_samples_whose_scores_differ(converted: dict[str, Converted]) -> None:
    for name, done in converted.items():
        golden = golden_of(done.bundle)
        assert golden.pixels.shape == (5, 64, 64, 1)
        # Steps of 1/256 are wider than what so short a training makes of five images.
        assert name == "coral" or np.unique(golden.scores[:, -1]).size == 5
        assert len(done.bundle.golden) < 8_000


def test_samples_are_drawn_the_same_every_time() -> None:
    np.testing.assert_array_equal(_samples(SMALL), _samples(SMALL))


def test_samples_reach_from_black_to_white_in_few_levels() -> None:
    levels = np.unique(_samples(SMALL))
    assert (levels[0], levels[-1]) == (0, 255)
    assert levels.size <= 16  # eight, and their negatives


def test_colour_samples_tell_the_channels_apart() -> None:
    red, green, blue = np.moveaxis(_samples(replace(SMALL, channels=3)), -1, 0)
    assert (red != green).any()
    assert (green != blue).any()


def test_a_model_of_lesion_crops_gets_crops_of_lesions() -> None:
    assert (_samples(replace(SMALL, crop="roi")) != _samples(SMALL)).any()


@pytest.mark.parametrize("side", [64, 224, 512])
def test_samples_stay_small_whatever_the_network_looks_at(side: int) -> None:
    golden = golden_samples(Brightness(), PreprocessSpec(height=side, width=side), integers=True)  # type: ignore[arg-type]
    assert len(pack(golden)) <= 32_000


def test_a_network_of_many_pixels_keeps_two_samples_at_least() -> None:
    assert len(_samples(PreprocessSpec(height=1024, width=1024))) == 2


def test_integers_may_be_off_by_more_than_floats(converted: dict[str, Converted]) -> None:
    allowed = {name: round(golden_of(done.bundle).tolerance, 6) for name, done in converted.items()}
    assert allowed == {"float32": 0.01, "float16": 0.01, "dynamic": 0.1, "int8": 0.1, "coral": 0.1}

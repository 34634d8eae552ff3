"""What trains: counted in layers or blocks from the output side, and never more than there is."""

import keras
import numpy as np
import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.training.backbones import BACKBONES
from tflite_mammo.training.freezing import depths, unfreeze

RESNET50 = BACKBONES["resnet50"]


@pytest.fixture(scope="module")
def resnet50() -> keras.Model:
    return RESNET50.build((32, 32, 3))


def _trains(base: keras.Model, what: str, *, frozen: bool = False) -> list[bool]:
    unfreeze(base, what, RESNET50.blocks, batch_norm_frozen=frozen)
    return [layer.trainable for layer in base.layers]


@pytest.mark.parametrize(
    ("what", "first"),
    [("all", 0), ("none", 175), ("60%", 175 - round(0.6 * 174)), ("100%", 1), ("last:30", 145), ("from:143", 143)],
)
def test_layers_train_from_the_one_asked_for_on(resnet50: keras.Model, what: str, first: int) -> None:
    assert _trains(resnet50, what) == [number >= first for number in range(175)]


def test_blocks_are_counted_from_the_output_side(resnet50: keras.Model) -> None:
    trains = _trains(resnet50, "blocks:2")
    assert resnet50.layers[trains.index(True)].name.startswith("conv5_block2")


@pytest.mark.parametrize("what", ["last:175", "blocks:99", "from:500"])
def test_more_than_there_is_is_refused(resnet50: keras.Model, what: str) -> None:
    with pytest.raises(MammoError, match=rf"unfreeze '{what}': resnet50 has \d+ (layers|blocks); ask for \d+ at most"):
        _trains(resnet50, what)


def test_frozen_batch_norm_does_not_train_wherever_it_lies(resnet50: keras.Model) -> None:
    trains = _trains(resnet50, "all", frozen=True)
    norms = [isinstance(layer, keras.layers.BatchNormalization) for layer in resnet50.layers]
    assert trains == [not norm for norm in norms]


def test_frozen_batch_norm_keeps_its_moving_averages_through_training() -> None:
    inputs = keras.Input((8, 8, 3))
    normed = keras.layers.BatchNormalization(momentum=0.5)(keras.layers.Conv2D(4, 3)(inputs))
    base = keras.Model(inputs, normed)
    unfreeze(base, "all", RESNET50.blocks, batch_norm_frozen=True)
    model = keras.Sequential([base, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    before = [np.asarray(weight) for weight in base.layers[-1].weights]
    rng = np.random.default_rng(0)
    model.fit(rng.normal(5, 3, (32, 8, 8, 3)), rng.normal(size=(32, 2)), epochs=2, verbose=0)
    for old, new in zip(before, base.layers[-1].weights, strict=True):
        np.testing.assert_array_equal(old, np.asarray(new))


def test_depth_runs_from_the_last_convolution_to_the_first(resnet50: keras.Model) -> None:
    found = depths(resnet50)
    of = {path.rsplit("/", 2)[-2]: depth for path, depth in found.items()}
    assert (of["conv1_conv"], of["conv1_bn"], of["conv5_block3_3_conv"], of["conv5_block3_3_bn"]) == (1, 1, 0, 0)
    assert 0 < of["conv4_block1_1_conv"] < of["conv2_block1_1_conv"] < 1
    assert len(found) == len(resnet50.weights)

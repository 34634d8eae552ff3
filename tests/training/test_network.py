"""Networks: pixels in, a column per class out, whatever the head; normalisation inside; float32 in the end."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.errors import MammoError
from tflite_mammo.training.network import assemble, build_network, in_float32
from tflite_mammo.training.recipe import Recipe, read_recipe
from tflite_mammo.training.tables import Head, Loss

SHAPE = (64, 64, 1)
PIXELS = np.random.default_rng(0).integers(0, 256, (4, *SHAPE)).astype(np.float32)
SIGMOID = Head(dense=(8,), output="sigmoid")


def _recipe(**changes: object) -> Recipe:
    return replace(read_recipe("small-cnn"), **changes)  # type: ignore[arg-type]


def test_scores_of_every_class_add_up_to_one_for_raw_pixels() -> None:
    scores = np.asarray(assemble(_recipe(), SHAPE, 3).model(PIXELS))
    assert scores.shape == (4, 3)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)


def test_a_sigmoid_gives_its_score_to_the_finding_and_the_rest_to_the_other() -> None:
    recipe = _recipe(head=SIGMOID, loss=Loss("binary_crossentropy"))
    model = assemble(recipe, SHAPE, 2).model
    logit = keras.Model(model.input, model.get_layer("logit").output)
    expected = 1 / (1 + np.exp(-np.asarray(logit(PIXELS))[:, 0]))
    scores = np.asarray(model(PIXELS))
    np.testing.assert_allclose(scores[:, 1], expected, atol=1e-6)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)


def test_a_sigmoid_on_three_classes_is_refused() -> None:
    with pytest.raises(MammoError, match="a sigmoid tells 2 classes apart, the data has 3; use output = 'softmax'"):
        assemble(_recipe(head=SIGMOID, loss=Loss("binary_crossentropy")), SHAPE, 3)


def test_units_that_are_not_the_datas_classes_are_refused() -> None:
    with pytest.raises(MammoError, match="the recipe's head has 5 units, the data 2 classes"):
        assemble(_recipe(head=Head(units=5)), SHAPE, 2)


def test_grey_pixels_score_as_the_same_pixels_in_three_equal_channels() -> None:
    grey, colour = assemble(_recipe(), SHAPE, 2).model, assemble(_recipe(), (64, 64, 3), 2).model
    colour.set_weights(grey.get_weights())
    np.testing.assert_allclose(grey(PIXELS), colour(np.repeat(PIXELS, 3, axis=3)), atol=1e-6)


def test_the_head_is_built_as_the_recipe_says() -> None:
    head = Head(pool="flatten", input_dropout=0.2, dense=(12, 6), dropout=0.5, l2=0.01)
    model = assemble(_recipe(head=head), SHAPE, 2).model
    names = [layer.name for layer in model.layers]
    assert names[names.index("flatten") :] == [
        "flatten", "dropout_before", "dense0", "dropout0", "dense1", "dropout1", "logits", "scores",
    ]  # fmt: skip
    assert [model.get_layer(f"dense{i}").units for i in range(2)] == [12, 6]
    assert len(model.losses) == 3  # two dense layers and the output


def test_dropout_without_dense_layers_stands_before_the_output() -> None:
    names = [layer.name for layer in assemble(_recipe(head=Head(dropout=0.5)), SHAPE, 2).model.layers]
    assert names[-4:] == ["pool", "dropout", "logits", "scores"]


def test_pixels_can_be_normalised_by_the_training_part(prepared: Dataset) -> None:
    network = build_network(_recipe(normalise="training"), prepared)
    normalised = keras.Model(network.model.input, network.model.get_layer("normalise").output)
    pixels = prepared.images[prepared.part("train").rows].astype(np.float32)
    out = np.asarray(normalised(pixels))
    np.testing.assert_allclose(out.mean(axis=(0, 1, 2)), 0, atol=1e-3)
    np.testing.assert_allclose(out.std(axis=(0, 1, 2)), 1, atol=1e-3)


def test_a_mixed_network_is_kept_in_float32_with_the_same_weights(prepared: Dataset) -> None:
    recipe = _recipe(precision="mixed_bfloat16", normalise="training")
    mixed = build_network(recipe, prepared)
    assert mixed.base.get_layer("conv1").compute_dtype == "bfloat16"
    assert keras.config.dtype_policy().name == "float32"
    plain = in_float32(mixed, recipe, prepared).model
    assert {layer.compute_dtype for layer in plain.layers} == {"float32"}
    pixels = prepared.images[:4].astype(np.float32)
    np.testing.assert_allclose(np.asarray(plain(pixels)), np.asarray(mixed.model(pixels)), atol=0.02)


def test_images_too_small_for_a_network_are_refused() -> None:
    with pytest.raises(MammoError, match="images of 16x16; small-cnn needs at least 32x32, prepare them larger"):
        assemble(_recipe(), (16, 16, 1), 2)

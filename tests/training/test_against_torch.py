"""The networks written here against independent ones: the same random tensors, the same image, the same features."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the independent networks are torch's")
timm = pytest.importorskip("timm", reason="the independent networks are timm's")
vision = pytest.importorskip("torchvision.models", reason="the independent networks are torchvision's")

from tflite_mammo.training.backbones import BACKBONES, load_weights  # noqa: E402

pytestmark = pytest.mark.usefixtures("in_float64")
RESIDUAL = {"resnet18": "resnet18", "resnext50": "resnext50_32x4d", "wide-resnet50": "wide_resnet50_2"}


def _randomised(model: Any) -> Any:
    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for tensor in (module.weight.data, module.running_var):
                tensor.uniform_(0.5, 1.5)
            for tensor in (module.bias.data, module.running_mean):
                tensor.normal_(0, 0.1)
        elif isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    return model.eval()


def _saved(model: Any, path: Path) -> str:
    if path.suffix == ".npz":
        np.savez(path, **{name: tensor.numpy() for name, tensor in model.state_dict().items()})
    else:
        pytest.importorskip("safetensors.torch").save_file(model.state_dict(), path)
    return str(path)


def _expect_features_of(name: str, weights: str, features: Any, networks: Any) -> None:
    image = np.random.default_rng(1).normal(size=(1, 65, 96, 3))
    base = BACKBONES[name].build(image.shape[1:])
    load_weights(base, name, weights)
    with torch.no_grad():
        expected = features.double()(torch.from_numpy(image.transpose(0, 3, 1, 2))).numpy().transpose(0, 2, 3, 1)
    networks.expect_equal(np.asarray(base(image)), expected)


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
@pytest.mark.parametrize("name", RESIDUAL)
def test_residual_networks_give_the_features_of_torchvision(
    name: str, suffix: str, tmp_path: Path, networks: Any
) -> None:
    model = _randomised(getattr(vision, RESIDUAL[name])(weights=None))
    features = torch.nn.Sequential(*list(model.children())[:-2])  # without pooling and classifier
    _expect_features_of(name, _saved(model, tmp_path / f"w{suffix}"), features, networks)


@pytest.mark.parametrize("name", RESIDUAL)
def test_residual_networks_take_timms_files(name: str, tmp_path: Path, networks: Any) -> None:
    model = _randomised(timm.create_model(RESIDUAL[name], num_classes=0, global_pool=""))
    weights = _saved(model, tmp_path / "w.safetensors")
    _expect_features_of(name, weights, model, networks)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_lite_networks_give_the_features_of_timm(number: int, tmp_path: Path, networks: Any) -> None:
    model = _randomised(timm.create_model(f"tf_efficientnet_lite{number}", num_classes=0, global_pool=""))
    weights = _saved(model, tmp_path / "w.safetensors")
    _expect_features_of(f"efficientnet-lite{number}", weights, model, networks)


@pytest.mark.parametrize("name", RESIDUAL)
def test_torchvisions_normalisation_lives_in_scale_and_offset(name: str) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (8, 8, 3))
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    backbone = BACKBONES[name]
    found = pixels * np.array(backbone.scale) + np.array(backbone.offset)
    np.testing.assert_allclose(found, (pixels / 255 - mean) / deviation, atol=1e-6)

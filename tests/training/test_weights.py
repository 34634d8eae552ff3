"""Files of weights: what lands where, and what is refused with one line, the network left as it was."""

import socket
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.training.backbones import BACKBONES, load_weights
from tflite_mammo.training.backbones.slots import Slot, fill


def _published(networks: Any, seed: int = 0, top: bool = False) -> keras.Model:
    model = keras.applications.MobileNetV2(include_top=top, weights=None, input_shape=(96, 96, 3))
    networks.randomise(model, seed)
    return model


def _base(name: str, side: int = 64) -> keras.Model:
    return BACKBONES[name].build((side, side, 3))


def _expect_untouched(base: keras.Model, name: str, weights: Path, match: str) -> None:
    before = base.get_weights()
    with pytest.raises(MammoError, match=match) as refused:
        load_weights(base, name, str(weights))
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 1500
    for old, new in zip(before, base.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("file", ["all.h5", "w.weights.h5", "all.keras"])
@pytest.mark.parametrize("top", [False, True])
def test_keras_files_of_each_kind_land_with_and_without_a_classifier(
    file: str, top: bool, tmp_path: Path, networks: Any
) -> None:
    model = _published(networks, top=top)
    (model.save_weights if "weights" in file else model.save)(tmp_path / file)
    base = _base("mobilenetv2")
    load_weights(base, "mobilenetv2", str(tmp_path / file))
    for ours, theirs in zip(base.get_weights(), model.get_weights(), strict=False):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("file", ["w.weights.h5", "model.keras"])
def test_a_network_of_this_project_goes_on_as_it_was_trained(file: str, tmp_path: Path, networks: Any) -> None:
    """Its first kernel takes RGB already, so it is not turned as a published one's is."""
    trained = networks.of("resnet50", "random")
    networks.randomise(trained.get_layer("resnet50"))
    (trained.save_weights if "weights" in file else trained.save)(tmp_path / file)
    again = networks.of("resnet50", str(tmp_path / file))
    pixels = networks.pixels()
    np.testing.assert_allclose(networks.features(again, pixels), networks.features(trained, pixels), rtol=1e-5)


def test_a_flat_network_with_another_head_gives_its_backbone(tmp_path: Path, networks: Any) -> None:
    model = _published(networks)
    x = keras.layers.BatchNormalization()(keras.layers.GlobalAveragePooling2D()(model.output))
    keras.Model(model.input, keras.layers.Dense(2)(x)).save(tmp_path / "transfer.keras")
    base = _base("mobilenetv2")
    load_weights(base, "mobilenetv2", str(tmp_path / "transfer.keras"))
    np.testing.assert_array_equal(base.get_weights()[-1], model.get_weights()[-1])


@pytest.mark.parametrize("file", ["all.h5", "w.weights.h5", "all.keras"])
@pytest.mark.parametrize("name", ["resnet50", "mobilenetv3-small", "efficientnet-lite0", "small-cnn"])
def test_a_keras_file_of_another_network_is_refused(name: str, file: str, tmp_path: Path, networks: Any) -> None:
    model = _published(networks)
    (model.save_weights if "weights" in file else model.save)(tmp_path / file)
    _expect_untouched(
        _base(name), name, tmp_path / file, f"not weights of {name}; (tensor|[0-9]+ variable|[0-9]+ tensor)"
    )


@pytest.mark.parametrize("file", ["deep.h5", "deep.weights.h5"])
def test_a_network_that_begins_like_the_backbone_but_goes_on_is_refused(file: str, tmp_path: Path) -> None:
    base = _base("small-cnn")
    deeper = keras.Model(base.input, keras.layers.Conv2D(4, 3)(base.output))
    (deeper.save_weights if "weights" in file else deeper.save)(tmp_path / file)
    _expect_untouched(_base("small-cnn"), "small-cnn", tmp_path / file, "2 tensors found no layer: ")


@pytest.mark.parametrize("file", ["all.h5", "w.weights.h5"])
def test_a_tensor_of_another_size_is_named_with_both_sizes(file: str, tmp_path: Path) -> None:
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(32, 3)(keras.layers.Conv2D(16, 7)(inputs))
    model = keras.Model(inputs, x)
    (model.save_weights if "weights" in file else model.save)(tmp_path / file)
    message = r"tensor .*conv2d.* is 7x7x3x16, expected 5x5x3x16 for layer conv1"
    _expect_untouched(_base("small-cnn"), "small-cnn", tmp_path / file, message)


def test_efficientnetb0_that_normalises_otherwise_is_refused(tmp_path: Path) -> None:
    model = keras.applications.EfficientNetB0(include_top=False, weights=None)
    for file in ("all.h5", "w.weights.h5"):
        (model.save_weights if "weights" in file else model.save)(tmp_path / file)
        message = r"normalises by mean \[0.0, 0.0, 0.0\] and variance \[1.0, 1.0, 1.0\], expected ImageNet's \[0.485"
        _expect_untouched(_base("efficientnetb0"), "efficientnetb0", tmp_path / file, message)


def _resnet18_tensors(networks: Any) -> dict[str, np.ndarray]:
    """As torchvision names them, of random values."""
    base = _base("resnet18")
    networks.randomise(base)
    tensors = {"fc.weight": np.zeros((1000, 512)), "fc.bias": np.zeros(1000)}
    for layer in base.layers:
        stem = layer.name.replace("_", ".")
        if isinstance(layer, keras.layers.Conv2D):
            tensors[f"{stem}.weight"] = layer.get_weights()[0].transpose(3, 2, 0, 1)
        elif isinstance(layer, keras.layers.BatchNormalization):
            parts = ("weight", "bias", "running_mean", "running_var")
            tensors |= {f"{stem}.{part}": array for part, array in zip(parts, layer.get_weights(), strict=True)}
            tensors[f"{stem}.num_batches_tracked"] = np.array(7)
    return tensors


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_state_dict_lands_by_name_whatever_its_order(suffix: str, tmp_path: Path, networks: Any) -> None:
    tensors = dict(reversed(_resnet18_tensors(networks).items()))
    _save(tensors, tmp_path / f"w{suffix}")
    base, expected = _base("resnet18"), _base("resnet18")
    networks.randomise(expected)
    load_weights(base, "resnet18", str(tmp_path / f"w{suffix}"))
    for ours, theirs in zip(base.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def _save(tensors: dict[str, np.ndarray], path: Path) -> None:
    if path.suffix == ".npz":
        np.savez(path, **tensors)
    else:
        safetensors = pytest.importorskip("safetensors.numpy", reason="the extra `pretrained` is not installed")
        safetensors.save_file({name: np.ascontiguousarray(array) for name, array in tensors.items()}, path)


def test_unmatched_tensors_are_listed_both_ways_and_cut(tmp_path: Path, networks: Any) -> None:
    tensors = _resnet18_tensors(networks)
    renamed = {name.replace("layer4", "stage4"): array for name, array in tensors.items()}
    _save(renamed, tmp_path / "w.npz")
    both = (
        "25 tensors found no layer: stage4.0.conv1.weight, .* and 15 more; 25 variables found no tensor: layer4_0_conv1"
    )
    _expect_untouched(_base("resnet18"), "resnet18", tmp_path / "w.npz", both)


def test_a_state_dict_of_another_network_is_refused(tmp_path: Path, networks: Any) -> None:
    _save(_resnet18_tensors(networks), tmp_path / "w.npz")
    _expect_untouched(
        _base("resnext50"), "resnext50", tmp_path / "w.npz", "not weights of resnext50; [0-9]+ variables found no"
    )
    _expect_untouched(_base("efficientnet-lite0"), "efficientnet-lite0", tmp_path / "w.npz", "found no layer: ")
    _expect_untouched(
        _base("resnet50"), "resnet50", tmp_path / "w.npz", "resnet50 takes its weights from a file ending in"
    )


def test_a_state_dicts_tensor_of_another_size_is_named_in_torchs_order(tmp_path: Path, networks: Any) -> None:
    tensors = _resnet18_tensors(networks)
    tensors["layer2.0.conv1.weight"] = tensors["layer2.0.conv1.weight"][:, :5]
    _save(tensors, tmp_path / "w.npz")
    message = "tensor layer2.0.conv1.weight is 128x5x3x3, expected 128x64x3x3 for layer layer2_0_conv1"
    _expect_untouched(_base("resnet18"), "resnet18", tmp_path / "w.npz", message)


def test_tensors_that_are_no_numbers_are_refused() -> None:
    variable = keras.Variable(np.zeros(2, np.float32))
    with pytest.raises(MammoError, match="tensor t holds <U1, expected float32 or float16"):
        fill([Slot("layer", variable, "t")], {"t": np.array(["a", "b"])}, lambda name: False, "file")


@pytest.mark.parametrize("suffix", [".h5", ".weights.h5", ".keras", ".npz", ".safetensors"])
def test_a_file_cut_off_is_refused(suffix: str, tmp_path: Path, networks: Any) -> None:
    path, base = tmp_path / f"w{suffix}", _base("resnet18")
    if suffix in (".npz", ".safetensors"):
        _save(_resnet18_tensors(networks), path)
    else:
        (base.save_weights if suffix == ".weights.h5" else base.save)(path)
    whole = path.read_bytes()
    for kept in (0, 10, len(whole) // 2, len(whole) - 100):
        path.write_bytes(whole[:kept])
        _expect_untouched(base, "resnet18", path, r"w\.[a-z0-9.]*: no .* that can be read")


def test_an_archive_without_weights_and_an_empty_hdf5_are_refused(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "w.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    _expect_untouched(
        _base("small-cnn"), "small-cnn", tmp_path / "w.keras", "no file of Keras weights that can be read"
    )
    h5py.File(tmp_path / "w.h5", "w").close()
    _expect_untouched(_base("small-cnn"), "small-cnn", tmp_path / "w.h5", "4 variables found no tensor: conv1 ")


def test_a_pickle_in_an_npz_is_not_run(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=np.array([{"a": 1}], dtype=object))
    _expect_untouched(_base("resnet18"), "resnet18", tmp_path / "w.npz", "Object arrays cannot be loaded")


def test_weights_that_are_not_there_or_of_no_known_kind_are_refused(tmp_path: Path) -> None:
    _expect_untouched(
        _base("small-cnn"), "small-cnn", Path("nowhere.h5"), "expected imagenet, random, or a file that exists"
    )
    (tmp_path / "w.pth").write_bytes(b"?")
    message = r"resnet18 takes its weights from a file ending in .h5, .hdf5, .keras, .safetensors, .npz"
    _expect_untouched(_base("resnet18"), "resnet18", tmp_path / "w.pth", message)


@pytest.mark.parametrize("name", ["resnet50", "inceptionv3", "mobilenetv2", "mobilenetv3-small", "efficientnetb0"])
def test_without_network_or_cache_the_file_to_fetch_and_the_flag_are_named(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def unreachable(*_: Any, **__: Any) -> str:
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", unreachable)
    with pytest.raises(MammoError, match=r"fetch https://storage.googleapis.com/.*no_?top.*\.h5 .* --weights FILE"):
        load_weights(_base(name, 96), name, "imagenet")


def test_residual_networks_name_the_file_to_fetch() -> None:
    for name, repository in {
        "resnet18": "resnet18.tv",
        "resnext50": "resnext50_32x4d.tv",
        "wide-resnet50": "wide_resnet50_2.tv",
    }.items():
        with pytest.raises(
            MammoError, match=f"timm/{repository}_in1k/resolve/main/model.safetensors .* --weights FILE"
        ):
            load_weights(_base(name), name, "imagenet")


def test_small_cnn_has_no_published_weights() -> None:
    with pytest.raises(MammoError, match="small-cnn has no ImageNet weights"):
        load_weights(_base("small-cnn"), "small-cnn", "imagenet")

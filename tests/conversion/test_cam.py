"""A map beside the scores: the trained network's own, adding up to its logits; refused where the head has none."""

from pathlib import Path

import keras
import numpy as np
import pytest

from tflite_mammo.conversion.engines import quantise_exported
from tflite_mammo.conversion.export import export
from tflite_mammo.conversion.preset import QuantPreset, read_preset
from tflite_mammo.errors import MammoError
from tflite_mammo.runtime import Runtime
from tflite_mammo.training.maps import Mapper
from tflite_mammo.training.network import assemble
from tflite_mammo.training.recipe import Recipe
from tflite_mammo.training.tables import Head, Loss, Stage

SHAPE = (64, 48, 1)
PIXELS = np.kron(np.random.default_rng(0).integers(0, 256, (6, 4, 3, 1)), np.ones((1, 16, 16, 1))).astype(np.uint8)
SIGMOID = Head(output="sigmoid")


def _network(head: Head, classes: int = 2) -> keras.Model:
    """With a bias, and weights that let a map stand out."""
    keras.utils.set_random_seed(0)
    loss = Loss("binary_crossentropy") if head.output == "sigmoid" else Loss()
    model = assemble(Recipe("test", "small-cnn", (Stage(1),), head=head, loss=loss), SHAPE, classes).model
    last = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)][-1]
    kernel, bias = last.get_weights()
    last.set_weights([8 * kernel, bias + np.linspace(0.5, 1, bias.size)])
    return model


def _answers(network: keras.Model, preset: QuantPreset, path: Path) -> tuple[np.ndarray, np.ndarray]:
    path.write_bytes(quantise_exported(export(network, cam=True), preset, list(PIXELS))[0])
    runtime = Runtime(path)
    scores, maps = zip(*(runtime.scores_and_map(tensor) for tensor in PIXELS), strict=True)
    return np.stack(scores), np.stack(maps)


@pytest.mark.parametrize("head", [Head(), Head(input_dropout=0.3), SIGMOID])
def test_the_mean_of_a_map_and_the_bias_are_the_scores_logit(head: Head, tmp_path: Path) -> None:
    network = _network(head)
    scores, maps = _answers(network, read_preset("float32"), tmp_path / "m.tflite")
    bias = network.get_layer("logit" if head is SIGMOID else "logits").get_weights()[1]
    logits = np.log(scores[:, 1] / scores[:, 0])
    assert (maps.shape, maps.dtype) == ((6, 8, 6), np.float32)
    assert maps.std() > 0.1
    np.testing.assert_allclose(
        maps.mean(axis=(1, 2)) + bias[-1] - (0 if bias.size == 1 else bias[0]), logits, atol=1e-4
    )


@pytest.mark.parametrize(
    ("preset", "off"), [("float32", 1e-5), ("float16", 0.01), ("dynamic", 0.04), ("int8", 0.04), ("coral", 0.04)]
)
def test_a_file_answers_the_map_that_the_trained_network_has(preset: str, off: float, tmp_path: Path) -> None:
    network = _network(Head())
    _, maps = _answers(network, read_preset(preset), tmp_path / "m.tflite")
    expected = Mapper(network).maps(PIXELS)
    assert np.abs(maps - expected).max() < off * np.abs(expected).max()


@pytest.mark.parametrize("preset", ["float32", "int8", "coral"])
def test_the_scores_are_the_same_with_and_without_a_map(preset: str, tmp_path: Path) -> None:
    network = _network(Head())
    scores, _ = _answers(network, read_preset(preset), tmp_path / "m.tflite")
    plain = tmp_path / "plain.tflite"
    plain.write_bytes(quantise_exported(export(network), read_preset(preset), list(PIXELS))[0])
    np.testing.assert_allclose([Runtime(plain).scores(tensor) for tensor in PIXELS], scores, atol=1e-6)


def test_scores_come_first_for_who_looks_by_place(tmp_path: Path) -> None:
    from ai_edge_litert.interpreter import Interpreter

    for preset in ("float32", "coral"):
        _answers(_network(Head()), read_preset(preset), tmp_path / "m.tflite")
        outputs = Interpreter(model_path=str(tmp_path / "m.tflite")).get_output_details()
        assert [(output["name"], output["shape"].tolist()) for output in outputs] == [
            ("scores", [1, 2]),
            ("map", [1, 8, 6]),
        ]


@pytest.mark.parametrize(("head", "classes"), [(Head(dense=(8,)), 2), (Head(pool="flatten"), 2), (Head(), 3)])
def test_a_head_without_an_exact_map_is_refused_in_one_line(head: Head, classes: int) -> None:
    with pytest.raises(MammoError, match="a map needs 2 classes and a head of average pooling") as caught:
        export(_network(head, classes), cam=True)
    assert "\n" not in str(caught.value)


def test_a_file_without_a_map_says_so(tmp_path: Path) -> None:
    path = tmp_path / "plain.tflite"
    path.write_bytes(quantise_exported(export(_network(Head())), read_preset("float32"), [])[0])
    assert not Runtime(path).has_map
    with pytest.raises(MammoError, match=r"plain\.tflite: this model answers no map; .* --cam"):
        Runtime(path).scores_and_map(PIXELS[0])

"""What of an int8 file computes in float: its head, and what it is told to leave; large dense layers are in int8."""

from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.boards.anatomy import Operation, read_anatomy
from tflite_mammo.conversion.answers import opened
from tflite_mammo.conversion.graph import FloatGraph
from tflite_mammo.conversion.preset import read_preset
from tflite_mammo.conversion.quantise import quantise, quantise_with
from tflite_mammo.conversion.statistics import Statistics
from tflite_mammo.errors import MammoError
from tflite_mammo.preprocess import Bytes

Float32Of = Callable[[str], bytes]
Observed = Callable[[str], Statistics]
Operations = list[Operation]
pytestmark = pytest.mark.filterwarnings("ignore:.*experimental_preserve_all_tensors")


@pytest.fixture
def operations_of(float32_of: Float32Of, observed: Observed, tmp_path: Path) -> Callable[..., Operations]:
    """Of the int8 file of a network."""

    def operations(name: str, in_float: Collection[int] = ()) -> Operations:
        path = tmp_path / "m.tflite"
        path.write_bytes(quantise_with(float32_of(name), read_preset("int8"), observed(name), in_float))
        return list(read_anatomy(path).operations)

    return operations


def _computing(operations: Operations) -> list[tuple[str, str]]:
    return [(one.node.kind, one.arithmetic) for one in operations if "QUANTIZE" not in one.node.kind]


def test_what_follows_the_last_convolution_is_float(operations_of: Callable[..., Operations]) -> None:
    assert _computing(operations_of("plain"))[-5:] == [
        ("CONV_2D", "int8"),
        ("CONV_2D", "int8"),
        ("MEAN", "float"),
        ("FULLY_CONNECTED", "float"),
        ("SOFTMAX", "float"),
    ]


def test_a_large_dense_layer_is_int8_and_the_logits_are_not(operations_of: Callable[..., Operations]) -> None:
    dense = [one for one in _computing(operations_of("dense")) if one[0] == "FULLY_CONNECTED"]
    assert dense == [("FULLY_CONNECTED", "int8"), ("FULLY_CONNECTED", "float")]


def test_logits_are_no_steps(float32_of: Float32Of, images: list[Bytes], scores_of: Callable[..., np.ndarray]) -> None:
    """The last step lies before pooling, which makes many of few."""
    scores = scores_of(quantise(float32_of("plain"), read_preset("int8"), images), images)
    odds = np.sort(np.log(scores[:, 1] / scores[:, 0]))
    assert np.unique(np.round(np.diff(odds), 5)).size == len(images) - 1


def test_what_makes_and_what_reads_a_tensor_left_in_float_computes_in_float(
    float32_of: Float32Of, operations_of: Callable[..., Operations]
) -> None:
    graph = FloatGraph(float32_of("bottlenecks"))
    place, deep = next((place, op) for place, op in enumerate(graph.ops) if op.kind == "DEPTHWISE_CONV_2D")
    plain, left = _computing(operations_of("bottlenecks")), _computing(operations_of("bottlenecks", {deep.output}))
    changed = [number for number, (one, other) in enumerate(zip(plain, left, strict=True)) if one != other]
    assert {left[number] for number in changed} == {("DEPTHWISE_CONV_2D", "float"), ("CONV_2D", "float")}
    assert len(changed) == len(graph.around({deep.output})) == 2
    assert graph.ops[place + 1].kind == "CONV_2D"


def test_kernels_of_more_than_32_mib_are_taken() -> None:
    """Which litert-quantizer 0.11 alone cannot."""
    import keras

    from tflite_mammo.conversion.export import export

    large = keras.layers.Conv2D(1000, 3)
    x = large(keras.layers.Conv2D(1000, 1)(pixels := keras.Input((4, 4, 1))))
    features = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    scores = keras.layers.Dense(2, activation="softmax", name="scores")(features)
    small = opened(quantise(export(keras.Model(pixels, scores)).float32, read_preset("dynamic"), []))
    kernel = max(small.get_tensor_details(), key=lambda tensor: np.prod(tensor["shape"]))
    scales = kernel["quantization_parameters"]["scales"].reshape(-1, 1, 1, 1)
    steps = np.moveaxis(large.kernel.numpy(), 3, 0) / scales
    assert np.abs(small.get_tensor(kernel["index"]) - steps).max() < 0.501


def test_what_the_quantiser_cannot_take_is_named(
    float32_of: Float32Of, observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    from litert_quantizer.algorithms.uniform_quantize import uniform_quantize_tensor

    def fail(*_: object) -> None:
        raise ValueError("too many")

    monkeypatch.setattr(uniform_quantize_tensor, "uniform_quantize", fail)
    with pytest.raises(MammoError, match=r"cannot quantise MUL of layer Cast \(too many\); convert it with"):
        quantise_with(float32_of("plain"), read_preset("int8"), observed("plain"))
    assert uniform_quantize_tensor.uniform_quantize is fail


def test_a_map_beside_the_scores_leaves_their_head_in_float(tmp_path: Path) -> None:
    """Its own convolution, the last in the file, is int8."""
    from tflite_mammo.conversion.export import export
    from tflite_mammo.training.network import assemble
    from tflite_mammo.training.recipe import Recipe
    from tflite_mammo.training.tables import Stage

    network = assemble(Recipe("test", "small-cnn", (Stage(1),)), (32, 32, 1), 2).model
    pixels = list(np.random.default_rng(0).integers(0, 256, (2, 32, 32, 1), dtype=np.uint8))
    (tmp_path / "m.tflite").write_bytes(quantise(export(network, cam=True).float32, read_preset("int8"), pixels))
    computing = _computing(list(read_anatomy(tmp_path / "m.tflite").operations))
    assert {one for one in computing if one[0] in ("FULLY_CONNECTED", "MEAN", "SOFTMAX")} == {
        ("MEAN", "float"),
        ("FULLY_CONNECTED", "float"),
        ("SOFTMAX", "float"),
    }
    assert {one for one in computing if one[0] in ("CONV_2D", "MAX_POOL_2D")} == {
        ("CONV_2D", "int8"),
        ("MAX_POOL_2D", "int8"),
    }

"""Two engines behind one face: the same ends whoever quantised, one export for both, and clean lines."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.initializers import RandomNormal

from tflite_mammo.conversion import convert as converting
from tflite_mammo.conversion.convert import Converted, calibration_tensors
from tflite_mammo.conversion.engines import quantise_exported
from tflite_mammo.conversion.export import Exported, export
from tflite_mammo.conversion.preset import QuantPreset, read_preset
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.errors import MammoError
from tflite_mammo.runtime import Runtime
from tflite_mammo.training.run import Run

IN_TENSORFLOW = replace(read_preset("int8"), name="int8-tensorflow", engine="tensorflow")
VERSIONS = {"QUANTIZE": 1, "CONV_2D": 3, "MAX_POOL_2D": 2, "MEAN": 2, "FULLY_CONNECTED": 4, "SOFTMAX": 2, "RESHAPE": 1}
"""The newest that the Edge TPU's compiler of 2021 is known to take."""


@pytest.fixture(scope="module")
def exported(run: Run) -> Exported:
    return export(run.model())


@pytest.fixture(scope="module")
def images(prepared: Dataset) -> list[Any]:
    return calibration_tensors(prepared, 20, seed=0)


def _graph(flatbuffer: bytes) -> Any:
    from ai_edge_litert.tools import flatbuffer_utils

    return flatbuffer_utils.read_model_from_bytearray(bytearray(flatbuffer))


def _operators(flatbuffer: bytes) -> list[tuple[str, int, Any]]:
    from ai_edge_litert import schema_py_generated as schema

    names = {value: name for name, value in vars(schema.BuiltinOperator).items()}
    model = _graph(flatbuffer)
    codes = [model.operatorCodes[op.opcodeIndex] for op in model.subgraphs[0].operators]
    found = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in codes]
    return [
        (names[n], code.version, op) for n, code, op in zip(found, codes, model.subgraphs[0].operators, strict=True)
    ]


def test_tensorflow_writes_the_same_ends(exported: Exported, images: list[Any], tmp_path: Path) -> None:
    flatbuffer, _ = quantise_exported(exported, IN_TENSORFLOW, images)
    names = [name for name, _, _ in _operators(flatbuffer)]
    (tmp_path / "m.tflite").write_bytes(flatbuffer)
    runtime = Runtime(tmp_path / "m.tflite")
    scores = np.stack([runtime.scores(image) for image in images])
    expected = _exported_scores(exported, images, tmp_path)
    steepness = np.polyfit(np.log(expected[:, 1] / expected[:, 0]), np.log(scores[:, 1] / scores[:, 0]), 1)[0]
    assert (names[0], names[-2:]) == ("QUANTIZE", ["DEQUANTIZE", "SOFTMAX"])
    assert (runtime.step, "CAST" in names) == (0, False)
    assert np.abs(scores * 256 - np.rint(scores * 256)).max() > 1e-3
    assert steepness == pytest.approx(1, abs=0.2)


def _exported_scores(exported: Exported, images: list[Any], folder: Path) -> np.ndarray:
    (folder / "float32.tflite").write_bytes(quantise_exported(exported, read_preset("float32"), [])[0])
    runtime = Runtime(folder / "float32.tflite")
    return np.stack([runtime.scores(image) for image in images])


@pytest.mark.parametrize("preset", [IN_TENSORFLOW, read_preset("coral")])
def test_tensorflow_lets_a_pixel_take_any_value(exported: Exported, images: list[Any], preset: QuantPreset) -> None:
    """Whatever the calibration images held: a step of one, black at 0."""
    grey = [np.full_like(image, 100) for image in images[:2]]
    graph = _graph(quantise_exported(exported, preset, grey)[0]).subgraphs[0]
    pixels = graph.tensors[graph.inputs[0]].quantization
    assert (list(pixels.scale), list(pixels.zeroPoint)) == ([1.0], [0])


@pytest.mark.parametrize("preset", [IN_TENSORFLOW, read_preset("coral")])
def test_a_byte_is_its_own_value_where_the_mean_of_pixels_is_taken_off(preset: QuantPreset, tmp_path: Path) -> None:
    """As ResNet50's is, channel by channel: TensorFlow's steps then reach below black."""
    keras.utils.set_random_seed(0)
    grey = keras.Input((16, 16, 1))
    shifted = keras.layers.Concatenate()([grey] * 3) + np.float32([-103.9, -116.8, -123.7])
    x = keras.layers.GlobalAveragePooling2D(name="pool")(keras.layers.Conv2D(8, 3, activation="relu")(shifted))
    logits = keras.layers.Dense(2, name="logits", kernel_initializer=RandomNormal(stddev=0.02))(x)
    exported = export(keras.Model(grey, keras.layers.Softmax(name="scores")(logits)))
    images = list(np.random.default_rng(0).integers(0, 256, (20, 16, 16, 1), dtype=np.uint8))
    flatbuffer, _ = quantise_exported(exported, preset, images)
    pixels = _graph(flatbuffer).subgraphs[0].tensors[_graph(flatbuffer).subgraphs[0].inputs[0]]
    assert (list(pixels.quantization.scale), list(pixels.quantization.zeroPoint)) == ([1.0], [0])
    (tmp_path / "m.tflite").write_bytes(flatbuffer)
    runtime = Runtime(tmp_path / "m.tflite")
    expected = _exported_scores(exported, images, tmp_path)
    assert np.ptp(expected[:, 1]) > 0.05
    np.testing.assert_allclose([runtime.scores(image) for image in images], expected, atol=0.02)


def test_coral_is_integers_throughout_of_versions_that_the_edge_tpu_knows(
    exported: Exported, images: list[Any]
) -> None:
    from ai_edge_litert import schema_py_generated as schema

    flatbuffer, _ = quantise_exported(exported, read_preset("coral"), images)
    tensors = _graph(flatbuffer).subgraphs[0].tensors
    integers = {schema.TensorType.INT8, schema.TensorType.UINT8, schema.TensorType.INT32}
    assert all(tensors[i].type in integers for _, _, op in _operators(flatbuffer) for i in (*op.inputs, *op.outputs))
    assert {name: version for name, version, _ in _operators(flatbuffer)}.items() <= VERSIONS.items()
    assert all(tensor.shape[0] == 1 for tensor in tensors if len(tensor.shape) == 4 and tensor.buffer == 0)


def test_corals_dense_layer_has_one_scale(exported: Exported, images: list[Any]) -> None:
    flatbuffer, _ = quantise_exported(exported, read_preset("coral"), images)
    tensors = _graph(flatbuffer).subgraphs[0].tensors
    dense = [op for name, _, op in _operators(flatbuffer) if name == "FULLY_CONNECTED"]
    assert [len(tensors[op.inputs[1]].quantization.scale) for op in dense] == [1] * len(dense)


def test_corals_scores_lie_on_their_grid_and_count_as_floats(converted: dict[str, Converted]) -> None:
    done = converted["coral"]
    values = done.scores.finding.astype(np.float64) * 256
    assert Runtime(done.bundle.path).step == 1 / 256
    np.testing.assert_array_equal(values, np.rint(values))
    assert done.drift.score_difference.max < 0.05


def test_all_presets_of_a_call_share_one_export(
    run: Run, prepared: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports = []
    monkeypatch.setattr(converting, "export", lambda *args, **kw: exports.append(1) or export(*args, **kw))
    presets = [read_preset("float32"), read_preset("int8"), IN_TENSORFLOW, read_preset("coral")]
    done = converting.convert(run, prepared, [(preset, tmp_path / f"{preset.name}.tflite") for preset in presets])
    assert (len(exports), len({one.bundle.sha256 for one in done})) == (1, 4)


@pytest.mark.parametrize("preset", [read_preset("int8"), IN_TENSORFLOW, read_preset("float16")])
def test_no_calibration_images_is_one_clean_line(exported: Exported, preset: QuantPreset) -> None:
    with pytest.raises(MammoError, match=f"no calibration images: {preset.name} needs the training part"):
        quantise_exported(exported, preset, [])


def test_what_tensorflow_cannot_quantise_is_one_clean_line(
    exported: Exported, images: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> bytes:
        raise RuntimeError(
            "Quantization not yet supported for op: 'SQRT'.\nQuantization not yet supported for op: 'DIV'."
        )

    monkeypatch.setattr(type(tf.lite.TFLiteConverter.from_keras_model(exported.network)), "convert", fail)
    words = r"preset coral: TensorFlow cannot convert this network: .*'SQRT'\.; take another preset"
    with pytest.raises(MammoError, match=words):
        quantise_exported(exported, read_preset("coral"), images)


def test_an_operator_that_tf_lite_has_not_is_named_with_its_layer(capfd: pytest.CaptureFixture[str]) -> None:
    class Odd(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return keras.ops.erf(x)

    pixels = keras.Input((8, 8, 1))
    x = keras.layers.GlobalAveragePooling2D(name="pool")(Odd(name="odd_one")(pixels))
    network = keras.Model(pixels, keras.layers.Softmax(name="scores")(keras.layers.Dense(2, name="logits")(x)))
    with pytest.raises(MammoError, match=r"TF Lite has no operator for Erf of layer odd_one$"):
        export(network)
    assert capfd.readouterr().err == ""

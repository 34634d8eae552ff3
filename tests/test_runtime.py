"""The runtimes behind one face."""

from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.conversion.convert import Converted
from tflite_mammo.errors import MammoError
from tflite_mammo.runtime import RUNTIMES, Runtime, available


def test_scores_do_not_depend_on_the_number_of_threads(converted: dict[str, Converted]) -> None:
    path = converted["int8"].bundle.path
    tensor = np.random.default_rng(0).integers(0, 256, (64, 64, 1), dtype=np.uint8)
    one, two = Runtime(path, threads=1), Runtime(path, threads=2)
    np.testing.assert_array_equal(one.scores(tensor), two.scores(tensor))


def test_the_runtime_says_what_it_is(converted: dict[str, Converted]) -> None:
    runtime = Runtime(converted["int8"].bundle.path)
    assert runtime.name == available()[0] == "litert"
    assert runtime.version[0].isdigit()


def test_loading_is_silent(converted: dict[str, Converted], capfd: pytest.CaptureFixture[str]) -> None:
    Runtime(converted["float32"].bundle.path)
    assert capfd.readouterr() == ("", "")


def test_an_unknown_runtime_names_the_known_ones(converted: dict[str, Converted]) -> None:
    with pytest.raises(MammoError, match="there are: auto, litert, tflite-runtime"):
        Runtime(converted["int8"].bundle.path, runtime="onnx")


def test_a_runtime_that_is_not_installed_names_its_extra(
    converted: dict[str, Converted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RUNTIMES, "tflite-runtime", ("no_such_module", "tflite-runtime", "edge-legacy"))
    with pytest.raises(MammoError, match=r"pip install 'tflite-mammo\[edge-legacy\]'"):
        Runtime(converted["int8"].bundle.path, runtime="tflite-runtime")


def test_integer_scores_are_given_as_the_floats_they_stand_for(converted: dict[str, Converted]) -> None:
    from ai_edge_litert.interpreter import Interpreter

    path, tensor = converted["coral"].bundle.path, np.full((64, 64, 1), 90, np.uint8)
    bare = Interpreter(model_path=str(path))
    bare.allocate_tensors()
    bare.set_tensor(bare.get_input_details()[0]["index"], tensor[np.newaxis])
    bare.invoke()
    integers = bare.get_tensor(bare.get_output_details()[0]["index"])[0]
    scores = Runtime(path).scores(tensor)
    assert (integers.dtype, scores.dtype) == (np.uint8, np.float32)
    np.testing.assert_array_equal(scores, integers / np.float32(256))


def test_a_model_whose_outputs_have_other_names_is_refused(converted: dict[str, Converted], tmp_path: Path) -> None:
    content, path = converted["float32"].bundle.path.read_bytes(), tmp_path / "foreign.tflite"
    assert content.count(b"scores\0") >= 1
    path.write_bytes(content.replace(b"scores\0", b"output\0"))
    with pytest.raises(
        MammoError, match=r"foreign\.tflite: expected one uint8 input and scores, as `tflite-mammo conv"
    ):
        Runtime(path)


def test_a_broken_model_is_one_clean_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"\x1c\x00\x00\x00TFL3" + bytes(64))
    with pytest.raises(MammoError, match="litert cannot load this model") as caught:
        Runtime(path)
    assert "\n" not in str(caught.value)

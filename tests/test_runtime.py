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


def test_a_broken_model_is_one_clean_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"\x1c\x00\x00\x00TFL3" + bytes(64))
    with pytest.raises(MammoError, match="litert cannot load this model") as caught:
        Runtime(path)
    assert "\n" not in str(caught.value)

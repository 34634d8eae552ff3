"""Golden samples: a runtime that answers alike, one that does not, and samples that are none."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tflite_mammo.bundle import ModelBundle
from tflite_mammo.conversion.convert import Converted
from tflite_mammo.errors import MammoError
from tflite_mammo.golden import check_golden, golden_difference, golden_of, pack
from tflite_mammo.preprocess import Bytes
from tflite_mammo.runtime import Runtime


class Answers:
    """A runtime that answers as it is told."""

    def __init__(self, change: Callable[[np.ndarray], np.ndarray], bundle: ModelBundle) -> None:
        self._change, self._right = change, Runtime(bundle.path)

    def scores(self, tensor: Bytes) -> np.ndarray:
        return self._change(self._right.scores(tensor))


@pytest.fixture
def bundle(converted: dict[str, Converted]) -> ModelBundle:
    return converted["int8"].bundle


def _arrays(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def test_samples_unpack_as_they_were_packed(bundle: ModelBundle) -> None:
    golden = golden_of(bundle)
    again = golden_of(replace(bundle, golden=pack(golden)))
    np.testing.assert_array_equal(again.pixels, golden.pixels)
    np.testing.assert_array_equal(again.scores, golden.scores)
    assert again.tolerance == golden.tolerance


@pytest.mark.parametrize("preset", ["float32", "float16", "dynamic", "int8"])
def test_the_machine_that_converted_answers_as_it_did(converted: dict[str, Converted], preset: str) -> None:
    bundle = converted[preset].bundle
    assert golden_difference(bundle, Runtime(bundle.path)) == 0


def test_the_largest_difference_counts(bundle: ModelBundle) -> None:
    off = Answers(lambda scores: scores + np.array([0, 0.25], np.float32), bundle)
    assert golden_difference(bundle, off) == pytest.approx(0.25)  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [np.nan, np.inf])
def test_answers_that_are_no_numbers_are_as_far_off_as_can_be(bundle: ModelBundle, answer: float) -> None:
    lost = Answers(lambda scores: np.full_like(scores, answer), bundle)
    assert golden_difference(bundle, lost) == 1  # type: ignore[arg-type]


def test_a_check_says_which_runtime_it_asked_and_what_was_recorded(bundle: ModelBundle) -> None:
    check = check_golden(bundle)
    assert check is not None
    assert check.runtime.startswith("litert ")
    assert (check.difference, check.differs, check.fault) == (0, False, "")
    assert check.lowest < check.highest


def test_a_model_that_no_runtime_here_can_load_is_told_and_no_verdict(
    bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: object) -> None:
        raise MammoError("litert cannot load this model")

    monkeypatch.setattr("tflite_mammo.golden.Runtime", refuse)
    check = check_golden(bundle)
    assert check is not None
    assert (check.difference, check.differs, check.fault) == (None, False, "litert cannot load this model")


def test_a_model_without_samples_cannot_be_asked(bundle: ModelBundle) -> None:
    with pytest.raises(MammoError, match="carries no golden samples; convert the model again"):
        golden_of(replace(bundle, golden=b""))


PIXELS, SCORES, TOLERANCE = np.zeros((3, 64, 64, 1), np.uint8), np.zeros((3, 2), np.float32), np.ones(1, np.float32)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"scores": SCORES, "tolerance": TOLERANCE}, "no item named 'pixels.npy'"),
        (
            {"pixels": PIXELS[:, :32], "scores": SCORES, "tolerance": TOLERANCE},
            r"pixels of uint8 and shape \(3, 32, 64",
        ),
        ({"pixels": PIXELS, "scores": SCORES.astype(float), "tolerance": TOLERANCE}, "scores of float64"),
        ({"pixels": PIXELS, "scores": SCORES[:2], "tolerance": TOLERANCE}, "3 tensors, 2 rows of scores"),
        ({"pixels": PIXELS[:0], "scores": SCORES[:0], "tolerance": TOLERANCE}, "0 tensors, 0 rows of scores"),
        ({"pixels": np.array([{}]), "scores": SCORES, "tolerance": TOLERANCE}, "pixels of object"),
        ({"pixels": np.zeros(2**25, np.uint8)}, "pixels unpacks to 33554"),
        ({"pixels": PIXELS, "scores": SCORES, "tolerance": np.array([np.nan], np.float32)}, "a tolerance of nan"),
    ],
)
def test_samples_that_do_not_fit_the_model_are_refused(
    bundle: ModelBundle, arrays: dict[str, np.ndarray], message: str
) -> None:
    with pytest.raises(MammoError, match=message):
        golden_of(replace(bundle, golden=_arrays(**arrays)))


def test_what_is_no_archive_is_refused(bundle: ModelBundle) -> None:
    with pytest.raises(MammoError, match=r"golden.npz cannot be read \(File is not a zip file\)"):
        golden_of(replace(bundle, golden=b"gold"))


def test_a_header_that_claims_more_than_there_is_takes_no_memory(bundle: ModelBundle) -> None:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (10**9, 64, 64, 1)})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("pixels.npy", file.getvalue())
    with pytest.raises(MammoError, match="cannot reshape array of size 0"):
        golden_of(replace(bundle, golden=packed.getvalue()))

"""Presets: the shipped ones read, contradictions refused."""

from pathlib import Path

import pytest

from tflite_mammo.conversion.preset import QuantPreset, read_preset
from tflite_mammo.conversion.quantise import _plan
from tflite_mammo.declared import names_of
from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.drift import Budget

GOOD = 'weights = "int8"\nactivations = "int8"\ncalibration_images = 5\n'
BUDGET = "[budget]\nauc_difference = 0.01\nlabel_flips = 0.05\n"


@pytest.mark.parametrize("name", names_of("presets"))
def test_every_shipped_preset_is_named_after_its_file(name: str) -> None:
    assert read_preset(name).name == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD, "'budget' is missing"),
        (GOOD + BUDGET + "flips = 1\n", "unknown key 'flips'; did you mean 'label_flips'"),
        (GOOD.replace("calibration_images = 5\n", "") + BUDGET, "calibration_images must be above 0"),
        (GOOD.replace('weights = "int8"', 'weights = "float16"') + BUDGET, "int8 activations need int8 weights"),
        (GOOD + BUDGET.replace("0.05", "5"), "must lie between 0 and 1"),
        (GOOD.replace('"int8"', '"int7"', 1) + BUDGET, "found 'int7'; did you mean 'int8'"),
    ],
)
def test_a_contradictory_preset_is_refused_in_words(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(MammoError, match=message):
        read_preset(str(path))


def test_an_operator_that_does_not_exist_is_named() -> None:
    preset = QuantPreset("mine", "int8", "int8", Budget(0.01, 0.05), ("SOFTMX",), 5)
    with pytest.raises(MammoError, match="keep_float names 'SOFTMX'"):
        _plan(preset)

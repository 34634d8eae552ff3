"""Presets: the shipped ones read, contradictions refused."""

from pathlib import Path

import pytest

from tflite_mammo.conversion.preset import QuantPreset, read_budget, read_preset
from tflite_mammo.conversion.quantise import _plan
from tflite_mammo.declared import names_of
from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.budget import Budget

GOOD = 'weights = "int8"\nactivations = "int8"\ncalibration_images = 5\n'
TEXT = "auc_difference = 0.005\nsensitivity_loss = 0.01\nlabel_flips = 0.01\n"
BUDGET = f"[budget]\n{TEXT}"


@pytest.mark.parametrize("name", names_of("presets"))
def test_every_shipped_preset_is_named_after_its_file(name: str) -> None:
    assert read_preset(name).name == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD, "'budget' is missing"),
        (GOOD + BUDGET + "flips = 1\n", "unknown key 'flips'; did you mean 'label_flips'"),
        (GOOD.replace("calibration_images = 5\n", "") + BUDGET, "calibration_images must be above 0"),
        (GOOD.replace('activations = "int8"', 'activations = "float32"') + BUDGET, "and 0 otherwise"),
        ('weights = "float16"\nactivations = "float32"\n' + BUDGET, "calibration_images must be above 0"),
        (GOOD.replace('weights = "int8"', 'weights = "float16"') + BUDGET, "int8 activations need int8 weights"),
        (GOOD + BUDGET.replace("0.005", "5"), "auc_difference 5; expected a share between 0 and 1"),
        ('engine = "tensorflow"\nkeep_float = ["MEAN"]\n' + GOOD + BUDGET, "keeps nothing in float but SOFTMAX"),
        ('engine = "tensorflow"\nweights = "int8"\nactivations = "float32"\n' + BUDGET, "is for int8 activations"),
        ('scores = "uint8"\n' + GOOD + BUDGET, "scores in uint8 need engine = 'tensorflow'"),
        (
            'engine = "tensorflow"\nscores = "uint8"\nkeep_float = ["SOFTMAX"]\n' + GOOD + BUDGET,
            "nothing in keep_float",
        ),
        (
            'keep_float = ["MEAN"]\nweights = "float16"\nactivations = "float32"\ncalibration_images = 5\n' + BUDGET,
            "keep_float has nothing to keep where weights are float16",
        ),
        ('engine = "tensorflo"\n' + GOOD + BUDGET, "found 'tensorflo'; did you mean 'tensorflow'"),
        (GOOD.replace('"int8"', '"int7"', 1) + BUDGET, "found 'int7'; did you mean 'int8'"),
    ],
)
def test_a_contradictory_preset_is_refused_in_words(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(MammoError, match=message):
        read_preset(str(path))


def test_a_preset_does_not_call_itself_the_reference(tmp_path: Path) -> None:
    (tmp_path / "float32.toml").write_text(GOOD + BUDGET)
    with pytest.raises(MammoError, match="what every other is compared with; give the file another name"):
        read_preset(str(tmp_path / "float32.toml"))


def test_an_operator_that_does_not_exist_is_named() -> None:
    preset = QuantPreset("mine", "int8", "int8", Budget(0.005, 0.01, 0.01), ("SOFTMX",), 5)
    with pytest.raises(MammoError, match="keep_float names 'SOFTMX'"):
        _plan(preset)


def test_a_budget_is_read_from_a_file_of_its_own_a_preset_or_a_preset_file(tmp_path: Path) -> None:
    (tmp_path / "strict.toml").write_text(TEXT)
    (tmp_path / "mine.toml").write_text(f'weights = "int8"\nactivations = "float32"\n[budget]\n{TEXT}')
    assert (
        read_budget(str(tmp_path / "strict.toml"))
        == read_budget(str(tmp_path / "mine.toml"))
        == Budget(0.005, 0.01, 0.01)
    )
    assert read_budget("float16") == read_preset("float16").budget


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXT.replace("sensitivity_loss", "sensitivity_los"), "key 'sensitivity_los'; did you mean 'sensitivity_loss'"),
        (TEXT.replace("sensitivity_loss = 0.01\n", ""), "the key 'sensitivity_loss' is missing; add it"),
        (TEXT.replace("0.005", '"0.005"'), "auc_difference: found '0.005', expected a number"),
        (TEXT.replace("0.005", "true"), "auc_difference: found True, expected a number"),
        (TEXT.replace("0.005", "nan"), "auc_difference: found nan, expected a finite number"),
        (TEXT.replace("0.005", "-1"), "auc_difference -1; expected a share between 0 and 1"),
        (f"[bugdet]\n{TEXT}", "unknown key 'bugdet'"),
        ("budget = 3", "budget: found 3, expected a table of settings"),
        ("auc_difference = ", "cannot be read as toml"),
    ],
)
def test_a_budget_file_with_a_mistake_is_refused_in_words(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text(text)
    with pytest.raises(MammoError, match=message):
        read_budget(str(tmp_path / "b.toml"))


def test_a_budget_that_is_nowhere_is_refused() -> None:
    with pytest.raises(MammoError, match=r"nowhere\.toml: no such file"):
        read_budget("nowhere.toml")
    with pytest.raises(MammoError, match="no preset is called 'int9'"):
        read_budget("int9")


def test_the_shipped_budgets_are_the_stricter_the_more_alike_the_file_should_be() -> None:
    exact, half, whole = (read_preset(name).budget for name in ("float32", "float16", "int8"))
    assert (exact.sensitivity_loss, exact.label_flips) == (0, 0)
    assert exact.auc_difference < half.auc_difference < whole.auc_difference
    assert half.label_flips * 190 < 1  # none of the images of a usual test part
    assert whole == read_preset("dynamic").budget == Budget(0.005, 0.01, 0.01)

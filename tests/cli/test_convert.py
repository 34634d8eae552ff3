import json
from pathlib import Path

import pytest

from tflite_mammo.bundle import read_bundle
from tflite_mammo.scores import Scores
from tflite_mammo.training.run import Run


def test_one_preset_is_written_where_it_was_asked_for(call, run: Run, tmp_path: Path) -> None:
    done = call("convert", run.folder, "--quant", "float16", "--out", tmp_path / "m.tflite")
    assert done.status == 0
    assert "within the budget" in done.stdout
    assert read_bundle(tmp_path / "m.tflite").card.quantisation == "float16"


def test_beyond_the_budget_is_status_1_and_a_file_that_says_so(
    call, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = run.scores
    opposite = Scores(scores.classes, scores.rows, scores.values[:, ::-1])
    monkeypatch.setattr(Run, "scores", opposite)  # as if the trained network had said the opposite
    done = call("convert", run.folder, "--quant", "int8", "--out", tmp_path / "m.tflite", "--json")
    (verdict,) = json.loads(done.stdout)
    assert done.status == 1
    assert verdict["drift"]["beyond"]
    assert verdict["file"] == str(tmp_path / "m.rejected.tflite")
    assert [path.name for path in tmp_path.iterdir()] == ["m.rejected.tflite"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--quant", "int9"), ("no preset is called 'int9'", "int8")),
        (("--quant", "int8", "--quant", "float16", "--out", "m.tflite"), ("--out names one file",)),
        (("--quant", "int8", "--out", "m.bin"), ("ends in .tflite",)),
        (("--quant", "int8", "--data", "nowhere"), ("nowhere", "no dataset.json")),
    ],
)
def test_wrong_use_is_one_clean_line(call, run: Run, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    call("convert", run.folder, *arguments).assert_clean_error(*words)
    assert not Path("m.tflite").exists()


def test_a_folder_that_is_no_run_is_one_clean_line(call, tmp_path: Path) -> None:
    call("convert", tmp_path, "--quant", "int8").assert_clean_error("no recipe.toml", "tflite-mammo train")

import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import keras
import pytest

from tflite_mammo.bundle import read_bundle
from tflite_mammo.conversion.proof import Proof
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.declared import folder_of
from tflite_mammo.evaluation.drift import DriftReport
from tflite_mammo.runtime import Runtime
from tflite_mammo.schema import read_json, to_dict
from tflite_mammo.scores import Scores
from tflite_mammo.training.recipe import read_recipe
from tflite_mammo.training.run import Run
from tflite_mammo.training.tables import Head
from tflite_mammo.training.train import train


def test_one_preset_is_written_where_it_was_asked_for(call, run: Run, tmp_path: Path) -> None:
    done = call("convert", run.folder, "--quant", "float16", "--out", tmp_path / "m.tflite")
    assert done.status == 0
    assert done.stdout.startswith(f"within the budget of float16: {tmp_path / 'm.tflite'}, ")
    assert done.stdout.splitlines()[-1] == f"  page: {tmp_path / 'm.drift.html'}"
    assert max(map(len, done.stdout.splitlines()[1:-1])) <= 100
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
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.drift.html", "m.drift.json", "m.rejected.tflite"]
    assert "m.rejected.tflite" in (tmp_path / "m.drift.html").read_text(encoding="utf-8")


def test_page_and_figures_stand_beside_each_file(call, run: Run, tmp_path: Path) -> None:
    done = call("convert", run.folder, "--quant", "dynamic", "--out", tmp_path / "m.tflite", "--json")
    (verdict,) = json.loads(done.stdout)
    proof = read_json(Proof, tmp_path / "m.drift.json")
    assert {name: value for name, value in verdict.items() if name != "file"} == to_dict(proof)
    assert [stage.name for stage in proof.stages] == ["network", "float32", "dynamic"]
    assert proof.stages[2].sha256 == read_bundle(Path(verdict["file"])).sha256
    page = (tmp_path / "m.drift.html").read_text(encoding="utf-8")
    assert "tflite-mammo" in page
    assert str(tmp_path) not in page


def test_the_budget_of_a_file_rules_and_is_named(call, run: Run, tmp_path: Path) -> None:
    loose = tmp_path / "loose.toml"
    loose.write_text("auc_difference = 1\nsensitivity_loss = 1\nlabel_flips = 1\n")
    done = call("convert", run.folder, "--quant", "int8", "--out", tmp_path / "m.tflite", "--budget", loose)
    assert (done.status, done.stdout.split(":")[0]) == (0, "within the budget of loose.toml")
    assert read_bundle(tmp_path / "m.tflite").card.drift["budget"]["label_flips"] == 1
    assert read_json(Proof, tmp_path / "m.drift.json").allowed_by == "loose.toml"


@pytest.mark.parametrize(("first", "second"), [(True, False), (False, True)])
def test_the_latest_verdict_alone_is_left(
    first: bool, second: bool, call, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {True: "m.tflite", False: "m.rejected.tflite"}
    for accepted in (first, second):
        monkeypatch.setattr(DriftReport, "within", accepted)
        done = call("convert", run.folder, "--quant", "float32", "--out", tmp_path / "m.tflite")
        assert done.status == (0 if accepted else 1)
    assert sorted(path.name for path in tmp_path.glob("*.tflite")) == [names[second]]
    assert f"removed {tmp_path / names[first]}, of an earlier verdict on this name" in done.stderr
    assert names[second] in (tmp_path / "m.drift.html").read_text(encoding="utf-8")


def test_fallback_tells_everywhere_how_the_precision_was_found(call, run: Run, tmp_path: Path) -> None:
    done = call("convert", run.folder, "--quant", "int8", "--fallback", "--out", tmp_path / "m.tflite")
    (written,) = tmp_path.glob("*.tflite")  # the verdict does not matter here
    ladder = read_json(Proof, tmp_path / "m.drift.json").ladder
    assert ladder is not None
    assert read_bundle(written).card.ladder == to_dict(ladder)
    words = f"number {ladder.chosen + 1} of {len(ladder.rungs)} tried:"
    for told in (done.stdout, call("inspect", written).stdout):
        assert words in " ".join(told.split())
    assert max(map(len, done.stdout.splitlines()[1:-1])) <= 100
    assert "How the precision was found" in (tmp_path / "m.drift.html").read_text(encoding="utf-8")


def test_fallback_leaves_alone_what_is_no_int8(call, run: Run, tmp_path: Path) -> None:
    done = call("convert", run.folder, "--quant", "float16", "--fallback", "--out", tmp_path / "m.tflite")
    assert "precision:" not in done.stdout
    assert "--fallback leaves float16 as it is" in done.stderr
    assert read_bundle(tmp_path / "m.tflite").card.ladder == {}


def test_a_file_for_coral_is_told_what_its_compiler_would_make_of_it(
    call, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the compiler is not installed, by its rules."""
    monkeypatch.setattr(DriftReport, "within", True)
    done = call("convert", run.folder, "--quant", "coral", "--out", tmp_path / "m.tflite")
    assert done.status == 0, done.stderr
    told = " ".join(done.stdout.split())
    assert re.search(r"by its published rules: (\d+) of \1 operators mapped to the Edge TPU, all that can be", told)
    assert "edgetpu_compiler is not installed here, so this is what its documentation says" in told
    assert not (tmp_path / "m_edgetpu.tflite").exists()


def test_what_corals_compiler_makes_has_the_card_and_goes_with_the_file(
    call, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a stand-in for the compiler, which copies."""
    program = tmp_path / "bin" / "edgetpu_compiler"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nhead -c 9000 "$4" > "$3/model_edgetpu.tflite"\necho Model compiled successfully\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(DriftReport, "within", True)
    done = call("convert", run.folder, "--quant", "coral", "--out", tmp_path / "m.tflite", "--json")
    assert json.loads(done.stdout)[0]["coral"]["compiled"]["error"] == ""
    made, of = read_bundle(tmp_path / "m_edgetpu.tflite"), read_bundle(tmp_path / "m.tflite")
    assert made.flatbuffer_size == 9000
    assert replace(made.card, model_sha256="") == replace(of.card, model_sha256="")
    monkeypatch.setattr(DriftReport, "within", False)
    call("convert", run.folder, "--quant", "coral", "--out", tmp_path / "m.tflite")
    assert [path.name for path in tmp_path.glob("*.tflite")] == ["m.rejected.tflite"]


def test_cam_adds_a_map_and_the_card_says_so(call, prepared: Dataset, tmp_path: Path) -> None:
    mapped = train(replace(read_recipe("small-cnn"), head=Head()), prepared, tmp_path / "run")
    done = call("convert", mapped.folder, "--quant", "float32", "--cam", "--out", tmp_path / "m.tflite")
    assert done.status == 0, done.stderr
    assert read_bundle(tmp_path / "m.tflite").card.has_map
    assert Runtime(tmp_path / "m.tflite").has_map


def test_cam_where_the_head_has_no_map_is_one_clean_line(call, run: Run, tmp_path: Path) -> None:
    done = call("convert", run.folder, "--quant", "float32", "--cam", "--out", tmp_path / "m.tflite")
    done.assert_clean_error("a map needs 2 classes", "leave --cam away")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--quant", "int9"), ("no preset is called 'int9'", "int8")),
        (("--quant", "int8", "--quant", "float16", "--out", "m.tflite"), ("--out names one file",)),
        (("--quant", "int8", "--out", "m.bin"), ("ends in .tflite",)),
        (("--quant", "int8", "--out", f"{__file__}/m.tflite"), ("test_convert.py is a file; choose another name",)),
        (("--quant", "int8", "--data", "nowhere"), ("nowhere", "no dataset.json")),
        (("--quant", "int8", "--budget", "int9"), ("no preset is called 'int9'",)),
        (("--quant", "int8", "--budget", "none.toml"), ("none.toml: no such file",)),
        (
            ("--quant", "int8", "--quant", "int8"),
            ("2 of --quant would write", "small-cnn-int8.tflite", "a name of its own"),
        ),
    ],
)
def test_wrong_use_is_one_clean_line(call, run: Run, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    call("convert", run.folder, *arguments).assert_clean_error(*words)
    assert not Path("m.tflite").exists()


def test_where_one_of_several_cannot_be_made_none_is(call, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder, ignore=shutil.ignore_patterns("models"))
    odd = tmp_path / "odd.toml"
    odd.write_text((folder_of("presets") / "int8.toml").read_text().replace("SOFTMAX", "SOFTMX"))
    call("convert", folder, "--quant", "int8", "--quant", odd).assert_clean_error("keep_float names 'SOFTMX'")
    assert not any((folder / "models").glob("*"))


def test_a_network_of_other_code_is_one_clean_line(call, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder, ignore=shutil.ignore_patterns("models"))
    pixels = keras.Input(run.model().input_shape[1:])
    x = keras.layers.Flatten(name="flat")(pixels)
    keras.Model(pixels, keras.layers.Dense(2, activation="softmax")(x)).save(folder / "model.keras")
    call("convert", folder, "--quant", "float32").assert_clean_error("no layers 'pool' (or 'flatten') and 'scores'")
    assert not (folder / "models").exists()


def test_a_folder_that_is_no_run_is_one_clean_line(call, tmp_path: Path) -> None:
    call("convert", tmp_path, "--quant", "int8").assert_clean_error("no recipe.toml", "tflite-mammo train")

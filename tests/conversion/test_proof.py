"""A proof: each form of a network against the others, with what is known of the files."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.benchmarking.glance import Speed
from tflite_mammo.conversion.convert import Converted
from tflite_mammo.conversion.proof import Form, Proof, prove, speeds_of, with_speeds
from tflite_mammo.evaluation.budget import Budget
from tflite_mammo.evaluation.drift import measure_drift
from tflite_mammo.schema import from_dict, to_dict
from tflite_mammo.scores import ScoreRow, Scores, Threshold

HALF = Threshold(0.5, "given by hand", "")
LOOSE = Budget(1.0, 1.0, 1.0)


def form(folder: Path, name: str, findings: list[float]) -> Form:
    rows = tuple(
        ScoreRow(f"{i}.png", f"P{i}", "", "", "test", ("benign", "malignant")[i % 2]) for i in range(len(findings))
    )
    finding = np.array(findings, np.float32)
    (folder / name).write_bytes(name.encode() * 10)
    return Form(
        name.split(".")[0], Scores(("benign", "malignant"), rows, np.stack([1 - finding, finding], 1)), folder / name
    )


@pytest.fixture
def forms(tmp_path: Path) -> list[Form]:
    return [
        form(tmp_path, "network.keras", [0.1, 0.6, 0.3, 0.9]),
        form(tmp_path, "float32.tflite", [0.1, 0.4, 0.3, 0.9]),
        form(tmp_path, "int8.tflite", [0.6, 0.4, 0.3, 0.9]),
    ]


def proof_of(forms: list[Form]) -> Proof:
    drift = measure_drift(forms[0].scores, forms[-1].scores, 0.5, LOOSE, draws=20)
    return prove(forms, drift, HALF, "int8", notes=("seen elsewhere",))


def test_each_step_is_measured_by_itself_and_the_whole_decides(forms: list[Form]) -> None:
    proof = proof_of(forms)
    assert [[flip.file for flip in step.flips] for step in proof.steps] == [["1.png"], ["0.png"]]
    assert [flip.file for flip in proof.drift.flips] == ["1.png", "0.png"]


def test_two_forms_are_one_step(forms: list[Form]) -> None:
    assert proof_of(forms[::2]).steps == ()


def test_files_are_told_by_name_digest_and_size_and_not_by_place(forms: list[Form], tmp_path: Path) -> None:
    proof = proof_of(forms)
    assert [stage.file for stage in proof.stages] == ["network.keras", "float32.tflite", "int8.tflite"]
    assert proof.stages[2].sha256 == hashlib.sha256(b"int8.tflite" * 10).hexdigest()
    assert [stage.size_bytes for stage in proof.stages] == [130, 140, 110]
    assert str(tmp_path) not in str(to_dict(proof))


def test_a_table_of_scores_is_no_model_and_has_no_size(forms: list[Form], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("file,patient\n")
    proof = proof_of([replace(forms[0], file=tmp_path / "a.csv"), forms[2]])
    assert (proof.stages[0].file, proof.stages[0].size_bytes) == ("a.csv", 0)


def test_what_a_reader_must_know_is_said(forms: list[Form]) -> None:
    proof = proof_of(forms)
    assert (proof.split, proof.notes) == ("test", ("seen elsewhere",))
    assert proof.remarks[0].startswith("2 malignant and 2 others: with fewer than 20")


def test_speeds_are_of_files_that_run_and_of_each_its_own(
    forms: list[Form], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def seen(files: list[Path]) -> list[tuple[Speed, ...]]:
        asked.append([path.name for path in files])
        return [(Speed(1, float(len(path.stem)), 9.0),) for path in files]

    monkeypatch.setattr("tflite_mammo.conversion.proof.glance", seen)
    other = [forms[0], forms[1]]
    speeds = speeds_of([*forms, *other])
    one, two = (with_speeds(proof_of(some), some, speeds) for some in (forms, other))
    assert asked == [["float32.tflite", "int8.tflite"]]  # together, and each once
    assert [[speed.median_ms for speed in stage.speeds] for stage in one.stages] == [[], [7.0], [4.0]]
    assert two.stages[1].speeds == one.stages[1].speeds
    assert one.device is not None


def test_without_a_file_that_runs_no_speed_is_told(forms: list[Form]) -> None:
    some = [forms[0], forms[0]]
    assert with_speeds(proof_of(some), some, speeds_of(some)) == proof_of(some)


def test_a_proof_reads_back_as_it_was_written(converted: dict[str, Converted]) -> None:
    proof = converted["int8"].proof
    assert from_dict(Proof, to_dict(proof), "proof") == proof

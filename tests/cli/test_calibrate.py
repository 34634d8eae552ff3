import json
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.evaluation.scaling import unscaled
from tflite_mammo.scores import read_scores
from tflite_mammo.training.run import Run


def test_another_rule_locks_another_threshold_and_leaves_the_scores(call, run: Run, tmp_path: Path) -> None:
    done = call("calibrate", run.folder, "--threshold", "sensitivity:1", "--out", tmp_path / "new")
    assert done.status == 0
    made = Run(tmp_path / "new")
    assert made.recipe.threshold == "sensitivity:1"
    assert "highest that holds a sensitivity of 1" in done.stdout
    validation = made.scores.of_split("validation")
    assert validation.finding[validation.positive].min() >= made.evaluation.threshold.value
    np.testing.assert_allclose(made.scores.values, run.scores.values, atol=1e-6)
    assert made.audit == run.audit
    assert made.history == run.history


def test_the_networks_own_scores_are_those_of_the_table(call, run: Run, tmp_path: Path) -> None:
    call("calibrate", run.folder, "--calibration", "platt", "--out", tmp_path / "new")
    for split in ("validation", "test"):
        call("evaluate", tmp_path / "new", "--split", split, "--out", tmp_path / split)
        scored = read_scores(tmp_path / split / "scores.csv")
        np.testing.assert_allclose(scored.values, Run(tmp_path / "new").scores.of_split(split).values, atol=1e-5)


def test_calibrating_twice_is_as_calibrating_once(call, run: Run, tmp_path: Path) -> None:
    call("calibrate", run.folder, "--calibration", "platt", "--out", tmp_path / "platt")
    call("calibrate", tmp_path / "platt", "--calibration", "temperature", "--out", tmp_path / "back")
    there, back = run.evaluation.scaling, Run(tmp_path / "back").evaluation.scaling
    assert (back.method, back.intercept) == ("temperature", 0)
    assert back.slope == pytest.approx(there.slope, rel=1e-3)
    np.testing.assert_allclose(Run(tmp_path / "back").scores.values, run.scores.values, atol=1e-4)


def test_none_gives_the_scores_as_they_were_trained(call, run: Run, tmp_path: Path) -> None:
    verdict = json.loads(
        call("calibrate", run.folder, "--calibration", "none", "--out", tmp_path / "raw", "--json").stdout
    )
    assert verdict["scaling"]["method"] == "none"
    assert "before_scaling" not in verdict or verdict["before_scaling"] == {}
    raw = unscaled(run.scores, run.evaluation.scaling)
    np.testing.assert_allclose(Run(tmp_path / "raw").scores.values, raw.values, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "nothing to change; pass --calibration, --threshold or both"),
        (("--threshold", "sens:0.9"), "--threshold rule 'sens:0.9'; expected youden, sensitivity:0.9"),
        (("--threshold", "sensitivity:90"), "sensitivity:90"),
        (("--threshold", "cost:-1"), "cost:-1"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_no_folder(
    call, run: Run, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    call("calibrate", run.folder, *arguments, "--out", tmp_path / "new").assert_clean_error(words)
    assert not list(tmp_path.iterdir())


def test_a_place_that_is_taken_or_inside_the_run_is_refused(call, run: Run, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").touch()
    again = ("--threshold", "youden", "--out")
    call("calibrate", run.folder, *again, tmp_path / "there").assert_clean_error("exists already")
    call("calibrate", run.folder, *again, run.folder / "models" / "new").assert_clean_error("lies in", "beside it")

import json
from pathlib import Path


def test_figures_are_printed_and_kept_with_every_sample(call, converted, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = call("benchmark", converted["int8"].bundle.path, "--threads", "1", "--runs", 5, "--out", out)
    assert done.status == 0
    assert "p50 ms" in done.stdout
    (report,) = json.loads((out / "latency.json").read_text())
    assert len(report["invoke_ms"]) == 15


def test_threads_that_are_no_numbers_are_one_clean_line(call, converted) -> None:
    call("benchmark", converted["int8"].bundle.path, "--threads", "1,x").assert_clean_error("--threads 1,x")
    call("benchmark", converted["int8"].bundle.path, "--threads", "0").assert_clean_error("from 1 to 256")


def test_a_file_that_is_no_model_is_one_clean_line(call, tmp_path: Path) -> None:
    (tmp_path / "notes.tflite").write_text("only notes in here")
    call("benchmark", tmp_path / "notes.tflite").assert_clean_error("not a TF Lite model")

"""Latency reports: every sample kept, quantiles that follow from them, the device described and not named."""

import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.benchmarking import latency
from tflite_mammo.benchmarking.device import describe_device
from tflite_mammo.benchmarking.latency import ROUNDS, LatencyReport, Sample, measure_latency
from tflite_mammo.conversion.convert import Converted
from tflite_mammo.errors import MammoError
from tflite_mammo.schema import from_dict, to_dict


@pytest.fixture(scope="module")
def reports(converted: dict[str, Converted]) -> list[LatencyReport]:
    return measure_latency([converted["int8"].bundle.path, converted["float32"].bundle.path], [1, 2], runs=7)


def test_each_model_and_number_of_threads_has_its_report(reports: list[LatencyReport]) -> None:
    settings = [(report.quantisation, report.threads) for report in reports]
    assert settings == [("int8", 1), ("int8", 2), ("float32", 1), ("float32", 2)]


def test_quantiles_follow_from_the_samples_that_are_kept(reports: list[LatencyReport]) -> None:
    for report in reports:
        assert len(report.invoke_ms) == ROUNDS * 7
        assert report.p50_ms == pytest.approx(np.quantile(report.invoke_ms, 0.5), abs=1e-3)
        assert report.p50_ms <= report.p90_ms <= report.p99_ms <= max(report.invoke_ms) + 1e-3
        assert report.peak_memory_mb > report.file_mb


def test_a_report_survives_its_json(reports: list[LatencyReport]) -> None:
    assert from_dict(LatencyReport, to_dict(reports[0]), "again") == reports[0]


def test_the_device_is_described_without_its_name() -> None:
    device = describe_device()
    assert device.cores >= 1
    assert device.memory_mb > 100
    assert platform.node() not in str(device)


def test_peak_memory_counts_what_a_process_held() -> None:
    code = "from tflite_mammo.benchmarking.device import peak_memory_mb as peak; before = peak();"
    code += "held = b'x' * 100_000_000; print(peak() - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert 90 < float(done.stdout) < 130


def test_a_runtime_that_is_not_there_is_one_clean_line(converted: dict[str, Converted]) -> None:
    with pytest.raises(MammoError, match="no runtime is called 'onnx'"):
        measure_latency([converted["int8"].bundle.path], [1], runtime="onnx", runs=1)


def test_models_take_turns_so_that_a_slowing_machine_slows_all(
    converted: dict[str, Converted], monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[tuple[str, int]] = []

    def measured(path: Path, threads: int, runtime: str, runs: int) -> Sample:
        order.append((path.name, threads))
        return Sample("litert", "0", 1.0, 1.0, 1.0, (1.0,))

    monkeypatch.setattr(latency, "_in_a_process", measured)
    models = [converted[name].bundle.path for name in ("int8", "float32")]
    measure_latency(models, [1, 2])
    one_round = [(path.name, threads) for path in models for threads in (1, 2)]
    assert order == one_round * ROUNDS

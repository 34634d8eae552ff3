"""How fast phantoms are drawn and written, one process."""

import time
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from tflite_mammo.data.phantoms import FORMATS, PhantomSet, write_phantoms

PATIENTS = 10
LEAST_IMAGES_PER_SECOND = 20


@pytest.mark.parametrize("form", FORMATS)
def test_a_core_draws_at_least_20_images_a_second_at_512_px(
    benchmark: BenchmarkFixture, tmp_path: Path, form: str
) -> None:
    rates = []
    for attempt in range(5):
        started = time.perf_counter()
        write_phantoms(tmp_path / str(attempt), PhantomSet(PATIENTS, attempt, 512, form), workers=1)  # type: ignore[arg-type]
        rates.append(4 * PATIENTS / (time.perf_counter() - started))
    benchmark.extra_info["images per second"] = round(sorted(rates)[2], 1)
    print(f"\n{form}: {sorted(rates)[2]:.1f} images a second ({min(rates):.1f} to {max(rates):.1f})")
    benchmark.pedantic(
        lambda: write_phantoms(tmp_path / "timed", PhantomSet(2, 0, 512, form), workers=1),  # type: ignore[arg-type]
        rounds=1,
    )
    assert sorted(rates)[2] >= LEAST_IMAGES_PER_SECOND

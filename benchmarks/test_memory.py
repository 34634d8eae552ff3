"""The memory that `train --dry-run` estimates against what one step takes, each in a fresh process."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

FACTOR = 1.5
STEPS = [
    (recipe, unfreeze, batch_norm, size)
    for recipe, unfreeze, batch_norm, sizes in (
        ("small-cnn", "all", "adapt", (32, 128)),
        ("phantom-lite0", "all", "adapt", (8, 32)),
        ("phantom-lite0", "all", "frozen", (8, 32)),
        ("resnet50-u60", "all", "adapt", (8, 16)),
        ("resnet50-u60", "all", "frozen", (8, 16)),
        ("resnet50-u60", "60%", "frozen", (8, 16)),
    )
    for size in sizes
]


@pytest.mark.parametrize(("recipe", "unfreeze", "batch_norm", "size"), STEPS)
def test_the_estimate_is_near_what_a_step_takes(
    benchmark: BenchmarkFixture,
    keep: Callable[[str, dict[str, float]], None],
    prepared: Path,
    recipe: str,
    unfreeze: str,
    batch_norm: str,
    size: int,
) -> None:
    script = Path(__file__).parent / "one_step.py"
    command = [sys.executable, str(script), str(prepared), recipe, unfreeze, batch_norm, str(size)]
    told = benchmark.pedantic(lambda: subprocess.check_output(command, text=True), rounds=1)
    memory = json.loads(told.splitlines()[-1])
    ratio = round(memory["estimated"] / memory["measured"], 2)
    name = f"memory, {recipe}, {unfreeze} trains, batch norm {batch_norm}, {size} images: estimated / measured"
    print(f"\n{name}: {memory}, {ratio}")
    benchmark.extra_info |= memory
    keep("training", {name: ratio})
    assert 1 / FACTOR <= ratio <= FACTOR

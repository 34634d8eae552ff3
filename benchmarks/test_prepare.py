"""How fast a collection is prepared: against the loop that everybody writes, against its own single core, in memory.

The images are phantoms of about 2,300 x 1,900 pixels (drawn.py).
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from drawn import collection
from PIL import Image
from pytest_benchmark.fixture import BenchmarkFixture

from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.parallel import available_cores, keep_memory
from tflite_mammo.preprocess import PreprocessSpec, tensor_of

Keep = Callable[[str, dict[str, float]], None]

IMAGES, ROUNDS = 1000, 3
SPEC = PreprocessSpec()
LEAST_AGAINST_PILLOW = {"jpg": 3.0, "png": 1.7}
LEAST_SHARE_OF_CORES = 0.85
MOST_MEMORY = 1.2


def _prepare(root: Path, out: Path, workers: int | None = None) -> None:
    manifest = read_collection(root, "folder", AdapterOptions(patient="file"))
    prepare(manifest, out, PreparePlan("folder", SPEC, (0.7, 0.15, 0.15)), workers=workers)


def _plain(files: list[Path]) -> None:
    for path in files:
        np.asarray(Image.open(path).convert("L").resize((SPEC.width, SPEC.height)))


def _rate(count: int, work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_preparing_beats_the_plain_loop_and_uses_every_core(
    benchmark: BenchmarkFixture, keep: Keep, tmp_path: Path, suffix: str
) -> None:
    keep_memory()  # as workers do, or the loops here would be slower for a reason of their own
    root = collection(tmp_path / suffix, suffix, IMAGES)
    files = sorted(root.rglob(f"*.{suffix}"))
    some = files[: IMAGES // 5]
    against_pillow, of_cores = [], []
    for number in range(ROUNDS):
        plain = _rate(len(some), lambda: _plain(some))
        whole = _rate(IMAGES, lambda n=number: _prepare(root, tmp_path / f"{suffix}{n}"))  # type: ignore[misc]
        alone = _rate(len(some), lambda: [tensor_of(path, SPEC) for path in some])
        against_pillow.append(whole / plain)
        of_cores.append(whole / (available_cores() * alone))
        print(f"\n{suffix}: plain {plain:.1f}, own on one core {alone:.1f}, prepare {whole:.1f} images a second")
    ratio, share = sorted(against_pillow)[ROUNDS // 2], sorted(of_cores)[ROUNDS // 2]
    figures = {f"{suffix} against plain Pillow": round(ratio, 2), f"{suffix} share of the cores": round(share, 3)}
    benchmark.extra_info |= figures
    keep("prepare", figures)
    print(f"{suffix}: {ratio:.2f} times plain Pillow, {share:.3f} of {available_cores()} cores")
    benchmark.pedantic(lambda: tensor_of(files[0], SPEC), rounds=5)
    assert ratio >= LEAST_AGAINST_PILLOW[suffix]
    assert share >= LEAST_SHARE_OF_CORES


RUN = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from test_prepare import _prepare
if __name__ == "__main__":
    _prepare(Path(sys.argv[1]), Path(sys.argv[2]), workers=2)
"""


def _memory_mb(pid: int) -> float:
    """What a process and its children hold now; pages that they share are counted once (Pss)."""
    total = 0.0
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total = int(line.split()[1]) / 1024
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return total  # it has ended
    return total + sum(_memory_mb(int(child)) for child in children)


def _peak_mb(command: list[str]) -> float:
    peak = 0.0
    with subprocess.Popen(command) as running:
        while running.poll() is None:
            peak = max(peak, _memory_mb(running.pid))
            time.sleep(0.05)
    assert running.returncode == 0
    return peak


def test_ten_times_the_images_take_the_same_memory(benchmark: BenchmarkFixture, keep: Keep, tmp_path: Path) -> None:
    script, peaks = tmp_path / "run.py", {}
    script.write_text(RUN)
    for count in (1_000, 10_000):
        root = collection(tmp_path / str(count), "jpg", count, size=(480, 575))
        out = tmp_path / f"out{count}"
        peaks[count] = _peak_mb([sys.executable, str(script), str(root), str(out), str(Path(__file__).parent)])
        print(f"\n{count} images: {peaks[count]:.0f} MB with two workers")
    ratio = peaks[10_000] / peaks[1_000]
    benchmark.extra_info["memory"] = round(ratio, 3)
    keep("prepare", {"memory of 10,000 against 1,000": round(ratio, 3)})
    benchmark.pedantic(lambda: _memory_mb(os.getpid()), rounds=1)
    assert ratio <= MOST_MEMORY

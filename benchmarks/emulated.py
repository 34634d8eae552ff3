"""An arm64 Debian and the processor it is to have. In: a folder and a program. Out: what it makes of the folder there.

A program is called with the folder and the .npz to leave arrays in, and prints what it ran on as JSON.

LiteRT asks /proc/cpuinfo and /sys which processor it runs on. A root that qemu-user runs has neither, and LiteRT would
leave XNNPACK off; where they are this machine's own, its library for such questions (pytorch/cpuinfo, pull request 398)
writes to an array of no length and crashes. So plain files with a board's answers are put in their place.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflite_mammo.errors import MammoError

SHARED = Path(__file__).with_name("both_sides.py")
"""By the programs."""
PYTHON, PACKAGES = "/usr/bin/python3", "/opt/packages"
"""Where they lie in the root."""
CORES = 4


@dataclass(frozen=True)
class Processor:
    """What Linux tells of it; the instructions themselves are qemu's, by the same name."""

    board: str
    part: str
    variant: str
    revision: int
    features: str

    def __str__(self) -> str:
        facts = f"BogoMIPS: 108.00\nFeatures: {self.features}\nCPU implementer: 0x41\nCPU architecture: 8\n"
        facts += f"CPU variant: {self.variant}\nCPU part: {self.part}\nCPU revision: {self.revision}\n"
        return "\n".join(f"processor: {number}\n{facts}" for number in range(CORES)).replace(":", "\t:")


PROCESSORS = {
    "cortex-a72": Processor("Raspberry Pi 4", "0xd08", "0x0", 3, "fp asimd evtstrm crc32 cpuid"),
    "cortex-a76": Processor(
        "Raspberry Pi 5", "0xd0b", "0x4", 1,
        "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp",
    ),
}  # fmt: skip
"""The first has no instruction for dot products, the second has: other kernels."""


@dataclass(frozen=True)
class Side:
    versions: dict[str, str]
    arrays: dict[str, NDArray[Any]]


def expect_root(root: Path) -> None:
    if not (root / PYTHON[1:]).exists() or not (root / PACKAGES[1:] / "ai_edge_litert").exists():
        raise MammoError(f"{root}: no {PYTHON} or no LiteRT in {PACKAGES}; make it as benchmarks/README.md says")
    for name in ("proc", "sys"):
        if os.path.ismount(root / name):
            raise MammoError(f"{root / name} is mounted and tells of this machine's processors; unmount it")


def this_side(stage: Path, program: Path) -> Side:
    return _side([sys.executable], stage, stage, str(stage), program)


def board_side(root: Path, stage: Path, program: Path, cpu: str) -> Side:
    """`stage` lies in the root."""
    processors = root / "sys/devices/system/cpu"
    processors.mkdir(parents=True, exist_ok=True)
    for name in ("possible", "present"):
        (processors / name).write_text(f"0-{CORES - 1}\n", encoding="utf-8")
    (root / "proc/cpuinfo").write_text(str(PROCESSORS[cpu]), encoding="utf-8")
    inside = Path("/") / stage.relative_to(root)
    python = ["chroot", str(root), "/usr/bin/env", f"QEMU_CPU={cpu}", PYTHON]
    return _side(python, stage, inside, f"{inside}:{PACKAGES}", program)


def expect_same_litert(here: Side, there: Side) -> None:
    if here.versions["litert"] != there.versions["litert"]:
        versions = f"{here.versions['litert']} here and {there.versions['litert']} in the root"
        raise MammoError(f"LiteRT {versions}; install the same in both, or nobody knows what made the difference")


def _side(python: list[str], stage: Path, inside: Path, modules: str, program: Path) -> Side:
    """`inside` is what that Python calls the stage."""
    for file in (program, SHARED):
        shutil.copy(file, stage)
    environment = {**os.environ, "PYTHONPATH": modules, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [*python, str(inside / program.name), str(inside), str(inside / "side.npz")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        raise MammoError(f"{' '.join(python)} could not run {program.name}: {said}")
    with np.load(stage / "side.npz") as arrays:
        return Side(json.loads(done.stdout.splitlines()[-1]), dict(arrays))

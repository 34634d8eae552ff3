"""A .tflite file through `edgetpu_compiler`, where that is installed, to what its log says.

The compiler is closed, for x86-64 Linux only, and ends with words rather than with a status; so the words are read.
"""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

PROGRAM = "edgetpu_compiler"
TIMEOUT_S = 600
"""Beyond the compiler's own limit of 180 s, which it does not keep in every case."""
MAPPED = "Mapped to Edge TPU"
UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
FAILURES = {
    "Internal compiler error": "the compiler gives no cause; try without the operators listed as not supported",
    "Model not quantized": "the Edge TPU takes int8 only: convert with --quant int8",
    "Didn't find op for builtin opcode": "an operator is newer than the compiler",
    "large activation tensors": "smaller images or a smaller network fit",
    "Model could not be parsed": "the compiler reads nothing of this file",
    "Compilation failed": "see the compiler's own words",
    "timed out": "the compiler was stopped",
}
"""What the compiler says when it fails, the most telling first, and what may be done."""


@dataclass(frozen=True)
class Status:
    kind: str
    count: int
    status: str
    """In the compiler's words, such as "Mapped to Edge TPU"."""


@dataclass(frozen=True)
class Compiled:
    version: str
    error: str
    """"" where it compiled; then all below is known."""
    statuses: tuple[Status, ...] = ()
    on_chip_bytes: int = 0
    on_chip_left_bytes: int = 0
    streamed_bytes: int = 0
    stretches: int = 0

    @property
    def on_tpu(self) -> int:
        return sum(status.count for status in self.statuses if status.status == MAPPED)

    @property
    def on_cpu(self) -> int:
        return sum(status.count for status in self.statuses if status.status != MAPPED)


def compile_for_edge_tpu(path: Path, out: Path | None = None) -> Compiled | None:
    """None where the compiler is not installed. `out` is written when it compiles; it carries no card."""
    program = shutil.which(PROGRAM)
    if program is None:
        return None
    with TemporaryDirectory() as scratch:
        # Under a name of ours: the compiler makes others of it, and takes one that begins with - for a flag.
        model = Path(shutil.copy(path, Path(scratch) / "model.tflite"))
        compiled = read_log(_run([program, "-s", "-o", scratch, str(model)]))
        result = model.with_name("model_edgetpu.tflite")
        if out and not compiled.error and result.is_file():
            shutil.copy(result, out)
    return compiled


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return f"Compilation timed out after {TIMEOUT_S} s"
    return f"{done.stdout}\n{done.stderr}"


def read_log(log: str) -> Compiled:
    version = re.search(r"Edge TPU Compiler version (\S+)", log)
    error = "" if "compiled successfully" in log else _failure(log)
    return Compiled(
        version=version.group(1) if version else "unknown",
        error=error,
        statuses=_statuses(log),
        on_chip_bytes=_bytes(log, "On-chip memory used"),
        on_chip_left_bytes=_bytes(log, "On-chip memory remaining"),
        streamed_bytes=_bytes(log, "Off-chip memory used"),
        stretches=int(_after(log, r"Number of Edge TPU subgraphs: (\d+)") or 0),
    )


def _failure(log: str) -> str:
    for words, remedy in FAILURES.items():
        line = next((line.strip() for line in log.splitlines() if words in line), None)
        if line:
            return f"{line.removeprefix('ERROR: ').rstrip('.! ')}; {remedy}"
    last = next((line.strip() for line in reversed(log.splitlines()) if line.strip()), "it said nothing")
    return f"{last}; the compiler did not say that it succeeded"


def _statuses(log: str) -> tuple[Status, ...]:
    _, _, table = log.partition("Operator ")
    rows = re.findall(r"^([A-Z][A-Z0-9_]*) +(\d+) +(\S.*?) *$", table, flags=re.MULTILINE)
    return tuple(Status(kind, int(count), status) for kind, count, status in rows)


def _bytes(log: str, words: str) -> int:
    found = re.search(rf"{words}[^:\n]*: ([\d.]+)([KMG]?i?B)", log)
    return round(float(found.group(1)) * UNITS[found.group(2)]) if found else 0


def _after(log: str, pattern: str) -> str:
    found = re.search(pattern, log)
    return found.group(1) if found else ""

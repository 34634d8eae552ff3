"""What a figure was measured on: the board or processor, its cores and memory. Never the machine's name."""

import platform
from dataclasses import dataclass
from pathlib import Path

from tflite_mammo.parallel import available_cores


@dataclass(frozen=True)
class Device:
    model: str
    architecture: str
    cores: int
    memory_mb: int
    system: str
    governor: str
    """The first core's frequency governor; empty where the kernel does not tell."""
    python: str


def describe_device() -> Device:
    return Device(
        model=_model(),
        architecture=platform.machine(),
        cores=available_cores(),
        memory_mb=_memory_mb(),
        system=_system(),
        governor=_text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        python=platform.python_version(),
    )


def peak_memory_mb() -> float:
    """The most memory that this process has held so far, in MB."""
    for line in _text("/proc/self/status").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    import resource

    scale = 1 if platform.system() == "Darwin" else 1024  # macOS counts bytes, others kilobytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e6


def _model() -> str:
    board = _text("/proc/device-tree/model").rstrip("\0")  # a Raspberry Pi or Coral board names itself here
    if board:
        return board
    for line in _text("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


def _memory_mb() -> int:
    for line in _text("/proc/meminfo").splitlines():
        if line.startswith("MemTotal:"):
            return round(int(line.split()[1]) * 1024 / 1e6)
    return 0


def _system() -> str:
    for line in _text("/etc/os-release").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.split("=", 1)[1].strip('"')
    return f"{platform.system()} {platform.release()}"


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""

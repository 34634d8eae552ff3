"""How fast ResNet50 trains by Keras's JAX backend: from a prepared dataset, on one batch that never changes, in torch.

KERAS_BACKEND=jax python benchmarks/gpu.py --keep                                          # on a machine with a GPU
KERAS_BACKEND=jax python benchmarks/gpu.py --images 64 --batch 8 --size 64 --steps 5       # to try it without one

The three take turns in one process on one device, round after round; what counts is the ratio within a round. The
constant batch lies on the device and goes through the same compiled step, augmentation included: what a fit lacks
against it is what reading, copying and Keras's loop cost. The torch loop (torch_resnet.py, where torch is installed)
gets a constant batch too and does not augment.
"""

import itertools
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import click

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # torch wants its part of the same card

import keras

from tflite_mammo import __version__
from tflite_mammo.console import no_progress, say
from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.phantoms import PhantomSet, write_phantoms
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.preprocess import PreprocessSpec
from tflite_mammo.training.batches import TrainingBatches
from tflite_mammo.training.fit import _Steps
from tflite_mammo.training.network import build_network
from tflite_mammo.training.recipe import Recipe, read_recipe, with_changes
from tflite_mammo.training.trainer import trainer_of

RECIPE, TRAINED = "resnet50-u60", ("all", "60%")
LEAST_OF_CONSTANT = 0.85
RESULTS = Path(__file__).parent / "results" / "gpu.json"
Measure = Callable[[], float]


@click.command()
@click.option("--images", default=2048, show_default=True, help="Phantoms to draw")
@click.option("--size", default=224, show_default=True, help="Pixels")
@click.option("--batch", default=64, show_default=True, help="Images of a step")
@click.option("--steps", default=100, show_default=True, help="Steps of a measurement")
@click.option("--rounds", default=5, show_default=True, help="Measurements of each kind")
@click.option("--precision", default="mixed_bfloat16", show_default=True, help="Keras's name")
@click.option("--keep", is_flag=True, help="Write results/gpu.json")
def main(images: int, size: int, batch: int, steps: int, rounds: int, precision: str, keep: bool) -> None:
    """Measure training on this machine's accelerator."""
    import jax

    if keras.backend.backend() != "jax":
        raise click.ClickException(f"Keras computes with {keras.backend.backend()}; set KERAS_BACKEND=jax")
    versions = {"tflite_mammo": __version__, "keras": keras.__version__, "jax": jax.__version__}
    asked = {
        "images": images,
        "size_px": size,
        "batch": batch,
        "steps": steps,
        "rounds": rounds,
        "precision": precision,
    }
    figures: dict[str, Any] = {**versions, "device": jax.devices()[0].device_kind, "recipe": RECIPE, **asked}
    with TemporaryDirectory() as scratch:
        dataset = _dataset(Path(scratch), images, size)
        for trained in TRAINED:
            recipe = with_changes(read_recipe(RECIPE), weights="random", batch_size=batch, precision=precision)
            ways = {**_ours(recipe, trained, dataset, steps), **_torch(trained, size, batch, steps, precision)}
            figures[f"trained {trained}"] = _compared(ways, rounds)
            _tell(trained, figures[f"trained {trained}"])
    if keep:
        RESULTS.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    click.echo(json.dumps(figures, indent=2))


def _dataset(folder: Path, images: int, size: int) -> Dataset:
    write_phantoms(folder / "phantoms", PhantomSet(-(-images // 4), 1, max(size, 64), "png", malignant_share=0.5))
    manifest = read_collection(folder / "phantoms", "phantoms", AdapterOptions())
    spec = PreprocessSpec(height=size, width=size)
    return prepare(manifest, folder / "data", PreparePlan("phantoms", spec, (0.7, 0.15, 0.15)))


class _Around(keras.utils.PyDataset):  # type: ignore[misc]
    """So many steps, beginning anew where the training part ends."""

    def __init__(self, batches: TrainingBatches, steps: int) -> None:
        super().__init__()
        self._batches, self._steps = batches, steps

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int) -> Any:
        return self._batches[index % len(self._batches)]


def _ours(recipe: Recipe, trained: str, dataset: Dataset, steps: int) -> dict[str, Measure]:
    """Images a second of a fit as `train` runs it, and of its compiled step on a batch that lies on the device."""
    import jax

    stage = replace(recipe.stages[0], unfreeze=trained)
    trainer = trainer_of(build_network(recipe, dataset), recipe, stage, dataset, steps)
    batches = TrainingBatches(dataset, recipe.balance, recipe.batch_size, recipe.seed)
    constant = jax.device_put(batches[0])

    def fit() -> float:
        started = time.perf_counter()
        calls = [_Steps(no_progress)]
        trainer.fit(_Around(batches, steps), epochs=1, verbose=0, callbacks=calls, shuffle=False)
        return steps * recipe.batch_size / (time.perf_counter() - started)

    def step() -> float:
        held = (
            trainer.trainable_variables, trainer.non_trainable_variables, trainer.optimizer.variables,
            trainer.metrics_variables,
        )  # fmt: skip
        state = tuple([variable.value for variable in variables] for variables in held)
        started = time.perf_counter()
        for _ in range(steps):
            _, state = trainer.train_function(state, itertools.repeat(constant))
        jax.block_until_ready(state)
        taken = time.perf_counter() - started
        for variable, value in zip(itertools.chain(*held), itertools.chain(*state), strict=True):
            variable.assign(value)
        return steps * recipe.batch_size / taken

    return {"fit": fit, "constant": step}


def _torch(trained: str, size: int, batch: int, steps: int, precision: str) -> dict[str, Measure]:
    try:
        from torch_resnet import training
    except ImportError:
        return {}
    run = training(trained, size, batch, half=precision == "mixed_bfloat16")
    return {"torch": lambda: run(steps)}


def _compared(ways: dict[str, Measure], rounds: int) -> dict[str, Any]:
    """Medians of the images a second, and of the ratios within a round with the lowest and highest."""
    for measure in ways.values():
        measure()  # compiles and warms up
    names = list(ways)
    taken = []
    for number in range(rounds):
        first = number % len(names)  # so that none always follows the same one
        taken.append({name: ways[name]() for name in names[first:] + names[:first]})
    rates = {name: round(median(figures[name] for figures in taken), 1) for name in names}
    ratios = {}
    for ours, peer in (("fit", "constant"), ("fit", "torch"), ("constant", "torch")):
        if peer in names:
            found = [figures[ours] / figures[peer] for figures in taken]
            ratios[f"{ours} / {peer}"] = [round(ratio, 3) for ratio in (median(found), min(found), max(found))]
    return {"images_per_second": rates, "ratios": ratios}


def _tell(trained: str, figures: dict[str, Any]) -> None:
    say(f"{trained} of the layers trained")
    for name, rate in figures["images_per_second"].items():
        say(f"  {name:<18} {rate:8.1f} images/s")
    for name, (middle, low, high) in figures["ratios"].items():
        wanted = f", wanted {LEAST_OF_CONSTANT} or more" if name == "fit / constant" else ""
        say(f"  {name:<18} {middle:8.2f} ({low:.2f} to {high:.2f}){wanted}")


if __name__ == "__main__":
    main()

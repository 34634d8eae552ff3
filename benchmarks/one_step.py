"""One training step, in a process of its own: DATA RECIPE UNFREEZE BATCH_NORM BATCH to megabytes as JSON."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.training.batches import TrainingBatches
from tflite_mammo.training.network import assemble
from tflite_mammo.training.plan import plan_of
from tflite_mammo.training.recipe import Recipe, read_recipe, with_changes
from tflite_mammo.training.trainer import trainer_of


def _memory_mb(field: str) -> float:
    """VmRSS now, VmHWM at the most. Not getrusage, whose peak a child takes over from its parent."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status[field].split()[0]) / 1024


def _recipe(name: str, unfreeze: str, batch_norm: str, batch_size: int) -> Recipe:
    recipe = with_changes(read_recipe(name), epochs=1, batch_size=batch_size)
    return replace(recipe, stages=(replace(recipe.stages[0], unfreeze=unfreeze),), batch_norm=batch_norm)


def main(data: str, name: str, unfreeze: str, batch_norm: str, batch_size: str) -> None:
    keras.ops.ones(1)  # the backend starts
    before = _memory_mb("VmRSS")
    dataset, recipe = Dataset(Path(data)), _recipe(name, unfreeze, batch_norm, int(batch_size))
    network = assemble(recipe, dataset.info.spec.shape, len(dataset.info.classes))
    batches = TrainingBatches(dataset, recipe.balance, recipe.batch_size, recipe.seed)
    trainer_of(network, recipe, recipe.stages[0], dataset, len(batches)).train_on_batch(*batches[0])
    measured = _memory_mb("VmHWM") - before
    (stage,) = plan_of(recipe, dataset).stages
    print(json.dumps({"measured": round(measured), "estimated": stage.memory_mb[batch_size]}))


if __name__ == "__main__":
    main(*sys.argv[1:])

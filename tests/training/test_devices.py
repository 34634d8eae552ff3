"""Several devices as one, on two virtual ones: the losses of one device, and each computes its part of a batch."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tflite_mammo.data.dataset import Dataset
from tflite_mammo.training.run import Run

OnJax = Callable[..., subprocess.CompletedProcess[str]]
CLOCKS = {"seconds", "images_per_second"}
# Which shapes of images lie on the devices when a network computes, in a fit and in scoring.
WATCHED = """
import json, sys
from pathlib import Path
import jax, keras
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.training import scoring
from tflite_mammo.training.recipe import read_recipe
from tflite_mammo.training.train import train

seen = {"fitted": set(), "scored": set()}

def watch(module, name, what):
    own = getattr(module, name)
    def told(*arguments, **named):
        array = own(*arguments, **named)
        if array.ndim == 4:
            seen[what].add(tuple(shard.data.shape for shard in array.addressable_shards))
        return array
    setattr(module, name, told)

watch(jax, "make_array_from_process_local_data", "fitted")
watch(scoring, "in_equal_parts", "scored")
recipe = read_recipe(sys.argv[1])
train(recipe, Dataset(Path(sys.argv[2])), Path(sys.argv[3]))
left = keras.distribution.distribution()
print(json.dumps({"left": left and str(left), **{what: sorted(shapes) for what, shapes in seen.items()}}))
"""


@pytest.fixture(scope="module")
def on_two(
    on_jax: OnJax, run_on_jax: Run, telling: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Run, dict[str, Any]]:
    """The run of one device, trained again on two; and what was seen meanwhile."""
    folder, recipe = tmp_path_factory.mktemp("two") / "run", run_on_jax.folder.with_name("drawn.toml")
    done = on_jax("-c", WATCHED, recipe, telling.folder, folder, devices=2)
    assert done.returncode == 0, done.stderr
    return Run(folder), json.loads(done.stdout)


def _losses(run: Run) -> list[dict[str, float]]:
    return [{name: value for name, value in row.items() if name not in CLOCKS} for row in run.history]


def test_two_devices_give_the_losses_and_scores_of_one(on_two: tuple[Run, Any], run_on_jax: Run) -> None:
    run, _ = on_two
    assert (len(run_on_jax.environment.devices), len(run.environment.devices)) == (1, 2)
    assert len(run.history) == 3
    for two, one in zip(_losses(run), _losses(run_on_jax), strict=True):
        assert two == pytest.approx(one, abs=1e-5)
    np.testing.assert_allclose(run.scores.values, run_on_jax.scores.values, atol=1e-5)


def test_each_device_computes_its_half_of_a_batch(on_two: tuple[Run, dict[str, Any]], telling: Dataset) -> None:
    _, seen = on_two
    image = list(telling.info.spec.shape)
    assert seen["fitted"] == [[[4, *image]] * 2]
    assert [16, *image] in seen["scored"][-1]
    assert all(one == other for one, other in seen["scored"])


def test_nothing_stays_set_after_a_training(on_two: tuple[Run, dict[str, Any]]) -> None:
    assert on_two[1]["left"] is None


def test_a_batch_that_cannot_be_parted_equally_is_one_clean_line(
    on_jax: OnJax, run_on_jax: Run, telling: Dataset, tmp_path: Path
) -> None:
    recipe, more = run_on_jax.folder.with_name("drawn.toml"), ("--out", tmp_path / "run", "--batch-size", 15)
    done = on_jax("-m", "tflite_mammo", "train", "--recipe", recipe, "--data", telling.folder, *more, devices=2)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == (
        "error: batches of 15 on 2 devices; set a batch_size that 2 divides, or show fewer devices "
        "(CUDA_VISIBLE_DEVICES)"
    )
    assert list(tmp_path.iterdir()) == []

"""The same work on a real Ray cluster of two nodes, both on this machine."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tflite_mammo.auditing.gate import audited
from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.errors import MammoError
from tflite_mammo.parallel import map_ordered
from tflite_mammo.preprocess import PreprocessSpec
from tflite_mammo.studies.conduct import Means, Order, conduct
from tflite_mammo.studies.plan import Changes, expect_as_wanted, wanted_runs
from tflite_mammo.studies.study import Study

ray = pytest.importorskip("ray", reason="needs the extra cluster")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes of one processor each; RAY_ADDRESS names them, as it would on a real cluster."""
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 80_000_000}
    started = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    before = os.environ.get("RAY_ADDRESS")
    try:
        started.add_node(**node)
        os.environ["RAY_ADDRESS"] = started.address
        yield started
    finally:
        os.environ.pop("RAY_ADDRESS", None)
        if before is not None:
            os.environ["RAY_ADDRESS"] = before
        ray.shutdown()
        started.shutdown()


def node_of(_: int) -> str:
    import ray

    time.sleep(0.1)  # long enough that the second node is given work as well
    node: str = ray.get_runtime_context().get_node_id()
    return node


def square(number: int) -> int:
    return number * number


def failing(number: int) -> int:
    raise ValueError(f"item {number} is bad")


@pytest.mark.usefixtures("cluster")
def test_every_node_of_the_cluster_works() -> None:
    here = {node["NodeID"] for node in joined().nodes()}
    assert len(here) == 2
    assert set(map_ordered(node_of, range(24), engine="ray")) == here


def joined() -> Any:
    """Ray, once the engine itself has joined the cluster."""
    list(map_ordered(square, [1], engine="ray"))
    return ray


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("chunk", [1, 7])
def test_results_come_in_the_order_of_the_items(chunk: int) -> None:
    assert list(map_ordered(square, range(40), engine="ray", chunk=chunk)) == [n * n for n in range(40)]


@pytest.mark.usefixtures("cluster")
def test_a_fault_on_a_node_is_one_clean_line() -> None:
    with pytest.raises(MammoError, match=r"the Ray cluster gave up .*item 3 is bad.*; see its logs"):
        list(map_ordered(failing, [3], engine="ray"))


@pytest.mark.usefixtures("cluster")
def test_a_cluster_prepares_the_same_bytes_as_this_process(
    prepared: Dataset, phantom_folder: Path, tmp_path: Path
) -> None:
    manifest = read_collection(phantom_folder, "phantoms", AdapterOptions()).only(prepared.info.classes)
    plan = PreparePlan("phantoms", prepared.info.spec, (0.6, 0.2, 0.2))
    folder = prepare(manifest, tmp_path / "out", plan, engine="ray").folder
    for path in prepared.folder.glob("*.*"):
        assert (folder / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.usefixtures("cluster")
def test_an_unreadable_image_is_told_alike(phantom_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(phantom_folder, tmp_path / "phantoms")
    manifest = read_collection(tmp_path / "phantoms", "phantoms", AdapterOptions())
    (tmp_path / "phantoms" / manifest.examples[0].file).write_bytes(b"")
    plan = PreparePlan("phantoms", PreprocessSpec(height=16, width=16), (0.6, 0.2, 0.2))
    there = prepare(manifest, tmp_path / "there", plan, engine="ray")
    here = prepare(manifest, tmp_path / "here", plan, workers=1)
    assert there.info == here.info
    assert (there.folder / "problems.csv").read_bytes() == (here.folder / "problems.csv").read_bytes()


@pytest.mark.usefixtures("cluster")
def test_work_that_no_node_has_room_for_is_one_clean_line() -> None:
    with pytest.raises(MammoError, match="no node of the Ray cluster has 1 CPU and 1 GPU, as one run asks for"):
        list(map_ordered(square, [1], engine="ray", gpus=1))
    with pytest.raises(MammoError, match="has 2 CPU, as one run asks for"):  # two nodes of one processor each
        list(map_ordered(square, [1], engine="ray", cpus=2))
    assert list(map_ordered(square, [3], engine="ray", cpus=0.5)) == [9]


@pytest.mark.usefixtures("cluster")
def test_a_study_on_a_cluster_trains_the_runs_that_this_machine_would(prepared: Dataset, tmp_path: Path) -> None:
    study = Study("tiny", "Tiny", "None", "none", ("small-cnn",), (0, 1))
    wanted = wanted_runs(study, prepared.folder, tmp_path, Changes())
    audited(prepared)
    order = Order(study, tuple(wanted), prepared.folder, prepared.info, tmp_path, Changes())
    done = conduct(order, Means("ray"), lambda _: None)
    assert [row.state for row in done.runs] == ["ok", "ok"]
    for run in wanted:
        expect_as_wanted(run)


def test_a_cluster_that_does_not_answer_is_one_clean_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise ConnectionError("nobody there")

    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", refuse)
    with pytest.raises(MammoError, match=r"no Ray cluster answers at 127.0.0.1:1; start it first"):
        list(map_ordered(square, [1], engine="ray"))

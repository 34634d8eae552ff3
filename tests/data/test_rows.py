"""A prepare that is stopped, by whatever, goes on where it was, and nobody can tell from what it writes."""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.manifest import Example, Manifest
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.data.reading import read_row
from tflite_mammo.data.rows import JOURNAL, TENSORS, Done, Rows, finish_rows
from tflite_mammo.errors import MammoError
from tflite_mammo.preprocess import Bytes, PreprocessSpec

SHAPE = (2, 3, 1)
PLAN = PreparePlan("folder", PreprocessSpec(height=16, width=12), (0.5, 0.25, 0.25))
COUNT = 16

Reads = list[str]
"""The files that were read, in order."""


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    root = tmp_path / "collection"
    for number in range(COUNT):
        path = root / ("malignant" if number % 2 else "benign") / f"P{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((np.indices((24, 18)).sum(axis=0) * 3 + 5 * number).astype(np.uint8)).save(path)
    return root


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    seen: Reads = []

    def counted(task: tuple[int, Example], *, root: Path, spec: PreprocessSpec) -> tuple[Done, Bytes | None]:
        seen.append(task[1].file)
        return read_row(task, root=root, spec=spec)

    monkeypatch.setattr("tflite_mammo.data.prepare.read_row", counted)
    return seen


def manifest_of(root: Path) -> Manifest:
    return read_collection(root, "folder", AdapterOptions(patient=r"(P\d+)"))


def stop_after(count: int, error: BaseException) -> Callable[[int], None]:
    left = [count + 1]  # the first call tells what was there already

    def advance(_: int) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise error

    return advance


def stopped(root: Path, out: Path, count: int, plan: PreparePlan = PLAN) -> None:
    with pytest.raises(KeyboardInterrupt, match="enough"):
        prepare(manifest_of(root), out, plan, workers=1, advance=stop_after(count, KeyboardInterrupt("enough")))
    assert not out.exists()


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def expected(root: Path, beside: Path, plan: PreparePlan = PLAN) -> dict[str, bytes]:
    return content(prepare(manifest_of(root), beside / "unstopped", plan, workers=1).folder)


@pytest.mark.parametrize("error", [KeyboardInterrupt("enough"), OSError(28, "No space left"), RuntimeError("a fault")])
def test_a_stopped_prepare_goes_on_and_gives_the_same_bytes(
    error: BaseException, collection: Path, reads: Reads, tmp_path: Path
) -> None:
    with pytest.raises(type(error), match=str(error.args[-1])):
        prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1, advance=stop_after(5, error))
    before = [*reads]
    told: list[int] = []
    done = prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1, advance=told.append)
    assert len(before) == 5
    assert sorted(reads) == sorted(example.file for example in done.examples)
    assert told == [5, *[1] * (COUNT - 5)]
    assert content(done.folder) == expected(collection, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["collection", "out", "unstopped"]


def test_a_prepare_may_be_stopped_again_and_again(collection: Path, reads: Reads, tmp_path: Path) -> None:
    for _ in range(3):
        stopped(collection, tmp_path / "out", 4)
    prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1)
    assert len(reads) == COUNT
    assert content(tmp_path / "out") == expected(collection, tmp_path)


def test_a_file_that_changed_since_is_read_again(collection: Path, reads: Reads, tmp_path: Path) -> None:
    stopped(collection, tmp_path / "out", 5)
    changed = collection / reads[2]
    Image.fromarray(np.full((24, 18), 77, np.uint8)).save(changed)
    done = prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1)
    assert len(reads) == COUNT + 1
    assert reads.count(changed.relative_to(collection).as_posix()) == 2
    assert content(done.folder) == expected(collection, tmp_path)


def test_a_file_of_the_same_size_and_another_time_is_read_again(collection: Path, reads: Reads, tmp_path: Path) -> None:
    stopped(collection, tmp_path / "out", 5)
    os.utime(collection / reads[2], ns=(1, 1))
    prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1)
    assert reads.count(reads[2]) == 2


def test_a_mask_that_changed_since_is_read_again(collection: Path, reads: Reads, tmp_path: Path) -> None:
    mask = np.zeros((24, 18), np.uint8)
    mask[4:12, 4:12] = 255
    Image.fromarray(mask).save(tmp_path / "collection" / "m.png")
    plan = replace(PLAN, spec=replace(PLAN.spec, crop="roi"))
    known = manifest_of(collection)
    known = replace(known, examples=tuple(replace(example, mask="m.png") for example in known.examples))
    with pytest.raises(KeyboardInterrupt, match="enough"):
        prepare(known, tmp_path / "out", plan, workers=1, advance=stop_after(5, KeyboardInterrupt("enough")))
    mask[2:14, 2:14] = 255
    Image.fromarray(mask).save(tmp_path / "collection" / "m.png")
    done = prepare(known, tmp_path / "out", plan, workers=1)
    assert {example.box for example in done.examples} == {(2, 2, 14, 14)}


def test_a_file_that_failed_is_tried_again(collection: Path, reads: Reads, tmp_path: Path) -> None:
    first = collection / manifest_of(collection).examples[0].file
    whole = first.read_bytes()
    first.write_bytes(b"not copied yet")
    stopped(collection, tmp_path / "out", 5)
    first.write_bytes(whole)
    done = prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1)
    assert (done.info.images, done.info.problems) == (COUNT, {})
    assert content(done.folder) == expected(collection, tmp_path)


def test_a_row_that_failed_is_tried_again_though_its_file_is_the_same(
    collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(task: tuple[int, Example], *, root: Path, spec: PreprocessSpec) -> tuple[Done, None]:
        done, _ = read_row(task, root=root, spec=spec)
        return Done(done.row, done.stamp, "the package pydicom is not installed"), None

    with monkeypatch.context() as without_the_package:
        without_the_package.setattr("tflite_mammo.data.prepare.read_row", fails)
        stopped(collection, tmp_path / "out", 5)
    prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1)
    assert content(tmp_path / "out") == expected(collection, tmp_path)


def test_what_cannot_be_read_is_told_alike_after_a_stop(collection: Path, tmp_path: Path) -> None:
    (collection / "benign" / "P02.png").write_bytes(b"")
    stopped(collection, tmp_path / "out", 5)
    done = prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1)
    assert done.info.problems == {"unreadable": 1}
    assert content(done.folder) == expected(collection, tmp_path)


def test_boxes_outlive_a_stop(collection: Path, tmp_path: Path) -> None:
    plan, known = replace(PLAN, spec=replace(PLAN.spec, crop="roi")), manifest_of(collection)
    known = replace(known, examples=tuple(replace(example, box=(2, 3, 10, 12)) for example in known.examples))
    with pytest.raises(KeyboardInterrupt, match="enough"):
        prepare(known, tmp_path / "out", plan, workers=1, advance=stop_after(5, KeyboardInterrupt("enough")))
    prepare(known, tmp_path / "out", plan, workers=1)
    prepare(known, tmp_path / "unstopped", plan, workers=1)
    assert content(tmp_path / "out") == content(tmp_path / "unstopped")


def test_another_spec_starts_anew(collection: Path, reads: Reads, tmp_path: Path) -> None:
    stopped(collection, tmp_path / "out", 5)
    other = replace(PLAN, spec=PreprocessSpec(height=12, width=16))  # a row of as many bytes
    done = prepare(manifest_of(collection), tmp_path / "out", other, workers=1)
    assert len(reads) == 5 + COUNT
    assert content(done.folder) == expected(collection, tmp_path, other)


def test_other_files_start_anew(collection: Path, reads: Reads, tmp_path: Path) -> None:
    stopped(collection, tmp_path / "out", 5)
    (collection / "benign" / "P00.png").rename(collection / "benign" / "P16.png")
    done = prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1)
    assert len(reads) == 5 + COUNT
    assert content(done.folder) == expected(collection, tmp_path)


def test_other_files_start_anew_though_they_look_the_same(collection: Path, reads: Reads, tmp_path: Path) -> None:
    for path in collection.rglob("*.png"):
        path.write_bytes(path.read_bytes().ljust(1000, b" "))  # what follows the end of a PNG is not read
        os.utime(path, ns=(1, 1))
    stopped(collection, tmp_path / "out", 5)
    (collection / "benign" / "P00.png").rename(collection / "benign" / "P16.png")
    done = prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1)
    assert content(done.folder) == expected(collection, tmp_path)


def test_another_split_of_the_same_files_goes_on(collection: Path, reads: Reads, tmp_path: Path) -> None:
    stopped(collection, tmp_path / "out", 5)
    folds = replace(PLAN, folds=4, seed=3)
    done = prepare(manifest_of(collection), tmp_path / "out", folds, workers=1)
    assert len(reads) == COUNT
    assert content(done.folder) == expected(collection, tmp_path, folds)


@pytest.mark.parametrize("torn", [b'{"row": 15, "stamp": "1', b"\x00\x00\x00", b'{"row": 15}\n', b"\xff\xfe\n"])
def test_a_torn_line_of_the_journal_is_no_row(torn: bytes, collection: Path, reads: Reads, tmp_path: Path) -> None:
    stopped(collection, tmp_path / "out", 5)
    with (tmp_path / ".out.partial" / JOURNAL).open("ab") as journal:
        journal.write(torn)
    stopped(collection, tmp_path / "out", 4)
    prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1)
    assert len(reads) == COUNT
    assert content(tmp_path / "out") == expected(collection, tmp_path)


def test_a_row_lost_from_the_middle_comes_back_in_its_place(collection: Path, reads: Reads, tmp_path: Path) -> None:
    stopped(collection, tmp_path / "out", 5)
    journal = tmp_path / ".out.partial" / JOURNAL
    lines = [line for line in journal.read_text().splitlines() if line]
    journal.write_text("\n".join([*lines[:1], *lines[2:]]) + "\n")
    prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1)
    assert (len(lines), len(reads)) == (5, COUNT + 1)
    assert content(tmp_path / "out") == expected(collection, tmp_path)


def test_a_journal_without_its_tensors_is_no_use(collection: Path, reads: Reads, tmp_path: Path) -> None:
    stopped(collection, tmp_path / "out", 5)
    (tmp_path / ".out.partial" / TENSORS).unlink()
    prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1)
    assert len(reads) == 5 + COUNT
    assert content(tmp_path / "out") == expected(collection, tmp_path)


def test_what_a_death_in_the_last_step_left_is_not_in_the_folder(collection: Path, tmp_path: Path) -> None:
    stopped(collection, tmp_path / "out", 5)
    (tmp_path / ".out.partial" / "problems.csv").write_bytes(b"half of it")
    prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1)
    assert content(tmp_path / "out") == expected(collection, tmp_path)


def test_two_workers_go_on_where_one_stopped(collection: Path, tmp_path: Path) -> None:
    stopped(collection, tmp_path / "out", 5)
    prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=2)
    assert content(tmp_path / "out") == expected(collection, tmp_path)


DYING = """
import os, sys
from pathlib import Path
from tflite_mammo.data import prepare as module, reading, rows
from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.preprocess import PreprocessSpec

rows.SECONDS_AT_RISK = {risk}
seen = []
def read_row(task, **where):
    if len(seen) == 7:
        os.kill(os.getpid(), 9)
    seen.append(task)
    return reading.read_row(task, **where)
module.read_row = read_row
root, out = map(Path, sys.argv[1:])
manifest = read_collection(root, "folder", AdapterOptions(patient=r"(P\\d+)"))
plan = module.PreparePlan("folder", PreprocessSpec(height=16, width=12), (0.5, 0.25, 0.25))
module.prepare(manifest, out, plan, workers=1)
"""


@pytest.mark.parametrize(("risk", "kept"), [(-1.0, 7), (1e9, 0)])
def test_a_killed_prepare_goes_on_from_what_had_reached_the_disk(
    risk: float, kept: int, collection: Path, reads: Reads, tmp_path: Path
) -> None:
    code = DYING.format(risk=risk)
    dead = subprocess.run([sys.executable, "-c", code, str(collection), str(tmp_path / "out")], check=False)
    assert dead.returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1)
    assert len(reads) == COUNT - kept
    assert content(tmp_path / "out") == expected(collection, tmp_path)


def test_a_second_process_on_the_same_folder_is_refused(collection: Path, tmp_path: Path) -> None:
    stopped(collection, tmp_path / "out", 5)
    handle = os.open(tmp_path / ".out.partial", os.O_RDONLY)  # another open file: as another process would hold it
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(MammoError, match="out is being written by another process; wait for it or choose another"):
            prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1)
    finally:
        os.close(handle)
    assert prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1).info.images == COUNT


def row(number: int) -> Bytes:
    return np.full(SHAPE, number, np.uint8)


def test_rows_come_in_any_order_and_stand_in_their_places(tmp_path: Path) -> None:
    with_a_box = Done(2, "1 2", box=(1, 2, 3, 4), brightness=0.5)
    with Rows(tmp_path, 4, SHAPE) as rows:
        for number in (3, 0):
            rows.add(Done(number, ""), row(number))
        rows.add(with_a_box, row(2))
        rows.add(Done(1, "", "unreadable"), None)
    assert np.load(tmp_path / TENSORS).max(axis=(1, 2, 3)).tolist() == [0, 0, 2, 3]
    with Rows(tmp_path, 4, SHAPE) as again:
        assert sorted(again.done) == [0, 1, 2, 3]
        assert again.done[2] == with_a_box


def test_no_line_of_the_journal_is_written_before_its_tensor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tflite_mammo.data.rows.SECONDS_AT_RISK", -1.0)
    synced: list[tuple[int, int]] = []

    def sync(_: int) -> None:
        tensors = np.load(tmp_path / TENSORS, mmap_mode="r")
        lines = (tmp_path / JOURNAL).read_text().count('"row"')
        synced.append((int(np.count_nonzero(tensors.max(axis=(1, 2, 3)))), lines))

    monkeypatch.setattr("os.fsync", sync)
    with Rows(tmp_path, 2, SHAPE) as rows:
        rows.add(Done(0, ""), row(5))
        rows.add(Done(1, ""), row(6))
    assert synced[:4] == [(1, 0), (1, 1), (2, 1), (2, 2)]


def test_finishing_leaves_the_rows_to_keep_and_no_journal(tmp_path: Path) -> None:
    with Rows(tmp_path, 4, SHAPE) as rows:
        for number in range(4):
            rows.add(Done(number, ""), row(number))
    digest = finish_rows(tmp_path, [1, 3], SHAPE)
    assert np.load(tmp_path / TENSORS).max(axis=(1, 2, 3)).tolist() == [1, 3]
    assert [path.name for path in tmp_path.iterdir()] == [TENSORS]
    assert digest == sha256(row(1).tobytes() + row(3).tobytes()).hexdigest()


def test_tensors_for_which_there_is_no_room_are_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"MB needed for the tensors, \d+ MB free; make room, choose a smaller --size"):
        Rows(tmp_path, 10**9, (4096, 4096, 3))
    assert list(tmp_path.iterdir()) == []


def test_a_prepared_folder_is_like_any_other_array_of_numpy(collection: Path, tmp_path: Path) -> None:
    done = prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1)
    np.save(tmp_path / "numpy.npy", np.array(done.images))
    assert (tmp_path / "numpy.npy").read_bytes() == (done.folder / TENSORS).read_bytes()
    assert Dataset(done.folder).info == done.info


@pytest.mark.parametrize("keep", [[0, 1, 2, 3], [3], [0, 2], [1, 2, 3], []])
def test_rows_move_inside_the_file_to_what_numpy_would_write(keep: list[int], tmp_path: Path) -> None:
    with Rows(tmp_path, 4, SHAPE) as rows:
        for number in range(4):
            rows.add(Done(number, ""), row(number))
    place = (tmp_path / TENSORS).stat().st_ino
    finish_rows(tmp_path, keep, SHAPE)
    assert (tmp_path / TENSORS).stat().st_ino == place  # no second file needs room
    np.save(tmp_path / "numpy.npy", np.array([row(number) for number in keep], np.uint8).reshape(-1, *SHAPE))
    assert (tmp_path / TENSORS).read_bytes() == (tmp_path / "numpy.npy").read_bytes()


def test_a_prepare_that_ended_while_rows_moved_gives_the_same_bytes(
    collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (collection / "benign" / "P02.png").write_bytes(b"")

    def torn(folder: Path, keep: list[int], shape: tuple[int, int, int]) -> str:
        finish_rows(folder, keep, shape)
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("tflite_mammo.data.prepare.finish_rows", torn)
        with pytest.raises(OSError, match="Input/output error"):
            prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1)
    prepare(manifest_of(collection), tmp_path / "out", PLAN, workers=1)
    assert content(tmp_path / "out") == expected(collection, tmp_path)

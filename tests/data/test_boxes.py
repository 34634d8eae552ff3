"""boxes.csv: which rows have a box on their tensor, read back as written, refused where it was changed."""

import json
import re
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflite_mammo.data.boxes import read_boxes, write_boxes
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.manifest import Example, Manifest
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.data.reading import read_row
from tflite_mammo.data.rows import JOURNAL, Done, Rows
from tflite_mammo.errors import MammoError
from tflite_mammo.imaging import read_pixels
from tflite_mammo.preprocess import PreprocessSpec, tensor_and_box

SPEC = PreprocessSpec(height=16, width=12, crop="none", orient="keep", polarity="keep")
PLAN = PreparePlan("folder", SPEC, (0.5, 0.25, 0.25))
BOX = (4, 8, 10, 20)
ON_TENSOR = (2.0, 4.0, 5.0, 10.0)


@pytest.fixture
def outlined(tmp_path: Path) -> Manifest:
    """16 images of 24x32 pixels; a lesion is outlined in those of one class."""
    examples = []
    for number in range(16):
        label = "malignant" if number % 2 else "benign"
        Image.fromarray((np.indices((32, 24)).sum(axis=0) * 3 + number).astype(np.uint8)).save(
            tmp_path / f"{number}.png"
        )
        examples.append(Example(f"{number}.png", label, f"P{number:02d}", box=BOX if number % 2 else None))
    return Manifest(tmp_path, ("benign", "malignant"), tuple(examples), "drawn")


def test_rows_with_a_lesion_have_their_box_and_no_others(outlined: Manifest, tmp_path: Path) -> None:
    (tmp_path / "2.png").write_text("no image")  # so that rows move
    data = prepare(outlined, tmp_path / "out", PLAN, workers=1)
    boxed = [row for row, example in enumerate(data.examples) if example.box]
    assert data.boxes == dict.fromkeys(boxed, ON_TENSOR)
    assert (len(data.examples), len(boxed)) == (15, 8)
    assert (data.folder / "boxes.csv").read_text(encoding="utf-8").splitlines()[:2] == [
        "row,left,top,right,bottom", "1,2.0,4.0,5.0,10.0",
    ]  # fmt: skip


def test_boxes_are_no_part_of_the_fingerprint(outlined: Manifest, tmp_path: Path, monkeypatch) -> None:
    before = prepare(outlined, tmp_path / "one", PLAN, workers=1).info.fingerprint
    monkeypatch.setattr("tflite_mammo.data.prepare.write_boxes", lambda *_: None)
    assert prepare(outlined, tmp_path / "other", PLAN, workers=1).info.fingerprint == before


def test_a_phantoms_box_lies_where_its_pixels_went(prepared: Dataset, phantom_folder: Path) -> None:
    assert set(prepared.boxes) == {row for row, example in enumerate(prepared.examples) if example.box}
    for row, box in prepared.boxes.items():
        example = prepared.examples[row]
        tensor, expected = tensor_and_box(read_pixels(phantom_folder / example.file), prepared.info.spec, example.box)
        np.testing.assert_array_equal(prepared.images[row], tensor)
        assert box == pytest.approx(expected, abs=1e-3)


def test_where_nothing_is_outlined_there_is_no_file(outlined: Manifest, tmp_path: Path) -> None:
    examples = tuple(replace(example, box=None) for example in outlined.examples)
    data = prepare(replace(outlined, examples=examples), tmp_path / "out", PLAN, workers=1)
    assert not (data.folder / "boxes.csv").exists()
    assert data.boxes == {}


def test_a_prepare_that_was_stopped_keeps_the_boxes_of_the_rows_that_were_done(
    outlined: Manifest, tmp_path: Path, monkeypatch
) -> None:
    whole = prepare(outlined, tmp_path / "whole", PLAN, workers=1)
    with pytest.raises(KeyboardInterrupt):
        prepare(outlined, tmp_path / "out", PLAN, workers=1, advance=_Stop(9))
    (tmp_path / ".out.partial" / "boxes.csv").write_bytes(b"half of it")
    read: list[str] = []

    def counted(task, **where):
        read.append(task[1].file)
        return read_row(task, **where)

    monkeypatch.setattr("tflite_mammo.data.prepare.read_row", counted)
    assert prepare(outlined, tmp_path / "out", PLAN, workers=1).boxes == whole.boxes
    assert 0 < len(read) < 16


class _Stop:
    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, _: int) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def test_a_journal_gives_back_the_box_on_the_tensor_and_an_older_one_none(tmp_path: Path) -> None:
    done = Done(0, "1 2", box=BOX, on_tensor=ON_TENSOR)
    with Rows(tmp_path, 2, SPEC.shape) as rows:
        rows.add(done, None)
    older = {name: value for name, value in asdict(replace(done, row=1)).items() if name != "on_tensor"}
    with (tmp_path / JOURNAL).open("a", encoding="utf-8") as journal:
        journal.write(json.dumps(older) + "\n")
    with Rows(tmp_path, 2, SPEC.shape) as rows:
        assert rows.done == {0: done, 1: replace(done, row=1, on_tensor=None)}


def test_rows_of_an_earlier_version_that_told_less_are_read_again(
    outlined: Manifest, tmp_path: Path, monkeypatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(Done, "__slots__", Done.__slots__[:-1])
        with pytest.raises(KeyboardInterrupt):
            prepare(outlined, tmp_path / "out", PLAN, workers=1, advance=_Stop(9))
    journal = tmp_path / ".out.partial" / JOURNAL
    journal.write_text(
        re.sub(r', "on_tensor": (null|\[.*?\])', "", journal.read_text(encoding="utf-8")), encoding="utf-8"
    )
    assert len(prepare(outlined, tmp_path / "out", PLAN, workers=1).boxes) == 8


def test_boxes_are_written_to_the_thousandth(tmp_path: Path) -> None:
    write_boxes(tmp_path, [Done(0, ""), Done(7, "", on_tensor=(1 / 3, 2 / 3, 4.0, 16.0))])
    assert read_boxes(tmp_path, (2, 16, 12, 1)) == {1: (0.333, 0.667, 4.0, 16.0)}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "row,left,top,right,bottom\n",
        "row,left,top,right\n1,2,3,4\n",
        "row,left,top,right,bottom\n1,2,3,4\n",
        "row,left,top,right,bottom\n1,2,3,4,wide\n",
        "row,left,top,right,bottom\n1,2,3,4,nan\n",
        "row,left,top,right,bottom\none,2,3,4,5\n",
        "row,left,top,right,bottom\n16,2,3,4,5\n",
        "row,left,top,right,bottom\n-1,2,3,4,5\n",
        "row,left,top,right,bottom\n1,2,3,13,5\n",
        "row,left,top,right,bottom\n1,2,3,4,17\n",
        "row,left,top,right,bottom\n1,4,3,2,5\n",
        "row,left,top,right,bottom\n1,2,3,4,5\n1,2,3,4,5\n",
    ],
)
def test_boxes_that_were_changed_are_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "boxes.csv").write_text(content, encoding="utf-8")
    with pytest.raises(MammoError, match=r"boxes.csv was changed after it was prepared; prepare the images again"):
        read_boxes(tmp_path, (16, 16, 12, 1))


def test_data_that_an_earlier_version_prepared_has_no_boxes(prepared: Dataset, tmp_path: Path) -> None:
    shutil.copytree(prepared.folder, tmp_path / "d")
    assert Dataset(tmp_path / "d").boxes == prepared.boxes
    (tmp_path / "d" / "boxes.csv").unlink()
    assert Dataset(tmp_path / "d").boxes == {}

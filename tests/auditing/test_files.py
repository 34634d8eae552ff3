import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from tflite_mammo.auditing import files
from tflite_mammo.auditing.audit import audit
from tflite_mammo.auditing.files import write_audit
from tflite_mammo.auditing.report import LeakReport
from tflite_mammo.auditing.sheet import COLUMNS, GAP_PX, PX, SHOWN, TEXT_PX
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.errors import MammoError
from tflite_mammo.schema import read_json

pytestmark = pytest.mark.usefixtures("no_forest")


def audited(out: Path, *datasets: Dataset) -> list[dict[str, str]]:
    """What stands in duplicates.csv."""
    write_audit(out, datasets, *audit(datasets))
    with (out / "duplicates.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def leaky(plant, originals, copy) -> Dataset:
    """A copy within a part that is the most alike, one with two labels, and a leak that is the least alike."""
    return plant(
        (originals[1], {"split": "train"}),
        (copy(originals[2], "JPEG"), {"split": "train", "label": "benign"}),
        (copy(originals[3], "turned 8"), {"split": "test"}),
    )


def test_leaks_come_first_then_contradicting_labels(leaky: Dataset, tmp_path: Path) -> None:
    rows = audited(tmp_path / "out", leaky)
    assert [(row["file"], row["other"]) for row in rows] == [
        ("03.png", "copy_2.png"),
        ("02.png", "copy_1.png"),
        ("01.png", "copy_0.png"),
    ]
    assert [row["leak"] for row in rows] == ["True", "False", "False"]
    assert rows[0]["how"] == "turned 8 degrees"


def test_the_report_reads_back(leaky: Dataset, tmp_path: Path) -> None:
    report, duplicates, pairs = audit([leaky])
    write_audit(tmp_path / "out", [leaky], report, duplicates, pairs)
    assert read_json(LeakReport, tmp_path / "out" / "audit.json") == report
    assert "NaN" not in (tmp_path / "out" / "audit.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (4, 4, 1), (5, 4, 2), (SHOWN + 3, 4, 6)])
def test_the_picture_has_a_cell_for_each_of_the_first_pairs(
    count: int, columns: int, rows: int, plant, originals, tmp_path: Path
) -> None:
    audited(tmp_path / "out", plant(*[(originals[1], {"split": "test"})] * count))
    with Image.open(tmp_path / "out" / "duplicates.png") as sheet:
        assert sheet.size == (columns * (2 * PX + 3 * GAP_PX), rows * (PX + TEXT_PX + GAP_PX))
        assert sheet.getpixel((GAP_PX + PX // 2, GAP_PX + PX // 2)) != sheet.getpixel((0, 0))
    assert COLUMNS * rows <= SHOWN


def test_the_pictures_are_those_of_each_pair(plant, originals, tmp_path: Path) -> None:
    audited(tmp_path / "out", plant(*((originals[number], {"split": "test"}) for number in (4, 5))))
    with Image.open(tmp_path / "out" / "duplicates.png") as sheet:
        places = [GAP_PX, 2 * GAP_PX + PX, 4 * GAP_PX + 2 * PX, 5 * GAP_PX + 3 * PX]
        one, copy, other, its_copy = (sheet.crop((x, GAP_PX, x + PX, GAP_PX + PX)).tobytes() for x in places)
    assert (one, other) == (copy, its_copy)
    assert one != other


def test_a_sheet_takes_colour_and_long_names(plant, originals, tmp_path: Path) -> None:
    from dataclasses import replace

    from tflite_mammo.auditing.sheet import write_sheet

    _, (duplicate,), _ = audit([plant((originals[4], {"split": "test"}))])
    long = replace(duplicate, file="folder/" * 30 + "é.png")
    colour, grey = originals[4][:100, :60, None].repeat(3, axis=2), originals[4][:, :, None]
    write_sheet(tmp_path / "sheet.png", [long], [(colour, grey)])
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (2 * PX + 3 * GAP_PX, PX + TEXT_PX + GAP_PX)


def test_without_a_pair_there_is_no_picture_and_an_empty_table(plant, tmp_path: Path) -> None:
    assert audited(tmp_path / "out", plant()) == []
    assert names_in(tmp_path / "out") == ["audit.json", "duplicates.csv"]


def test_a_second_audit_replaces_the_first(leaky: Dataset, plant, tmp_path: Path) -> None:
    assert len(audited(tmp_path / "out", leaky)) == 3
    assert audited(tmp_path / "out", plant(name="clean")) == []
    assert names_in(tmp_path / "out") == ["audit.json", "duplicates.csv"]
    assert not list(tmp_path.glob(".*"))


def test_an_audit_that_fails_leaves_the_first_one_whole(leaky: Dataset, tmp_path: Path, monkeypatch) -> None:
    audited(tmp_path / "out", leaky)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    monkeypatch.setattr(files, "write_sheet", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        audited(tmp_path / "out", leaky)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert not list(tmp_path.glob(".*"))


def test_a_folder_of_other_things_is_never_replaced(leaky: Dataset) -> None:
    with pytest.raises(MammoError, match=r"data holds other things, such as cues\.csv; name a new folder"):
        audited(leaky.folder, leaky)
    assert Dataset(leaky.folder).info == leaky.info


def test_every_dataset_has_its_own_shortcuts_in_the_report(plant, tmp_path: Path) -> None:
    one, other = plant(), plant(name="other")
    audited(tmp_path / "out", one, other)
    found = json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))["shortcuts"]
    assert list(found) == [str(one.folder), str(other.folder)]

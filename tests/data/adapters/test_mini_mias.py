from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.adapters.mini_mias import read
from tflite_mammo.data.manifest import Manifest
from tflite_mammo.errors import MammoError
from tflite_mammo.imaging import read_pixels

PROSE = (
    "MiniMammographic Database\n\n1st column: MIAS database reference number.\n\nREFNUM BG CLASS SEVERITY X Y RADIUS\n"
)
ROWS = (
    "mdb001 G CIRC B 535 425 197",
    "mdb002 F NORM",
    "mdb003 D SPIC M 500 1000 40",
    "mdb003 D CALC B 300 300 20",
    "mdb004 D CALC M *NOTE 3* ",
)


def write_films(root: Path, *names: str, size_px: int = 1024, light: tuple[int, int, int, int] | None = None) -> None:
    pixels = np.zeros((size_px, size_px), np.uint8)
    if light:
        left, top, right, bottom = light
        pixels[top:bottom, left:right] = 200
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(root / name)


def read_rows(root: Path, *rows: str, films: tuple[str, ...] = ("mdb001", "mdb002", "mdb003", "mdb004")) -> Manifest:
    (root / "Info.txt").write_text("\n".join([PROSE, *rows]) + "\n")
    write_films(root, *(f"{film}.pgm" for film in films))
    return read(root, AdapterOptions())


def test_a_film_is_known_by_its_row(tmp_path: Path) -> None:
    first, second, *_ = read_rows(tmp_path, *ROWS).examples
    assert (first.file, first.label, first.lesion, first.view) == ("mdb001.pgm", "benign", "1", "MLO")
    assert first.more == {"tissue": "fatty-glandular", "finding": "circumscribed mass"}
    assert (second.label, second.lesion, second.box) == ("normal", "", None)
    assert second.more == {"tissue": "fatty", "finding": ""}


def test_films_come_in_pairs_of_one_woman_the_right_one_first(tmp_path: Path) -> None:
    found = {e.file[:6]: (e.patient, e.side) for e in read_rows(tmp_path, *ROWS).examples}
    assert found["mdb001"] == ("mias-002", "right")
    assert found["mdb002"] == ("mias-002", "left")
    assert found["mdb003"] == ("mias-004", "right")


def test_y_is_counted_from_the_bottom(tmp_path: Path) -> None:
    light = (535 - 197, 1024 - 425 - 197, 535 + 197, 1024 - 425 + 197)
    (tmp_path / "Info.txt").write_text("\n".join(ROWS[:2]))
    write_films(tmp_path, "mdb001.pgm", "mdb002.pgm", light=light)
    box = read(tmp_path, AdapterOptions()).examples[0].box
    assert box == light == (338, 402, 732, 796)
    rows, columns = np.nonzero(read_pixels(tmp_path / "mdb001.pgm"))
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == box


def test_a_circle_ends_where_the_film_ends(tmp_path: Path) -> None:
    lesions = [e for e in read_rows(tmp_path, *ROWS).examples if e.file == "mdb003.pgm"]
    assert [(e.lesion, e.label, e.box) for e in lesions] == [
        ("1", "malignant", (460, 0, 540, 64)),
        ("2", "benign", (280, 704, 320, 744)),
    ]


def test_a_lesion_without_a_place_is_known_and_has_no_box(tmp_path: Path) -> None:
    (spread,) = [e for e in read_rows(tmp_path, *ROWS).examples if e.file == "mdb004.pgm"]
    assert (spread.label, spread.lesion, spread.box) == ("malignant", "1", None)


def test_one_example_per_film_bears_the_gravest_label(tmp_path: Path) -> None:
    read_rows(tmp_path, *ROWS)
    whole = read_collection(tmp_path, "mini-mias", AdapterOptions())
    assert [(e.name, e.label) for e in whole.examples] == [
        ("mdb001.pgm", "benign"), ("mdb002.pgm", "normal"), ("mdb003.pgm", "malignant"), ("mdb004.pgm", "malignant"),
    ]  # fmt: skip
    lesions = read_collection(tmp_path, "mini-mias", AdapterOptions(), lesions=True)
    assert [e.name for e in lesions.examples] == ["mdb001.pgm#1", "mdb003.pgm#1", "mdb003.pgm#2"]


def test_films_that_are_not_here_are_told(tmp_path: Path) -> None:
    found = read_rows(tmp_path, *ROWS, films=("mdb001", "mdb002"))
    assert [(p.file, p.kind, p.reason) for p in found.problems] == [
        (film, "absent", "stands in Info.txt, but is not there") for film in ("mdb003", "mdb004")
    ]


def test_a_film_without_a_row_is_a_problem(tmp_path: Path) -> None:
    found = read_rows(tmp_path, *ROWS, films=("mdb001", "mdb002", "mdb003", "mdb004", "mdb009"))
    assert [(p.file, p.reason) for p in found.problems] == [
        ("mdb009.pgm", "no row of Info.txt names it; expected one for each film")
    ]


@pytest.mark.parametrize("row", ["mdb003 D SPIC", "mdb003 X NORM", "mdb003 D MASS M 1 2 3", "mdb003 D SPIC M 500 1000"])
def test_a_film_with_a_row_that_cannot_be_read_is_left_out(row: str, tmp_path: Path) -> None:
    found = read_rows(tmp_path, *ROWS, row)
    assert "mdb003.pgm" not in {e.file for e in found.examples}
    (problem,) = found.problems
    assert problem.file == "mdb003"
    assert problem.reason.startswith(f"Info.txt: '{row}'; expected tissue, finding, B or M")


def test_films_of_another_size_are_used_without_boxes(tmp_path: Path) -> None:
    (tmp_path / "info.txt").write_text("\n".join(ROWS[:3]))
    write_films(tmp_path, "png/MDB001.png", "png/mdb002.png", "png/mdb003.jpg", size_px=96)
    found = read(tmp_path, AdapterOptions())
    assert (found.examples[0].file, found.examples[0].box) == ("png/MDB001.png", None)
    assert [(p.file, p.kind) for p in found.problems] == [
        ("png/MDB001.png", "left out"),
        ("png/mdb003.jpg", "left out"),
    ]
    assert "96x96 pixels; the lesions are told for 1024x1024" in found.problems[0].reason


def test_a_file_that_is_no_image_is_left_to_the_reading(tmp_path: Path) -> None:
    read_rows(tmp_path, *ROWS)
    (tmp_path / "mdb001.pgm").write_text("moved")
    assert read(tmp_path, AdapterOptions()).examples[0].box == (338, 402, 732, 796)


@pytest.mark.parametrize("content", [b"P5\n10", b"P5\nten 10\n255\n"])
def test_a_broken_header_is_left_to_the_reading(content: bytes, tmp_path: Path) -> None:
    read_rows(tmp_path, *ROWS)
    (tmp_path / "mdb001.pgm").write_bytes(content)
    assert read(tmp_path, AdapterOptions()).examples[0].box == (338, 402, 732, 796)


def test_of_a_film_and_its_copy_the_first_is_used(tmp_path: Path) -> None:
    read_rows(tmp_path, *ROWS)
    write_films(tmp_path, "png/mdb002.png")
    found = read(tmp_path, AdapterOptions())
    assert [(p.file, p.kind) for p in found.problems] == [("png/mdb002.png", "duplicate")]


def test_a_folder_without_the_table_is_told_its_name(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"Info.txt or info.txt is missing; is this the folder that holds the collect"):
        read(tmp_path, AdapterOptions())


def test_the_sample_of_real_films_is_read(sample: Callable[[str], Path]) -> None:
    found = read(sample("mini-mias"), AdapterOptions())
    assert Counter(e.label for e in found.examples) == {"normal": 10, "benign": 4, "malignant": 3}
    assert len({e.patient for e in found.examples}) == 8
    assert [e.box for e in found.examples if e.file == "mdb005.pgm"] == [(447, 861, 507, 921), (474, 830, 526, 882)]
    assert {(p.kind, p.reason) for p in found.problems} == {("absent", "stands in Info.txt, but is not there")}
    assert len(found.problems) == 306

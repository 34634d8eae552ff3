"""Every way in which a collection can be bad, in one collection: each told by name and counted, the rest prepared."""

import csv
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflite_mammo.data.dataset import Dataset

GOOD = 24
CLASSES = ("--classes", "benign,malignant")
QUICK = ("--adapter", "csv", "--size", 16, "--split", "60/20/20", "--workers", 1)

UNREADABLE = {
    "truncated.png": "truncated",
    "empty.png": "an empty file",
    "text.png": "not an image in a known format",
    "cmyk.jpg": "CMYK colours",
    "animated.gif": "2 frames in one file",
    "one-bit.png": "1 bit per pixel",
    "palette.png": "a palette of colours",
    "huge.png": "the limit is 89 million",
    "loop.png": "a link that leads to itself",
    "dangling.png": "a link to a file that is not there",
    "missing.png": "no such file",
    "folder.png": "not a file but a folder",
    "with a space.png/deeper.png": "Not a directory",
}
ROWS = {"no-label.png": "no label", "comma.png": "more cells than the 3 columns", "../outside.png": "outside the coll"}
DUPLICATES = {"twice.png": "the first is used", "contradicting.png": "labels benign, malignant; none of them is used"}
TWO_LABELS = {"both-1.png": "of another label; it is used", "both-2.png": "of another label; it is used"}
LEFT_OUT = {"odd-label.png": "label 'BI-RADS 3' is none of benign, malignant"}
FINE = ("png-as.jpg", "with a space.png", "Grüße/乳房 é.png", "twice.png", *TWO_LABELS)
"""What looks odd and is used."""


def picture(number: int = 0) -> Image.Image:
    image = np.zeros((24, 18), np.uint8)
    image[4:20, :12] = 100 + 5 * number + np.indices((16, 12)).sum(axis=0)
    return Image.fromarray(image)


def draw(root: Path, name: str, number: int = 0) -> Path:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    picture(number).save(root / name, format="PNG")
    return root / name


def spoil(root: Path) -> None:
    """The files of UNREADABLE, each as bad as it can be made."""
    whole = draw(root, "truncated.png")
    whole.write_bytes(whole.read_bytes()[:-40])
    (root / "empty.png").touch()
    (root / "text.png").write_text("patient,label\n")
    picture().convert("CMYK").save(root / "cmyk.jpg")
    picture().save(root / "animated.gif", save_all=True, append_images=[picture(9)])
    picture().convert("1").save(root / "one-bit.png")
    coloured = picture()
    coloured.putpalette([value for level in range(256) for value in (level, 0, 255 - level)])
    coloured.save(root / "palette.png")
    Image.new("L", (10_000, 10_000)).save(root / "huge.png", compress_level=1)
    (root / "loop.png").symlink_to("loop.png")
    (root / "dangling.png").symlink_to("gone.png")
    (root / "folder.png").mkdir()


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bad") / "collection"
    for number in range(GOOD):
        draw(root, f"good/{number:02d}.png", number)
    for name in (*FINE, *DUPLICATES, *LEFT_OUT, "no-label.png", "comma.png"):
        draw(root, name)
    spoil(root)
    rows = [[f"good/{number:02d}.png", "malignant" if number % 2 else "benign", f"P{number}"] for number in range(GOOD)]
    rows += [[name, "benign", f"bad {number}"] for number, name in enumerate((*UNREADABLE, *FINE[:3]))]
    rows += [["twice.png", "benign", "T"], ["twice.png", "benign", "T"]]
    rows += [["contradicting.png", "benign", "C"], ["contradicting.png", "malignant", "C"]]
    rows += [["both-1.png", "benign", "B"], ["both-2.png", "malignant", "B"], ["odd-label.png", "BI-RADS 3", "O"]]
    rows += [["no-label.png", "", "N"], ["comma.png", "benign", "M", "dense"], ["../outside.png", "benign", "U"]]
    with (root / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["file", "label", "patient"], *rows])
    return root


@pytest.fixture(scope="module")
def prepared_bad(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The collection prepared once, and what was printed where no list is cut."""
    from click.testing import CliRunner

    from tflite_mammo.cli import main

    out = tmp_path_factory.mktemp("prepared") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tflite_mammo.cli.prepare.LISTED_PROBLEMS", len(EACH))
        done = CliRunner().invoke(main, [str(a) for a in ("prepare", collection, out, *QUICK, *CLASSES)])
    assert done.exit_code == 0, done.stderr
    return out, done.stdout


KINDS = {"unreadable": UNREADABLE, "row": ROWS, "duplicate": DUPLICATES, "two labels": TWO_LABELS, "left out": LEFT_OUT}
EACH = [(kind, name, reason) for kind, known in KINDS.items() for name, reason in known.items()]


@pytest.mark.parametrize(("kind", "name", "reason"), EACH, ids=[name for _, name, _ in EACH])
def test_each_is_a_row_of_the_problems_with_its_kind_and_reason(
    kind: str, name: str, reason: str, prepared_bad: tuple[Path, str]
) -> None:
    with (prepared_bad[0] / "problems.csv").open(newline="", encoding="utf-8") as file:
        found = [row for row in csv.DictReader(file) if row["file"] == name]
    assert [row["kind"] for row in found] == [kind]
    assert reason in found[0]["reason"]


def test_nothing_else_is_a_problem_and_each_kind_is_counted(prepared_bad: tuple[Path, str]) -> None:
    expected = {kind: len(known) for kind, known in KINDS.items()}
    assert Dataset(prepared_bad[0]).info.problems == expected
    for kind, count in expected.items():
        if kind != "left out":
            assert re.search(rf"^{kind} +{count} in all$", prepared_bad[1], re.MULTILINE), kind


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, name, _ in EACH if kind != "left out"])
def test_each_is_printed_by_its_name(kind: str, name: str, prepared_bad: tuple[Path, str]) -> None:
    assert len(re.findall(rf"^{kind} +{re.escape(name)}: .+$", prepared_bad[1], re.MULTILINE)) == 1


def test_what_was_left_out_on_purpose_is_printed_by_reason(prepared_bad: tuple[Path, str]) -> None:
    assert "left out        1 images: label 'BI-RADS 3' is none of benign, malignant" in prepared_bad[1]


def test_the_rest_is_prepared(prepared_bad: tuple[Path, str]) -> None:
    files = {example.file for example in Dataset(prepared_bad[0]).examples}
    assert files == {*FINE, *(f"good/{number:02d}.png" for number in range(GOOD))}


def test_the_table_does_not_say_where_the_collection_lies(prepared_bad: tuple[Path, str], collection: Path) -> None:
    assert str(collection) not in (prepared_bad[0] / "problems.csv").read_text(encoding="utf-8")
    assert str(collection) not in prepared_bad[1]


def alone(collection: Path, root: Path, kind: str, name: str) -> Path:
    """The good images and the rows of one bad one."""
    shutil.copytree(collection, root, symlinks=True)
    whole = (root / "labels.csv").read_text(encoding="utf-8").splitlines()
    partner = {"both-1.png": "both-2.png", "both-2.png": "both-1.png"}.get(name, name)
    wanted = (f"{name},", f"{partner},", "good/", "file,")
    kept = [line for line in whole if line.startswith(wanted)]
    (root / "labels.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("kind", "name", "reason"),
    [case for case in EACH if case[0] != "left out"],
    ids=[name for kind, name, _ in EACH if kind != "left out"],
)
def test_strict_stops_at_each_with_one_clean_line_that_names_it(
    call, kind: str, name: str, reason: str, collection: Path, tmp_path: Path
) -> None:
    source = alone(collection, tmp_path / "source", kind, name)
    done = call("prepare", source, tmp_path / "data", *QUICK, "--strict")
    first = "both-1.png" if kind == "two labels" else name
    done.assert_clean_error(f"{first}: ", reason, "--strict stops at the first problem")
    assert not (tmp_path / "data").exists()


def test_strict_lets_pass_what_was_left_out_on_purpose(call, collection: Path, tmp_path: Path) -> None:
    source = alone(collection, tmp_path / "source", "left out", "odd-label.png")
    assert call("prepare", source, tmp_path / "data", *QUICK, *CLASSES, "--strict").status == 0
    assert Dataset(tmp_path / "data").info.images == GOOD


def test_many_problems_are_cut_to_what_a_person_reads(call, collection: Path, tmp_path: Path) -> None:
    source = alone(collection, tmp_path / "source", "row", "no-label.png")
    with (source / "labels.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{number}.png,,P\n" for number in range(30))
    done = call("prepare", source, tmp_path / "data", *QUICK)
    assert len(re.findall(r"^row +\S+\.png: ", done.stdout, re.MULTILINE)) == 8
    told = re.search(r"^row +31 in all, all of them in (.+)$", done.stdout, re.MULTILINE)
    assert told
    assert Path(told[1]).read_text(encoding="utf-8").count(",row,") == 31

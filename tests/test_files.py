from pathlib import Path

import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.files import read_table, whole_file, whole_folder, write_text


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fill(folder: Path, text: str) -> None:
    with whole_folder(folder) as temporary:
        write_text(temporary / "a.txt", text)


def fail_in_a_folder(folder: Path) -> None:
    with whole_folder(folder) as temporary:
        write_text(temporary / "half.txt", "half")
        raise RuntimeError("stopped half-way")


def fail_in_a_file(path: Path) -> None:
    with whole_file(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError("stopped half-way")


def test_a_file_is_not_there_before_the_block_ends_and_is_whole_after(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("whole")
        assert not (tmp_path / "a.txt").exists()
    assert (tmp_path / "a.txt").read_text() == "whole"
    assert names_in(tmp_path) == ["a.txt"]


def test_a_file_whose_block_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="stopped half-way"):
        fail_in_a_file(tmp_path / "a.txt")
    assert names_in(tmp_path) == []


def test_a_failed_rewrite_keeps_the_old_file(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(RuntimeError, match="stopped half-way"):
        fail_in_a_file(tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names_in(tmp_path) == ["a.txt"]


def test_write_text_makes_parent_folders_and_writes_utf_8(tmp_path: Path) -> None:
    write_text(tmp_path / "deep" / "er" / "a.txt", "90 × 60")
    assert (tmp_path / "deep" / "er" / "a.txt").read_bytes() == "90 × 60".encode()


def test_write_text_replaces_what_was_there(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "old")
    write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new"


def test_a_folder_is_not_there_before_the_block_ends_and_is_whole_after(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "deep" / "out") as temporary:
        write_text(temporary / "a.txt", "whole")
        assert not (tmp_path / "deep" / "out").exists()
    assert names_in(tmp_path / "deep") == ["out"]
    assert (tmp_path / "deep" / "out" / "a.txt").read_text() == "whole"


def test_a_folder_whose_block_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="stopped half-way"):
        fail_in_a_folder(tmp_path / "out")
    assert names_in(tmp_path) == []


def test_a_folder_with_something_in_it_is_refused_and_kept(tmp_path: Path) -> None:
    fill(tmp_path / "out", "old")
    with pytest.raises(MammoError, match="out exists already; choose another name or remove it first"):
        fill(tmp_path / "out", "new")
    assert (tmp_path / "out" / "a.txt").read_text() == "old"


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    write_text(tmp_path / "out", "a file")
    with pytest.raises(MammoError, match="out exists already"):
        fill(tmp_path / "out", "new")


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    fill(tmp_path / "out", "new")
    assert (tmp_path / "out" / "a.txt").read_text() == "new"


def test_a_link_to_an_empty_folder_stays_a_link_and_is_filled(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    fill(tmp_path / "out", "new")
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "disk" / "a.txt").read_text() == "new"


def test_the_current_folder_is_refused_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MammoError, match="the folder you are in, which cannot be put in place whole"):
        fill(Path(), "new")
    assert names_in(tmp_path) == []


def test_a_table_gives_its_rows_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("path,label\na.png,benign\nb.png,malignant\n", encoding="utf-8-sig")
    columns, rows = read_table(tmp_path / "t.csv", {"path": "file"})
    assert columns == ["file", "label"]
    assert rows == [(2, {"file": "a.png", "label": "benign"}), (3, {"file": "b.png", "label": "malignant"})]


@pytest.mark.parametrize(
    ("content", "message"),
    [("patient\nMüller\n".encode("latin-1"), "not in UTF-8"), (b"a\n" + b"x" * 200_000, "not a table")],
)
def test_a_table_that_cannot_be_read_is_one_clean_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(MammoError, match=message):
        read_table(tmp_path / "t.csv")

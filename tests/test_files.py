import fcntl
import os
from pathlib import Path

import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.files import (
    expect_replaceable,
    expect_writable,
    is_held,
    read_table,
    replaced_folder,
    whole_file,
    whole_folder,
    write_text,
)


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


def half_a_folder(folder: Path, error: BaseException) -> None:
    with whole_folder(folder, resume=True) as temporary:
        write_text(temporary / "half.txt", "half")
        raise error


@pytest.mark.parametrize("error", [RuntimeError("stopped"), KeyboardInterrupt("stopped")])
def test_a_folder_that_may_be_resumed_keeps_what_it_holds(error: BaseException, tmp_path: Path) -> None:
    with pytest.raises(type(error), match="stopped"):
        half_a_folder(tmp_path / "out", error)
    assert names_in(tmp_path) == [".out.partial"]
    with whole_folder(tmp_path / "out", resume=True) as temporary:
        assert names_in(temporary) == ["half.txt"]
    assert names_in(tmp_path) == ["out"]
    assert (tmp_path / "out" / "half.txt").read_text() == "half"


def test_a_folder_that_is_being_filled_is_refused_to_a_second(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "out", resume=True) as temporary:
        write_text(temporary / "a.txt", "first")
        with pytest.raises(MammoError, match="out is being written by another process; wait for it or choose another"):
            half_a_folder(tmp_path / "out", RuntimeError("never reached"))
    assert names_in(tmp_path / "out") == ["a.txt"]


def test_a_folder_is_put_in_place_before_anyone_else_may_take_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []
    rename = Path.rename

    def watched(source: Path, target: Path) -> Path:
        handle = os.open(source, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held.append(False)
        except BlockingIOError:
            held.append(True)
        finally:
            os.close(handle)
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", watched)
    with whole_folder(tmp_path / "out", resume=True):
        pass
    assert held == [True]


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


def replace(folder: Path, text: str, *names: str) -> None:
    with replaced_folder(folder, names or ("a.txt",)) as temporary:
        write_text(temporary / "a.txt", text)


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    replace(tmp_path / "deep" / "out", "old")
    write_text(tmp_path / "deep" / "out" / "b.txt", "of the old only")
    replace(tmp_path / "deep" / "out", "new", "a.txt", "b.txt")
    assert names_in(tmp_path / "deep") == ["out"]
    assert names_in(tmp_path / "deep" / "out") == ["a.txt"]
    assert (tmp_path / "deep" / "out" / "a.txt").read_text() == "new"


def test_a_folder_is_not_replaced_before_the_block_ends(tmp_path: Path) -> None:
    replace(tmp_path / "out", "old")
    with replaced_folder(tmp_path / "out", ["a.txt"]) as temporary:
        write_text(temporary / "a.txt", "new")
        assert (tmp_path / "out" / "a.txt").read_text() == "old"


def test_a_replacement_that_fails_keeps_what_was_there(tmp_path: Path) -> None:
    def fail() -> None:
        with replaced_folder(tmp_path / "out", ["a.txt"]):
            raise RuntimeError("stopped half-way")

    replace(tmp_path / "out", "old")
    with pytest.raises(RuntimeError, match="stopped half-way"):
        fail()
    assert names_in(tmp_path) == ["out"]
    assert (tmp_path / "out" / "a.txt").read_text() == "old"


def test_a_replacement_that_cannot_be_put_in_place_puts_the_old_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(tmp_path / "out", "old")
    rename = Path.rename

    def refused(source: Path, target: Path) -> Path:
        if source.name.endswith(".partial") and (source / "a.txt").read_text() == "new":
            raise OSError("no room")
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(OSError, match="no room"):
        replace(tmp_path / "out", "new")
    assert names_in(tmp_path) == ["out"]
    assert (tmp_path / "out" / "a.txt").read_text() == "old"


def test_a_folder_that_holds_anything_else_is_not_replaced(tmp_path: Path) -> None:
    fill(tmp_path / "out", "mine")
    write_text(tmp_path / "out" / "z.txt", "mine")
    with pytest.raises(MammoError, match=r"out holds other things, such as z\.txt; name a new folder"):
        replace(tmp_path / "out", "new")
    assert names_in(tmp_path / "out") == ["a.txt", "z.txt"]
    assert names_in(tmp_path) == ["out"]


def test_a_file_is_not_replaced_by_a_folder(tmp_path: Path) -> None:
    write_text(tmp_path / "out", "mine")
    with pytest.raises(MammoError, match="out is a file; name a folder"):
        replace(tmp_path / "out", "new")


def test_the_current_folder_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MammoError, match="the folder you are in, which cannot be put in place whole"):
        expect_replaceable(Path(), ["a.txt"])


def test_a_link_to_a_folder_stays_a_link_and_the_folder_is_replaced(tmp_path: Path) -> None:
    fill(tmp_path / "disk", "old")
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    replace(tmp_path / "out", "new")
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "disk" / "a.txt").read_text() == "new"
    assert names_in(tmp_path) == ["disk", "out"]


def test_a_table_gives_its_rows_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file,label\na.png,benign\nb.png,malignant\n", encoding="utf-8-sig")
    columns, rows = read_table(tmp_path / "t.csv")
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


def test_a_folder_is_held_while_it_is_filled_and_not_after(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "out", resume=True) as folder:
        (folder / "a.txt").write_text("a")
        assert is_held(folder)
    assert not is_held(tmp_path / "out")


def test_where_nothing_can_be_written_is_known_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    expect_writable(tmp_path / "file")
    expect_writable(tmp_path / "not" / "yet" / "there")
    with pytest.raises(MammoError, match=r"file is a file; choose another name"):
        expect_writable(tmp_path / "file" / "m.tflite")
    with pytest.raises(MammoError, match="is a folder; choose"):
        expect_writable(tmp_path)
    monkeypatch.setattr(os, "access", lambda place, mode: False)
    with pytest.raises(MammoError, match=f"{tmp_path} is read-only; choose"):
        expect_writable(tmp_path / "m.tflite")

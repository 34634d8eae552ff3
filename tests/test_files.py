import hashlib
from pathlib import Path

import pytest

from tflite_mammo.errors import MammoError
from tflite_mammo.files import sha256_of, whole_file, whole_folder, write_text


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fill(folder: Path, text: str, *, replace: bool = False) -> None:
    with whole_folder(folder, replace=replace) as temporary:
        write_text(temporary / "a.txt", text)


def fail_in_a_folder(folder: Path, *, replace: bool = False) -> None:
    with whole_folder(folder, replace=replace) as temporary:
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


def test_replace_swaps_the_old_folder_for_the_new_one(tmp_path: Path) -> None:
    fill(tmp_path / "out", "old")
    write_text(tmp_path / "out" / "b.txt", "old as well")
    fill(tmp_path / "out", "new", replace=True)
    assert names_in(tmp_path / "out") == ["a.txt"]
    assert (tmp_path / "out" / "a.txt").read_text() == "new"


def test_a_failed_replace_keeps_the_old_folder(tmp_path: Path) -> None:
    fill(tmp_path / "out", "old")
    with pytest.raises(RuntimeError, match="stopped half-way"):
        fail_in_a_folder(tmp_path / "out", replace=True)
    assert (tmp_path / "out" / "a.txt").read_text() == "old"
    assert names_in(tmp_path) == ["out"]


def test_sha256_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\x00mammo\xff" * 50_000)
    assert sha256_of(tmp_path / "a.bin") == hashlib.sha256(b"\x00mammo\xff" * 50_000).hexdigest()

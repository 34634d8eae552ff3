from pathlib import Path

import pytest


def test_phantoms_are_written_and_said_to_be_synthetic(call, tmp_path: Path) -> None:
    done = call("phantoms", tmp_path / "p", "--patients", 2, "--size", 64, "--workers", 1)
    assert done.status == 0
    assert "8 synthetic images of 2 patients" in done.stdout
    assert len(list((tmp_path / "p/images").iterdir())) == 8


@pytest.mark.parametrize(
    ("option", "value", "word"),
    [("--patients", 0, "0 patients"), ("--size", 10, "10 px"), ("--malignant", 1.0, "malignant share")],
)
def test_settings_out_of_range_are_one_clean_line(call, tmp_path: Path, option: str, value: object, word: str) -> None:
    call("phantoms", tmp_path / "p", option, value).assert_clean_error(word, "expected")
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_not_written_over(call, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").touch()
    call("phantoms", tmp_path / "mine", "--patients", 1).assert_clean_error("exists already")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]

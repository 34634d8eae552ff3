"""Where the file of the latest verdict lies, and what it leaves of an earlier one."""

import zipfile
from pathlib import Path

import pytest

from tflite_mammo.bundle import ModelBundle
from tflite_mammo.conversion.convert import Converted
from tflite_mammo.conversion.place import figures_of, page_of, place

Placed = tuple[ModelBundle, Path | None]


@pytest.fixture
def put(converted: dict[str, Converted], tmp_path: Path):
    bundle = converted["float32"].bundle
    weights = bundle.path.read_bytes()[: _end_of_weights(bundle)]

    def put_it(*, accepted: bool) -> Placed:
        return place(weights, bundle.card, tmp_path / "m.tflite", bundle.golden, accepted=accepted)

    return put_it


def _end_of_weights(bundle: ModelBundle) -> int:
    with zipfile.ZipFile(bundle.path) as archive:
        return min(entry.header_offset for entry in archive.infolist())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_accepted_file_lies_under_its_name_and_a_rejected_one_beside_it(put, tmp_path: Path) -> None:
    assert put(accepted=True)[0].path == tmp_path / "m.tflite"
    assert put(accepted=False)[0].path == tmp_path / "m.rejected.tflite"


def test_an_accepted_file_does_not_stay_beside_a_newer_rejected_one(put, tmp_path: Path) -> None:
    put(accepted=True)
    assert put(accepted=False)[1] == tmp_path / "m.tflite"
    assert names(tmp_path) == ["m.rejected.tflite"]


def test_a_rejected_file_does_not_stay_beside_a_newer_accepted_one(put, tmp_path: Path) -> None:
    put(accepted=False)
    assert put(accepted=True)[1] == tmp_path / "m.rejected.tflite"
    assert names(tmp_path) == ["m.tflite"]


def test_the_same_verdict_again_replaces_the_file_and_removes_none(put, tmp_path: Path) -> None:
    put(accepted=False)
    assert put(accepted=False)[1] is None
    assert names(tmp_path) == ["m.rejected.tflite"]


@pytest.mark.parametrize("accepted", [True, False])
def test_the_page_of_an_earlier_file_goes_with_it(put, tmp_path: Path, accepted: bool) -> None:
    for told in (page_of(tmp_path / "m.tflite"), figures_of(tmp_path / "m.tflite")):
        told.write_text("of another file")
    put(accepted=accepted)
    assert [path for path in tmp_path.iterdir() if "drift" in path.name] == []


def test_what_cannot_be_written_leaves_the_earlier_file(put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(accepted=True)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tflite_mammo.conversion.place.write_bundle", full)
    with pytest.raises(OSError, match="No space"):
        put(accepted=False)
    assert names(tmp_path) == ["m.tflite"]


def test_another_models_files_are_left_alone(put, tmp_path: Path) -> None:
    (tmp_path / "other.tflite").touch()
    (tmp_path / "other.drift.html").touch()
    put(accepted=False)
    assert names(tmp_path) == ["m.rejected.tflite", "other.drift.html", "other.tflite"]

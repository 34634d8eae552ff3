"""The one-file model: what is inside, and what is refused."""

import subprocess
import zipfile
from pathlib import Path

import pytest

from tflite_mammo.bundle import read_bundle
from tflite_mammo.conversion.convert import Converted
from tflite_mammo.errors import MammoError


@pytest.fixture
def model(converted: dict[str, Converted], tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    path = tmp_path / "model.tflite"
    path.write_bytes(converted["int8"].bundle.path.read_bytes())
    return path


def test_a_bundle_reads_back_as_it_was_written(converted: dict[str, Converted]) -> None:
    bundle = converted["int8"].bundle
    assert read_bundle(bundle.path) == bundle


def test_any_zip_tool_sees_the_card_and_the_labels(model: Path) -> None:
    with zipfile.ZipFile(model) as archive:
        assert archive.namelist() == ["labels.txt", "card.json"]
        assert archive.read("labels.txt") == b"benign\nmalignant\n"


def test_the_card_says_that_it_is_no_medical_device(model: Path) -> None:
    assert "No medical device" in read_bundle(model).card.intended_use


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.tflite"
    path.write_text("these are notes, not a model")
    with pytest.raises(MammoError, match="not a TF Lite model"):
        read_bundle(path)


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_model_that_was_cut_short_is_refused(model: Path, share: float) -> None:
    content = model.read_bytes()
    model.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(MammoError, match="cut short"):
        read_bundle(model)


def test_edited_weights_are_refused(model: Path) -> None:
    content = bytearray(model.read_bytes())
    content[len(content) // 3] ^= 0xFF
    model.write_bytes(content)
    with pytest.raises(MammoError, match="weights are not those its card was written for"):
        read_bundle(model)


def test_a_card_with_other_labels_is_refused(model: Path) -> None:
    with zipfile.ZipFile(model) as archive:
        card = archive.read("card.json")
        end = min(entry.header_offset for entry in archive.infolist())
    model.write_bytes(model.read_bytes()[:end])
    with zipfile.ZipFile(model, "a") as archive:
        archive.writestr("card.json", card)
        archive.writestr("labels.txt", "cat\ndog\n")
    with pytest.raises(MammoError, match="card contradicts itself"):
        read_bundle(model)


@pytest.mark.parametrize(("name", "message"), [("missing.tflite", "no such file"), (".", "is a folder")])
def test_a_path_without_a_file_is_refused(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=message):
        read_bundle(tmp_path / name)


def test_unzip_lists_the_model_file(model: Path) -> None:
    try:
        done = subprocess.run(["unzip", "-l", str(model)], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("unzip is not installed")
    assert "card.json" in done.stdout

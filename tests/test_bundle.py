"""The one-file model: what is inside, and what is refused."""

import hashlib
import json
import os
import random
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tflite_mammo.bundle import ModelBundle, read_bundle, write_bundle
from tflite_mammo.conversion.convert import Converted
from tflite_mammo.errors import MammoError


@pytest.fixture
def bundle(converted: dict[str, Converted]) -> ModelBundle:
    return converted["int8"].bundle


@pytest.fixture
def model(bundle: ModelBundle, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    path = tmp_path / "model.tflite"
    path.write_bytes(bundle.path.read_bytes())
    return path


def _rewrite(model: Path, method: int = zipfile.ZIP_STORED, **others: bytes) -> None:
    """As somebody with a zip tool would: other members, the comment as it was."""
    with zipfile.ZipFile(model) as archive:
        end = min(entry.header_offset for entry in archive.infolist())
        members = {name: archive.read(name) for name in archive.namelist()} | others
        comment = archive.comment
    model.write_bytes(model.read_bytes()[:end])
    with zipfile.ZipFile(model, "a", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.comment = comment


def _forge(model: Path, change: Any) -> None:
    """As somebody would who knows how it is guarded."""
    with zipfile.ZipFile(model) as archive:
        card = json.loads(archive.read("card.json"))
    change(card)
    text = json.dumps(card).encode()
    _rewrite(model, **{"card.json": text})
    with zipfile.ZipFile(model, "a") as archive:
        archive.comment = b"card.json sha256 " + hashlib.sha256(text).hexdigest().encode()


def test_a_bundle_reads_back_as_it_was_written(bundle: ModelBundle) -> None:
    assert read_bundle(bundle.path) == bundle
    assert bundle.golden


def test_any_zip_tool_sees_what_is_inside(model: Path) -> None:
    with zipfile.ZipFile(model) as archive:
        assert archive.namelist() == ["labels.txt", "golden.npz", "card.json"]
        assert archive.read("labels.txt") == b"benign\nmalignant\n"


def test_nothing_inside_is_compressed_since_mediapipe_reads_no_such_files(model: Path) -> None:
    with zipfile.ZipFile(model) as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


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


def test_a_model_with_something_behind_it_is_refused(model: Path) -> None:
    model.write_bytes(model.read_bytes() + b"more")
    with pytest.raises(MammoError, match="or the file's end"):
        read_bundle(model)


def test_edited_weights_are_refused(model: Path) -> None:
    content = bytearray(model.read_bytes())
    content[len(content) // 3] ^= 0xFF
    model.write_bytes(content)
    with pytest.raises(MammoError, match="weights are not those its card was written for"):
        read_bundle(model)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("labels.txt", "labels.txt is not the one its card was written for"),
        ("golden.npz", "golden.npz is not the one its card was written for"),
        ("card.json", "card.json was edited"),
        ("more.txt", "its archive holds other files"),
    ],
)
def test_a_file_that_a_zip_tool_changed_inside_is_refused(model: Path, name: str, message: str) -> None:
    _rewrite(model)
    assert read_bundle(model).card  # the tool alone does no harm
    _rewrite(model, **{name: b'{"something": "else"}'})
    with pytest.raises(MammoError, match=message):
        read_bundle(model)


def test_golden_samples_that_were_taken_out_are_missed(model: Path) -> None:
    flatbuffer_size = read_bundle(model).flatbuffer_size
    with zipfile.ZipFile(model) as archive:
        members = {name: archive.read(name) for name in ("labels.txt", "card.json")}
        comment = archive.comment
    model.write_bytes(model.read_bytes()[:flatbuffer_size])
    with zipfile.ZipFile(model, "a") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.comment = comment
    with pytest.raises(MammoError, match=r"golden.npz is not the one"):
        read_bundle(model)


def test_a_model_file_of_somebody_else_is_refused(model: Path) -> None:
    content = model.read_bytes()[: read_bundle(model).flatbuffer_size]
    model.write_bytes(content)
    with pytest.raises(MammoError, match=r"without a whole card \(File is not a zip file\)"):
        read_bundle(model)
    with zipfile.ZipFile(model, "a") as archive:
        archive.writestr("labelmap.txt", "cat\ndog\n")
    with pytest.raises(MammoError, match=r"without a whole card \(no card.json\)"):
        read_bundle(model)


def test_members_that_unpack_to_more_than_they_take_are_not_unpacked(model: Path) -> None:
    _rewrite(model, zipfile.ZIP_DEFLATED, **{"card.json": b" " * 2**26})
    with pytest.raises(MammoError, match=r"labels.txt is compressed or larger than 16 MB"):
        read_bundle(model)
    _rewrite(model, **{"labels.txt": bytes(2**24 + 1)})
    with pytest.raises(MammoError, match=r"labels.txt is compressed or larger than 16 MB"):
        read_bundle(model)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda card: card.update(tresholds=1), "unknown key 'tresholds'; did you mean 'threshold'"),
        (lambda card: card.pop("spec"), "the key 'spec' is missing"),
        (lambda card: card.update(classes=["benign"]), "1 classes; expected two or more"),
        (lambda card: card.update(classes=["cat", "dog"]), "contradicts itself"),
        (lambda card: card["spec"].update(crop="none"), "contradicts itself"),
        (lambda card: card["threshold"].update(value=float("nan")), "NaN is no number"),
        (lambda card: card.update(model_sha256=""), "weights are not those"),
    ],
)
def test_a_card_that_cannot_be_is_refused_even_where_its_digest_is_right(
    model: Path, change: Any, message: str
) -> None:
    _forge(model, change)
    with pytest.raises(MammoError, match=message):
        read_bundle(model)


def _read_or_refusal(model: Path) -> ModelBundle | str:
    try:
        return read_bundle(model)
    except MammoError as error:
        return str(error)


def test_a_byte_changed_anywhere_is_found_or_changes_nothing(model: Path, bundle: ModelBundle) -> None:
    """A few bytes of the archive's own book-keeping say nothing that is read."""
    content, rng = model.read_bytes(), random.Random(0)
    archive = range(bundle.flatbuffer_size, len(content))
    for place in [*archive[::20], *archive[-300:], *rng.choices(range(len(content)), k=200)]:
        spoilt = bytearray(content)
        spoilt[place] ^= 1 << rng.randrange(8)
        model.write_bytes(spoilt)
        found = _read_or_refusal(model)
        if isinstance(found, ModelBundle):
            assert replace(found, path=bundle.path, sha256=bundle.sha256) == bundle, place
        else:
            assert (found.isprintable(), len(found) < len(str(model)) + 240) == (True, True), found


def test_a_refusal_quotes_no_kilobytes_of_the_file(model: Path, bundle: ModelBundle) -> None:
    content = bytearray(model.read_bytes())
    content[bundle.flatbuffer_size + 27] = 8  # the first member's name, 2,058 letters long
    model.write_bytes(content)
    with pytest.raises(MammoError, match="File name in directory") as refusal:
        read_bundle(model)
    assert len(str(refusal.value)) < len(str(model)) + 240


def test_a_file_cut_anywhere_is_refused(model: Path) -> None:
    content, rng = model.read_bytes(), random.Random(0)
    refusals = r"not a TF Lite model|without a whole card|or the file's end"
    for length in [*range(40), *rng.choices(range(len(content)), k=200), *range(len(content) - 100, len(content))]:
        model.write_bytes(content[:length])
        with pytest.raises(MammoError, match=refusals):
            read_bundle(model)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.tflite", "no such file"),
        (".", "is a folder"),
        ("pipe.tflite", "is no regular file"),
        ("notes.txt/model.tflite", r"cannot be read \(Not a directory\)"),
    ],
)
def test_a_path_without_a_file_is_refused(name: str, message: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tflite")
    (tmp_path / "notes.txt").touch()
    with pytest.raises(MammoError, match=message):
        read_bundle(tmp_path / name)


def test_a_file_beyond_what_a_model_can_be_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.tflite"
    with path.open("wb") as file:
        file.write(b"\x1c\0\0\0TFL3")
        file.truncate(3 * 10**9)  # takes no room on the disk
    with pytest.raises(MammoError, match=r"3.0 GB; a TF Lite model has 2 GB at most"):
        read_bundle(path)


def test_a_bundle_that_cannot_be_read_back_is_not_left_behind(bundle: ModelBundle, tmp_path: Path) -> None:
    card = replace(bundle.card, classes=("benign", "two\nlines"))
    flatbuffer = bundle.path.read_bytes()[: bundle.flatbuffer_size]
    with pytest.raises(MammoError, match="contradicts itself"):
        write_bundle(flatbuffer, card, tmp_path / "m.tflite")
    assert list(tmp_path.iterdir()) == []


def test_unzip_lists_the_model_file(model: Path) -> None:
    try:
        done = subprocess.run(["unzip", "-l", str(model)], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("unzip is not installed")
    assert "card.json" in done.stdout

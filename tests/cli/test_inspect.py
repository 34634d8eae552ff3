import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tflite_mammo.bundle import write_bundle
from tflite_mammo.golden import golden_of, pack


def test_the_card_is_printed_and_verified(call, converted) -> None:
    done = call("inspect", converted["int8"].bundle.path)
    assert done.status == 0
    for words in ("verified", "small-cnn, int8", "SYNTHETIC", "No medical device", "spec ", "AUC", "Youden"):
        assert words in done.stdout
    assert "answers alike (0.0000 apart, 0.1 allowed)" in " ".join(done.stdout.split())
    assert "TFLite 1.0.0, pixels (grey) to scores; MediaPipe takes colour only" in done.stdout


def test_no_line_is_wider_than_a_hundred_columns(call, converted) -> None:
    lines = call("inspect", converted["int8"].bundle.path).stdout.splitlines()
    assert max(map(len, lines[1:])) <= 100  # the first begins with a path of any length


def test_all_of_it_comes_as_json(call, converted) -> None:
    told = json.loads(call("inspect", converted["int8"].bundle.path, "--json").stdout)
    assert told["card"]["classes"] == ["benign", "malignant"]
    assert told["card"]["recipe"]["backbone"] == "small-cnn"
    assert list(told["sizes"]) == ["labels.txt", "golden.npz", "card.json"]
    assert told["golden"]["difference"] == 0
    assert told["metadata"]["name"] == "small-cnn, int8"


def test_a_machine_that_answers_otherwise_is_a_failed_verdict(call, converted, tmp_path: Path) -> None:
    bundle = converted["float32"].bundle
    golden = golden_of(bundle)
    other = pack(replace(golden, scores=golden.scores[:, ::-1] + np.float32(0.5)))
    flatbuffer = bundle.path.read_bytes()[: bundle.flatbuffer_size]
    path = write_bundle(flatbuffer, bundle.card, tmp_path / "other.tflite", other).path
    done = call("inspect", path)
    assert done.status == 1
    assert "answers OTHERWISE" in done.stdout


def test_a_board_without_a_runtime_still_reads_the_card(call, converted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tflite_mammo.golden.available", list)
    done = call("inspect", converted["int8"].bundle.path)
    assert done.status == 0
    assert "no runtime here to ask" in done.stdout


def test_a_file_that_is_no_model_is_one_clean_line(call, tmp_path: Path) -> None:
    (tmp_path / "notes.tflite").write_text("only notes in here")
    call("inspect", tmp_path / "notes.tflite").assert_clean_error("not a TF Lite model")


def _without_card(model: Path, place: Path) -> Path:
    """As of another program: its metadata names no card either."""
    with zipfile.ZipFile(model) as archive:
        end = min(entry.header_offset for entry in archive.infolist())
    place.write_bytes(model.read_bytes()[:end].replace(b"card.json", b"note.json"))
    return place


def test_a_target_is_told_after_the_card(call, converted) -> None:
    done = call("inspect", converted["int8"].bundle.path, "--target", "pi5")
    assert done.status == 0
    card, board = done.stdout.split("on a Raspberry Pi 5:\n")
    assert "verified" in card
    assert "small-cnn, int8" in card
    assert "ESTIMATED" in board


def test_a_target_as_json_holds_every_operator_and_the_card(call, converted) -> None:
    told = json.loads(call("inspect", converted["int8"].bundle.path, "--target", "coral", "--json").stdout)
    operations = told["outlook"]["anatomy"]["operations"]
    assert [operation["node"]["index"] for operation in operations] == list(range(len(operations)))
    assert operations[-1]["node"]["outputs"][0]["name"] == "scores"
    assert told["outlook"]["coral"]["mapped"] == list(range(len(operations) - 3))
    assert told["card"]["recipe"]["backbone"] == "small-cnn"


def test_a_file_without_a_card_is_inspected_for_a_target_only(call, converted, tmp_path: Path) -> None:
    bare = _without_card(converted["int8"].bundle.path, tmp_path / "bare.tflite")
    done = call("inspect", bare, "--target", "coral")
    assert done.status == 0
    assert "carries no card" in done.stdout
    assert json.loads(call("inspect", bare, "--target", "pi4", "--json").stdout)["card"] is None
    call("inspect", bare).assert_clean_error("without a whole card")


def test_an_archive_of_another_program_is_no_card(call, converted, tmp_path: Path) -> None:
    bare = _without_card(converted["int8"].bundle.path, tmp_path / "bare.tflite")
    with zipfile.ZipFile(bare, "a") as archive:
        archive.writestr("labels.txt", "cat")
    assert "carries no card" in call("inspect", bare, "--target", "pi4").stdout


def test_a_file_with_a_card_for_other_weights_is_refused_for_a_target_too(call, converted, tmp_path: Path) -> None:
    content = bytearray(converted["int8"].bundle.path.read_bytes())
    content[len(content) // 3] ^= 1
    (tmp_path / "turned.tflite").write_bytes(content)
    call("inspect", tmp_path / "turned.tflite", "--target", "pi4").assert_clean_error(
        "not those its card was written for"
    )


@pytest.mark.parametrize("left", [-1, -100, -3000, -20_000])
def test_a_file_that_lost_its_end_is_refused_for_a_target_too(call, converted, tmp_path: Path, left: int) -> None:
    (tmp_path / "cut.tflite").write_bytes(converted["int8"].bundle.path.read_bytes()[:left])
    call("inspect", tmp_path / "cut.tflite", "--target", "pi4").assert_clean_error("cut.tflite", "card")


def test_an_archive_of_a_version_that_nobody_reads_is_one_clean_line(call, converted, tmp_path: Path) -> None:
    content = bytearray(converted["int8"].bundle.path.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 6] = 84
    (tmp_path / "odd.tflite").write_bytes(content)
    call("inspect", tmp_path / "odd.tflite", "--target", "pi5").assert_clean_error("without a whole card")


def test_a_damaged_file_is_one_clean_line(call, converted, tmp_path: Path) -> None:
    bare = _without_card(converted["int8"].bundle.path, tmp_path / "bare.tflite")
    bare.write_bytes(bare.read_bytes()[:900])
    call("inspect", bare, "--target", "pi4").assert_clean_error("damaged or cut short")
    call("inspect", tmp_path / "none.tflite", "--target", "pi4").assert_clean_error("no such file")


def test_an_unknown_target_is_refused(call, converted) -> None:
    done = call("inspect", converted["int8"].bundle.path, "--target", "pi3")
    assert done.status == 2
    assert "'coral', 'pi4', 'pi5'" in done.stderr

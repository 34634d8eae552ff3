import json
from pathlib import Path


def test_the_card_is_printed_and_verified(call, converted) -> None:
    done = call("inspect", converted["int8"].bundle.path)
    assert done.status == 0
    for words in ("verified", "small-cnn, int8", "(SYNTHETIC)", "No medical device", "spec "):
        assert words in done.stdout


def test_the_card_comes_as_json(call, converted) -> None:
    card = json.loads(call("inspect", converted["int8"].bundle.path, "--json").stdout)
    assert card["classes"] == ["benign", "malignant"]
    assert card["recipe"]["backbone"] == "small-cnn"


def test_a_file_that_is_no_model_is_one_clean_line(call, tmp_path: Path) -> None:
    (tmp_path / "notes.tflite").write_text("only notes in here")
    call("inspect", tmp_path / "notes.tflite").assert_clean_error("not a TF Lite model")

import json
import shutil
from pathlib import Path

import pytest

from tflite_mammo.data.dataset import Dataset


def _folders(phantom_folder: Path, root: Path) -> Path:
    """The phantoms sorted into class folders, as many public collections come."""
    lines = (phantom_folder / "manifest.csv").read_text().splitlines()[1:]
    for line in lines:
        file, label = line.split(",")[:2]
        (root / label).mkdir(parents=True, exist_ok=True)
        shutil.copy(phantom_folder / file, root / label)
    return root


def test_phantoms_are_prepared_by_patient(call, phantom_folder: Path, tmp_path: Path) -> None:
    arguments = ("--adapter", "phantoms", "--classes", "benign,malignant", "--size", 32, "--split", "60/20/20")
    done = call("prepare", phantom_folder, tmp_path / "data", *arguments, "--workers", 1)
    assert done.status == 0
    assert "images of class normal, which --classes does not name" in done.stdout
    assert Dataset(tmp_path / "data").images.shape[1:] == (32, 32, 1)


def test_class_folders_need_to_be_told_who_the_patients_are(call, phantom_folder: Path, tmp_path: Path) -> None:
    source = _folders(phantom_folder, tmp_path / "source")
    call("prepare", source, tmp_path / "data").assert_clean_error("--patient", "REGEX")
    done = call(
        "prepare", source, tmp_path / "data", "--patient", r"(P\d+)_", "--size", 32, "--split", "60/20/20", "--json"
    )
    assert done.status == 0
    assert json.loads(done.stdout)["classes"] == ["normal", "benign", "malignant"]


def test_like_prepares_as_a_model_expects(
    call, phantom_folder: Path, converted, prepared: Dataset, tmp_path: Path
) -> None:
    arguments = ("--adapter", "phantoms", "--classes", "benign,malignant", "--split", "60/20/20")
    model = converted["int8"].bundle.path
    assert call("prepare", phantom_folder, tmp_path / "data", *arguments, "--like", model).status == 0
    assert Dataset(tmp_path / "data").info.fingerprint == prepared.info.fingerprint
    both = call("prepare", phantom_folder, tmp_path / "both", *arguments, "--like", model, "--size", 32)
    both.assert_clean_error("--like takes every setting", "leave --size away")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--adapter", "phantom"), ("no adapter is called 'phantom'",)),
        (("--adapter", "phantoms", "--split", "70/30"), ("70/30", "expected three shares")),
        (("--adapter", "phantoms", "--split", "70/20/20"), ("70/20/20", "add up to 100")),
        (("--adapter", "phantoms", "--split", "official"), ("no train part",)),
        (("--adapter", "phantoms", "--size", 4), ("4x4", "expected 8 to 4096")),
        (("--adapter", "phantoms", "--classes", "benign,cancer"), ("no image of class 'cancer'",)),
        (("--adapter", "csv"), ("'.csv' files found", "expected exactly one")),
    ],
)
def test_wrong_use_is_one_clean_line_and_leaves_nothing(
    call, phantom_folder: Path, tmp_path: Path, arguments: tuple[object, ...], words: tuple[str, ...]
) -> None:
    if "csv" in arguments:
        words = (".csv files found: none",)
        phantom_folder = tmp_path / "nothing"
        phantom_folder.mkdir()
    call("prepare", phantom_folder, tmp_path / "data", *arguments).assert_clean_error(*words)
    assert not (tmp_path / "data").exists()

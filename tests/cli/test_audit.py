"""The audit as a person types it, and what it keeps a training from."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflite_mammo.auditing import shortcuts
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.training.run import Run

QUICK = ("--adapter", "phantoms", "--classes", "benign,malignant", "--size", 64, "--split", "60/20/20", "--workers", 1)


@pytest.fixture(autouse=True)
def no_forest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of the time of a small audit would go into its trees."""
    monkeypatch.setattr(shortcuts, "_learned", lambda _, positive, __: np.full(positive.size, 0.5))


@pytest.fixture(scope="module")
def copied(phantom_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The phantoms, and darker copies of three that are said to be other women's; one of them with another label."""
    root = tmp_path_factory.mktemp("audit") / "copied"
    shutil.copytree(phantom_folder, root)
    with (root / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    chosen = [row for row in rows if row["label"] == "benign"][:9:3]
    labels = ("benign", "benign", "malignant")
    for number, (row, label) in enumerate(zip(chosen, labels, strict=True)):
        name = f"images/copy_{number}.png"
        darker = np.asarray(Image.open(root / row["file"])) * 0.9
        Image.fromarray(darker.astype(np.uint8)).save(root / name)
        rows.append({**row, "file": name, "patient": f"C{number}", "label": label})
    with (root / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return root


@pytest.fixture(scope="module")
def leaky(copied: Path) -> Path:
    """Prepared with a seed that parts at least one copy from its original."""
    from click.testing import CliRunner

    from tflite_mammo.cli import main

    out = copied.parent / "data"
    done = CliRunner().invoke(main, [str(a) for a in ("prepare", copied, out, *QUICK, "--seed", 1)])
    assert done.exit_code == 0, done.stderr
    return out


def test_data_without_a_leak_is_status_0_with_a_table(call, prepared: Dataset, tmp_path: Path) -> None:
    done = call("audit", prepared.folder, "--out", tmp_path / "out")
    assert done.status == 0
    images = len(prepared.examples)
    assert f"{images} images of {len({e.patient for e in prepared.examples})} patients" in done.stdout
    assert "     0 pairs show the same image in different parts" in done.stdout
    assert "  image size" in done.stdout
    assert done.stdout.endswith(f"no leak; report in {tmp_path / 'out'}\n")


def test_a_leak_is_status_1_with_what_to_do(call, leaky: Path) -> None:
    done = call("audit", leaky)
    table = leaky / "audit" / "duplicates.csv"
    assert done.status == 1
    assert "LEAK; prepare again with --same" in done.stdout
    assert f"--same {table} added; report in {leaky / 'audit'}" in done.stdout
    assert "     1 of these pairs bear two labels" in done.stdout
    assert "images/copy_2.png (changed in tone or saved anew), " in done.stdout
    assert sorted(path.name for path in (leaky / "audit").iterdir()) == [
        "audit.json",
        "duplicates.csv",
        "duplicates.png",
    ]


def test_the_report_comes_as_json_with_the_same_status(call, leaky: Path, tmp_path: Path) -> None:
    done = call("audit", leaky, "--json", "--out", tmp_path / "out")
    report = json.loads(done.stdout)
    assert (done.status, report["duplicates"], report["two_labels"]) == (1, 3, 1)
    assert report["leaks"] > 0
    assert json.loads((tmp_path / "out" / "audit.json").read_text()) == report


def test_a_long_list_of_leaks_is_cut(call, leaky: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tflite_mammo.cli.audit.LISTED", 0)
    done = call("audit", leaky, "--out", tmp_path / "out")
    assert "copy_2.png" not in done.stdout
    assert f" more in {tmp_path / 'out' / 'duplicates.csv'}" in done.stdout


def test_what_the_audit_found_is_mended_by_preparing_again(call, copied: Path, leaky: Path, tmp_path: Path) -> None:
    assert call("audit", leaky, "--out", tmp_path / "found").status == 1
    table = tmp_path / "found" / "duplicates.csv"
    done = call("prepare", copied, tmp_path / "again", *QUICK, "--seed", 1, "--same", table)
    assert done.status == 0, done.stderr
    assert Dataset(tmp_path / "again").info.problems["duplicate"] == 2
    assert "images/copy_2.png: 'malignant', and " in done.stdout
    report = json.loads(call("audit", tmp_path / "again", "--json").stdout)
    assert (report["leaks"], report["duplicates"], report["two_labels"]) == (0, 2, 0)
    assert call("audit", tmp_path / "again").status == 0


def test_several_datasets_need_a_place_for_their_report(call, prepared: Dataset, leaky: Path) -> None:
    call("audit", prepared.folder, leaky).assert_clean_error("--out is needed for several DATA")


def test_images_of_two_datasets_are_compared_and_no_preparing_again_is_advised(
    call, prepared: Dataset, leaky: Path, tmp_path: Path
) -> None:
    done = call("audit", prepared.folder, leaky, "--out", tmp_path / "out")
    assert done.status == 1
    assert f"{len(prepared.examples) + len(Dataset(leaky).examples)} images" in done.stdout
    assert f"LEAK; report in {tmp_path / 'out'}" in done.stdout
    assert all(f"AUC in {folder} (" in done.stdout for folder in (prepared.folder, leaky))


@pytest.mark.parametrize("again", ["same", "same/", "../here/same", "link"])
def test_the_same_data_twice_is_refused_however_it_is_named(
    again: str, call, prepared: Dataset, tmp_path: Path, monkeypatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name in ("same", "link"):
        Path(name).symlink_to(prepared.folder)
    call("audit", "same", again, "--out", tmp_path / "out").assert_clean_error("the same DATA twice")


def test_a_folder_that_was_not_prepared_is_one_clean_line(call, tmp_path: Path) -> None:
    call("audit", tmp_path).assert_clean_error("no dataset.json", "tflite-mammo prepare")


@pytest.mark.parametrize("place", ["notes", "."])
def test_a_place_with_other_things_in_it_is_refused_before_any_work(
    place: str, call, prepared: Dataset, tmp_path: Path, monkeypatch
) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "kept.txt").write_text("kept")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tflite_mammo.auditing.audit.audit", None)
    call("audit", prepared.folder, "--out", place).assert_clean_error("name a")
    assert (tmp_path / "notes" / "kept.txt").read_text() == "kept"


def test_data_in_folds_is_audited_as_a_whole(call, copied: Path, tmp_path: Path) -> None:
    folds = [*QUICK[: QUICK.index("--split")], "--workers", 1, "--folds", 3]
    assert call("prepare", copied, tmp_path / "data", *folds).status == 0
    done = call("audit", tmp_path / "data", "--json")
    report = json.loads(done.stdout)
    assert (done.status, report["images"], report["duplicates"]) == (1, Dataset.whole(tmp_path / "data").info.images, 3)


def test_a_models_calibration_images_are_looked_for(call, prepared: Dataset, converted, tmp_path: Path) -> None:
    for name in ("int8", "float32"):
        done = call("audit", prepared.folder, "--model", converted[name].bundle.path, "--out", tmp_path / name)
        assert done.status == 0, done.stderr
        assert "     0 validation or test images that the model was calibrated on" in done.stdout


def test_a_training_refuses_data_with_a_leak_and_leaves_nothing(call, leaky: Path, tmp_path: Path) -> None:
    done = call("train", "--recipe", "small-cnn", "--data", leaky, "--out", tmp_path / "run")
    words = ("in different parts", str(leaky / "audit" / "duplicates.csv"), "--accept-leak")
    done.assert_clean_error(*words, status=1)
    assert not (tmp_path / "run").exists()


def test_a_leak_that_was_accepted_stays_known_up_to_the_model(call, leaky: Path, tmp_path: Path) -> None:
    run, model = tmp_path / "run", tmp_path / "model.tflite"
    arguments = ("--recipe", "small-cnn", "--data", leaky, "--out", run)
    done = call("train", *arguments, "--accept-leak")
    leaks = json.loads((leaky / "audit" / "audit.json").read_text())["leaks"]
    assert done.status == 0
    assert f"TRAINED ON A LEAK: {leaks} pairs of images show the same in different parts" in done.stdout
    assert (Run(run).audit.leaks, Run(run).audit.accepted) == (leaks, True)
    assert call("convert", run, "--quant", "float32", "--out", model).status == 0
    assert f"  audit           {leaks} pairs of images in different parts, accepted" in call("inspect", model).stdout
    assert json.loads(call("inspect", model, "--json").stdout)["card"]["audit"]["accepted"] is True

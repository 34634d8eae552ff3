import json
import re
import shutil
from pathlib import Path

import pytest

from tflite_mammo.data.adapters import AdapterOptions, adapters, read_collection
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
    assert re.search(r"left out +\d+ images: label 'normal' is none of benign, malignant", done.stdout)
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


QUICK = ("--adapter", "phantoms", "--size", 32, "--split", "60/20/20", "--workers", 1)


def test_an_adapter_without_a_name_lists_them_all(call) -> None:
    done = call("prepare", "--adapter")
    assert done.status == 0
    listed = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    assert listed == [[name, adapter.layout] for name, adapter in adapters().items()]


def test_only_keeps_what_a_column_says_this_of(call, phantom_folder: Path, tmp_path: Path) -> None:
    done = call("prepare", phantom_folder, tmp_path / "data", *QUICK, "--only", "view=CC", "--only", "side=left")
    assert {(e.view, e.side) for e in Dataset(tmp_path / "data").examples} == {("CC", "left")}
    assert re.search(r"left out +48 images: view is 'MLO'", done.stdout)
    assert re.search(r"left out +24 images: side is 'right'", done.stdout)


def test_folds_are_printed_one_by_one_and_opened_by_number(call, phantom_folder: Path, tmp_path: Path) -> None:
    arguments = ("--adapter", "phantoms", "--size", 32, "--workers", 1, "--folds", 3)
    done = call("prepare", phantom_folder, tmp_path / "data", *arguments)
    assert [line for line in done.stdout.splitlines() if line.startswith("fold")] == ["fold 1", "fold 2", "fold 3"]
    tested = re.findall(r"^test +(\d+) patients", done.stdout, re.MULTILINE)
    assert [int(count) for count in tested] == [8, 8, 8]
    assert [len(Dataset(tmp_path / "data", fold).split.test) for fold in (1, 2, 3)] == [8, 8, 8]


def test_an_external_collection_is_all_test(call, phantom_folder: Path, tmp_path: Path) -> None:
    assert call("prepare", phantom_folder, tmp_path / "data", *QUICK, "--split", "external").status == 0
    assert len(Dataset(tmp_path / "data").split.test) == 24


def test_the_owners_split_is_said_to_be_left_aside(call, prepared: Dataset, phantom_folder: Path, tmp_path) -> None:
    source = tmp_path / "source"
    shutil.copytree(phantom_folder / "images", source / "images")
    shutil.copy(prepared.folder / "manifest.csv", source)
    arguments = ("--adapter", "csv", "--size", 32, "--workers", 1)
    drawn = call("prepare", source, tmp_path / "drawn", *arguments, "--split", "60/20/20")
    assert "the collection's own split is not used, 60/20/20 is drawn; --split official keeps it" in drawn.stderr
    kept = call("prepare", source, tmp_path / "kept", *arguments, "--split", "official")
    assert "own split" not in kept.stderr
    assert Dataset(tmp_path / "kept").split == prepared.split


def test_a_crop_of_the_lesions_keeps_what_has_a_box(call, phantom_folder: Path, tmp_path: Path) -> None:
    done = call("prepare", phantom_folder, tmp_path / "data", *QUICK, "--crop", "roi", "--context", 50)
    dataset = Dataset(tmp_path / "data")
    assert (dataset.info.spec.crop, dataset.info.spec.context_percent) == ("roi", 50)
    assert dataset.info.classes == ("benign", "malignant")
    assert all(example.box for example in dataset.examples)
    assert re.search(r"left out +\d+ images: no lesion is outlined in it", done.stdout)


def test_context_may_not_be_told_beside_like(call, converted, phantom_folder: Path, tmp_path: Path) -> None:
    model = converted["int8"].bundle.path
    done = call("prepare", phantom_folder, tmp_path / "data", "--like", model, "--context", 50)
    done.assert_clean_error("leave --context away")


def test_images_that_the_audit_found_to_be_the_same_are_taken_together(
    call, phantom_folder: Path, tmp_path: Path
) -> None:
    examples = read_collection(phantom_folder, "phantoms", AdapterOptions()).examples
    one, other = (next(e for e in examples if e.label == "benign" and e.patient > after) for after in ("", "P00009"))
    differing = next(e for e in examples if e.label == "malignant")
    table = tmp_path / "duplicates.csv"
    table.write_text(f"file,other\n{one.file},{other.file}\n{other.file},{differing.file}\n")
    done = call("prepare", phantom_folder, tmp_path / "data", *QUICK, "--same", table)
    examples = Dataset(tmp_path / "data").examples
    assert len({e.patient for e in examples}) == 24
    assert len({e.unit for e in examples}) == 22  # three women are one group
    assert sum(int(count) for count in re.findall(r"(\d+) patients", done.stdout)) == 24
    assert f"2 of 2 pairs of {table} taken together" in done.stderr
    assert f"duplicate   {differing.file}: 'malignant', and {other.file} shows the same" in done.stdout


def test_pairs_of_another_collection_are_refused(call, phantom_folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "duplicates.csv"
    table.write_text("file,other\na.png,b.png\nc.png,d.png\n")
    done = call("prepare", phantom_folder, tmp_path / "data", *QUICK, "--same", table)
    done.assert_clean_error("none of its 2 pairs is of images in SRC; was another collection audited?")
    assert not (tmp_path / "data").exists()


def test_a_table_without_pairs_changes_nothing(call, phantom_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "duplicates.csv").write_text("file,other\n")
    done = call("prepare", phantom_folder, tmp_path / "data", *QUICK, "--same", tmp_path / "duplicates.csv")
    assert done.status == 0
    assert "0 of 0 pairs" in done.stderr


def test_pairs_count_though_one_of_their_images_is_left_out(call, phantom_folder: Path, tmp_path: Path) -> None:
    known = read_collection(phantom_folder, "phantoms", AdapterOptions()).examples
    one, other = (
        next(e for e in known if e.view == view and e.patient == p) for view, p in (("CC", "P00001"), ("MLO", "P00002"))
    )
    table = tmp_path / "duplicates.csv"
    table.write_text(f"file,other\n{one.file},{other.file}\n")
    done = call("prepare", phantom_folder, tmp_path / "data", *QUICK, "--same", table, "--only", "view=CC")
    assert done.status == 0, done.stderr
    groups = {e.patient: e.group for e in Dataset(tmp_path / "data").examples}
    assert (groups[one.patient], groups[other.patient]) == ("P00001", "P00001")


def test_a_prepare_that_was_stopped_says_that_it_goes_on(
    call, phantom_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("tflite_mammo.data.prepare.map_ordered", stop)
        done = call("prepare", phantom_folder, tmp_path / "data", *QUICK)
    assert done.status != 0
    assert "stopped; the same command goes on from here" in done.stderr
    assert not (tmp_path / "data").exists()
    assert call("prepare", phantom_folder, tmp_path / "data", *QUICK).status == 0
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--adapter", "phantom"), ("no adapter is called 'phantom'",)),
        (("--adapter", "phantoms", "--split", "70/30"), ("70/30", "expected three shares")),
        (("--adapter", "phantoms", "--split", "70/20/20"), ("70/20/20", "add up to 100")),
        (("--adapter", "phantoms", "--split", "official"), ("no train part",)),
        (("--adapter", "phantoms", "--size", 4), ("4x4", "expected 8 to 4096")),
        (("--adapter", "phantoms", "--context", 500), ("context of 500 percent", "expected 0 to 400")),
        (("--adapter", "phantoms", "--folds", 3, "--split", "60/20/20"), ("--folds 3 with --split 60/20/20",)),
        (("--adapter", "phantoms", "--only", "view"), ("--only view: expected COLUMN=VALUE",)),
        (("--adapter", "phantoms", "--only", "veiw=CC"), ("no column is called 'veiw'", "view")),
        (("--adapter", "phantoms", "--only", "view=cc"), ("view is never 'cc'; found CC, MLO",)),
        (("--adapter", "phantoms", "--same", "nowhere.csv"), ("nowhere.csv: no such file",)),
        (("--adapter", "phantoms", "--patient", "file"), ("--patient is for class folders",)),
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

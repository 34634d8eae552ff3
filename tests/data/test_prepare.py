import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.manifest import PARTS, Manifest
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.errors import MammoError
from tflite_mammo.imaging import read_pixels
from tflite_mammo.preprocess import PreprocessSpec, preprocess

SPEC = PreprocessSpec(height=16, width=12)
FILES = ["dataset.json", "images.npy", "manifest.csv", "problems.csv"]
PLAN = PreparePlan("folder", SPEC, (0.5, 0.25, 0.25))


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Eight patients of each class, one image each."""
    root = tmp_path / "collection"
    for number in range(16):
        path = root / ("malignant" if number % 2 else "benign") / f"P{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image = np.zeros((24, 18), np.uint8)
        image[4:20, :12] = 100 + 5 * number + np.indices((16, 12)).sum(axis=0)
        Image.fromarray(image).save(path)
    return root


def read(root: Path) -> Manifest:
    return read_collection(root, "folder", AdapterOptions(patient=r"(P\d+)"))


def rows_of(table: Path) -> list[list[str]]:
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def changed(dataset: Dataset, folder: Path, **settings: object) -> Path:
    """A copy of a prepared folder with other settings in its dataset.json."""
    shutil.copytree(dataset.folder, folder)
    info = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    (folder / "dataset.json").write_text(json.dumps({**info, **settings}), encoding="utf-8")
    return folder


def test_every_row_of_the_array_is_its_file_preprocessed(prepared: Dataset, phantom_folder: Path) -> None:
    for row, example in enumerate(prepared.examples):
        expected = preprocess(read_pixels(phantom_folder / example.file), prepared.info.spec)
        np.testing.assert_array_equal(prepared.images[row], expected)


def test_the_folder_holds_what_its_readers_expect(prepared: Dataset) -> None:
    assert sorted(path.name for path in prepared.folder.iterdir()) == FILES
    assert rows_of(prepared.folder / "problems.csv") == [["file", "reason"]]


def test_dataset_json_says_where_the_images_came_from(prepared: Dataset) -> None:
    info = prepared.info
    assert (info.adapter, info.classes, info.synthetic) == ("phantoms", ("benign", "malignant"), True)
    assert info.source == "synthetic phantoms, seed 5, 24 patients"
    assert (info.images, info.problems) == (len(prepared.examples), 0)
    assert info.spec_fingerprint == info.spec.fingerprint


def test_the_manifest_keeps_boxes_and_what_else_was_known(prepared: Dataset, phantom_folder: Path) -> None:
    before = read_collection(phantom_folder, "phantoms", AdapterOptions()).only(prepared.info.classes)
    assert [replace(example, part="") for example in prepared.examples] == list(before.examples)


def test_no_patient_lies_in_two_parts_and_every_part_holds_both_classes(prepared: Dataset) -> None:
    seen: set[str] = set()
    for name in PARTS:
        part = prepared.part(name)
        patients = {example.patient for example in part.examples}
        assert not patients & seen
        assert set(part.labels) == {0, 1}
        seen |= patients


def test_counts_are_those_of_the_parts(prepared: Dataset) -> None:
    for name in PARTS:
        part = prepared.part(name)
        counts = {label: int((part.labels == i).sum()) for i, label in enumerate(prepared.info.classes)}
        assert prepared.info.counts[name] == counts


def test_a_parts_tensors_are_its_rows_of_the_array(prepared: Dataset) -> None:
    part = prepared.part("validation")
    np.testing.assert_array_equal(list(prepared.tensors(part)), prepared.images[part.rows])
    assert [prepared.examples[row] for row in part.rows] == list(part.examples)


def test_scores_of_a_part_carry_its_files_and_labels(prepared: Dataset) -> None:
    part = prepared.part("test")
    scores = prepared.scores(part, np.full((len(part.rows), 2), 0.5, np.float32))
    assert [row.file for row in scores.rows] == [example.file for example in part.examples]
    np.testing.assert_array_equal(scores.positive, part.labels == 1)
    assert {row.split for row in scores.rows} == {"test"}


def test_an_unreadable_image_is_a_problem_and_the_rest_goes_on(collection: Path, tmp_path: Path) -> None:
    manifest = read(collection)
    (collection / "benign" / "P02.png").write_text("no image")
    (collection / "malignant" / "P15.png").unlink()
    dataset = prepare(manifest, tmp_path / "out", PLAN, workers=1)
    assert (dataset.info.images, dataset.info.problems, len(dataset.images)) == (14, 2, 14)
    (_, first, last) = rows_of(dataset.folder / "problems.csv")
    assert first[0] == "benign/P02.png"
    assert "not an image in a known format" in first[1]
    assert last[0] == "malignant/P15.png"
    assert "no such file" in last[1]


def test_rows_stay_with_their_files_after_a_problem(collection: Path, tmp_path: Path) -> None:
    (collection / "benign" / "P02.png").write_text("no image")
    dataset = prepare(read(collection), tmp_path / "out", PLAN, workers=1)
    assert sorted(path.name for path in dataset.folder.iterdir()) == FILES
    assert "benign/P02.png" not in [example.file for example in dataset.examples]
    for row, example in enumerate(dataset.examples):
        np.testing.assert_array_equal(dataset.images[row], preprocess(read_pixels(collection / example.file), SPEC))


def test_a_class_of_which_nothing_could_be_read_leaves_nothing_behind(collection: Path, tmp_path: Path) -> None:
    for path in (collection / "malignant").iterdir():
        path.write_text("no image")
    with pytest.raises(MammoError, match=r"no 'malignant' image of the train part could be read; .*P01.png: unreadab"):
        prepare(read(collection), tmp_path / "out", PLAN, workers=1)
    assert list(tmp_path.iterdir()) == [collection]


def test_being_stopped_leaves_nothing_behind(collection: Path, tmp_path: Path) -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt("stopped")

    with pytest.raises(KeyboardInterrupt, match="stopped"):
        prepare(read(collection), tmp_path / "out", PLAN, workers=1, advance=stop)
    assert list(tmp_path.iterdir()) == [collection]


def test_an_existing_folder_is_refused_and_kept(collection: Path, tmp_path: Path) -> None:
    prepare(read(collection), tmp_path / "out", PLAN, workers=1)
    before = (tmp_path / "out" / "dataset.json").read_bytes()
    with pytest.raises(MammoError, match="out exists already; choose another name or remove it first"):
        prepare(read(collection), tmp_path / "out", replace(PLAN, seed=1), workers=1)
    assert (tmp_path / "out" / "dataset.json").read_bytes() == before


def test_the_fingerprint_is_the_same_on_repeat_and_with_two_workers(collection: Path, tmp_path: Path) -> None:
    manifest = read(collection)
    one, again = (prepare(manifest, tmp_path / name, PLAN, workers=1) for name in ("one", "again"))
    two = prepare(manifest, tmp_path / "two", PLAN, workers=2)
    assert one.info == again.info == two.info
    np.testing.assert_array_equal(one.images, two.images)


def test_the_fingerprint_changes_with_a_pixel(collection: Path, tmp_path: Path) -> None:
    before = prepare(read(collection), tmp_path / "before", PLAN, workers=1).info.fingerprint
    image = np.array(Image.open(collection / "benign" / "P00.png"))
    image[10, 5] += 60
    Image.fromarray(image).save(collection / "benign" / "P00.png")
    assert prepare(read(collection), tmp_path / "after", PLAN, workers=1).info.fingerprint != before


def test_the_fingerprint_changes_with_the_split(collection: Path, tmp_path: Path) -> None:
    one = prepare(read(collection), tmp_path / "one", PLAN, workers=1)
    other = prepare(read(collection), tmp_path / "other", replace(PLAN, seed=1), workers=1)
    assert one.info.fingerprint != other.info.fingerprint


def test_what_was_left_out_is_kept_on_record(collection: Path, tmp_path: Path) -> None:
    dataset = prepare(read(collection), tmp_path / "out", replace(PLAN, left_out={"normal": 7}), workers=1)
    assert Dataset(dataset.folder).info.left_out == {"normal": 7}


def test_the_owners_split_is_kept_where_no_shares_are_given(collection: Path, tmp_path: Path) -> None:
    manifest = read(collection)
    examples = tuple(replace(e, part="test" if e.patient > "P11" else "train") for e in manifest.examples)
    dataset = prepare(replace(manifest, examples=examples), tmp_path / "out", replace(PLAN, shares=None), workers=1)
    assert dataset.split.test == {"P12", "P13", "P14", "P15"}
    assert len(dataset.split.validation) == 2


def test_progress_is_told_image_by_image(collection: Path, tmp_path: Path) -> None:
    told: list[int] = []
    prepare(read(collection), tmp_path / "out", PLAN, workers=1, advance=told.append)
    assert told == [1] * 16


def test_a_folder_that_prepare_did_not_write_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MammoError, match=r"no dataset.json; expected a folder that `tflite-mammo prepare` wrote"):
        Dataset(tmp_path)


def test_a_folder_of_a_version_with_other_tensors_is_refused(prepared: Dataset, tmp_path: Path) -> None:
    folder = changed(prepared, tmp_path / "d", spec_fingerprint="0123456789ab")
    with pytest.raises(MammoError, match="d: prepared by a version whose tensors differ from today's; prepare it agai"):
        Dataset(folder)


def test_an_array_of_another_shape_is_refused(prepared: Dataset, tmp_path: Path) -> None:
    folder = changed(prepared, tmp_path / "d")
    np.save(folder / "images.npy", prepared.images[:-1])
    count = len(prepared.images)
    with pytest.raises(MammoError, match=rf"images.npy holds \({count - 1}, 64, 64, 1\), the manifest says \({count},"):
        Dataset(folder)


@pytest.mark.parametrize("content", [None, b"no array", b"\x93NUMPY"])
def test_an_array_that_cannot_be_read_is_refused(content: bytes | None, prepared: Dataset, tmp_path: Path) -> None:
    folder = changed(prepared, tmp_path / "d")
    (folder / "images.npy").unlink()
    if content is not None:
        (folder / "images.npy").write_bytes(content)
    with pytest.raises(MammoError, match=r"images.npy cannot be read \(.*\); prepare it again"):
        Dataset(folder)


def test_a_truncated_array_is_refused(prepared: Dataset, tmp_path: Path) -> None:
    folder = changed(prepared, tmp_path / "d")
    whole = (folder / "images.npy").read_bytes()
    (folder / "images.npy").write_bytes(whole[:-100])
    with pytest.raises(MammoError, match=r"images.npy cannot be read \(.*\); prepare it again"):
        Dataset(folder)


def test_a_manifest_edited_to_share_a_patient_is_refused(prepared: Dataset, tmp_path: Path) -> None:
    folder = changed(prepared, tmp_path / "d")
    patient = min(prepared.split.train)
    text = (folder / "manifest.csv").read_text(encoding="utf-8")
    (folder / "manifest.csv").write_text(text.replace(min(prepared.split.test), patient), encoding="utf-8")
    with pytest.raises(MammoError, match=r"manifest\.csv was changed after it was prepared"):
        Dataset(folder)


def test_a_part_of_another_name_is_refused(prepared: Dataset) -> None:
    with pytest.raises(MammoError, match="no part is called 'valid'; there are: train, validation, test"):
        prepared.part("valid")


def test_an_empty_part_is_refused(collection: Path, tmp_path: Path) -> None:
    dataset = prepare(read(collection), tmp_path / "out", replace(PLAN, shares=(0.5, 0.5, 0.0)), workers=1)
    with pytest.raises(MammoError, match="its test part is empty; prepare it with a larger share"):
        dataset.part("test")


def test_a_model_that_expects_other_tensors_is_refused_with_the_difference(prepared: Dataset) -> None:
    prepared.expect_spec(PreprocessSpec(height=64, width=64), "model.tflite")
    with pytest.raises(MammoError, match=r"otherwise than model.tflite expects: fit letterbox against stretch; prep"):
        prepared.expect_spec(PreprocessSpec(height=64, width=64, fit="stretch"), "model.tflite")


@pytest.mark.parametrize("classes", [("malignant", "benign"), ("normal", "benign", "malignant")])
def test_a_model_that_knows_other_classes_is_refused(classes: tuple[str, ...], prepared: Dataset) -> None:
    prepared.expect_classes(("benign", "malignant"), "model.tflite")
    with pytest.raises(MammoError, match=f"classes benign, malignant, model.tflite knows {', '.join(classes)}; prep"):
        prepared.expect_classes(classes, "model.tflite")

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
from tflite_mammo.data.manifest import PARTS, Example, Manifest, Problem
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.data.reading import read_row
from tflite_mammo.errors import MammoError
from tflite_mammo.imaging import read_pixels
from tflite_mammo.preprocess import PreprocessSpec, preprocess, tensor_of

SPEC = PreprocessSpec(height=16, width=12)
FILES = ["cues.csv", "dataset.json", "images.npy", "manifest.csv", "problems.csv"]
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
    # A training on the same data may have left its audit there.
    assert sorted({path.name for path in prepared.folder.iterdir()} - {"audit"}) == ["boxes.csv", *FILES]
    assert rows_of(prepared.folder / "problems.csv")[0] == ["file", "kind", "reason"]
    assert prepared.images.shape == (len(prepared.examples), 64, 64, 1)


def test_dataset_json_says_where_the_images_came_from(prepared: Dataset) -> None:
    info = prepared.info
    assert (info.adapter, info.classes, info.synthetic) == ("phantoms", ("benign", "malignant"), True)
    assert info.source == "synthetic phantoms, seed 5, 24 patients"
    assert (info.images, info.folds) == (len(prepared.examples), 0)
    assert info.counts == {part: prepared.counts(part) for part in PARTS}
    assert sum(sum(counts.values()) for counts in info.counts.values()) == info.images
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
    assert (dataset.info.images, dataset.info.problems, len(dataset.images)) == (14, {"unreadable": 2}, 14)
    (_, first, last) = rows_of(dataset.folder / "problems.csv")
    assert first[:2] == ["benign/P02.png", "unreadable"]
    assert "not an image in a known format" in first[2]
    assert last == ["malignant/P15.png", "unreadable", "no such file"]


def test_rows_stay_with_their_files_after_a_problem(collection: Path, tmp_path: Path) -> None:
    (collection / "benign" / "P02.png").write_text("no image")
    dataset = prepare(read(collection), tmp_path / "out", PLAN, workers=1)
    assert sorted(path.name for path in dataset.folder.iterdir()) == FILES
    assert "benign/P02.png" not in [example.file for example in dataset.examples]
    for row, example in enumerate(dataset.examples):
        np.testing.assert_array_equal(dataset.images[row], preprocess(read_pixels(collection / example.file), SPEC))


def test_a_class_of_which_nothing_could_be_read_leaves_no_folder(collection: Path, tmp_path: Path) -> None:
    for path in (collection / "malignant").iterdir():
        path.write_text("no image")
    with pytest.raises(MammoError, match=r"no 'malignant' image of the test part could be read; .*P01.png: unreadab"):
        prepare(read(collection), tmp_path / "out", PLAN, workers=1)
    assert not (tmp_path / "out").exists()


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


def test_what_was_left_out_is_kept_on_record(prepared: Dataset, phantom_folder: Path) -> None:
    every = read_collection(phantom_folder, "phantoms", AdapterOptions()).examples
    out = [[e.file, "left out", "label 'normal' is none of benign, malignant"] for e in every if e.label == "normal"]
    rows = rows_of(prepared.folder / "problems.csv")[1:]
    assert [row for row in rows if row[1] == "left out"] == out
    assert prepared.info.problems["left out"] == len(out) > 0


def test_strict_stops_at_the_first_file_that_cannot_be_read_and_names_it(collection: Path, tmp_path: Path) -> None:
    (collection / "benign" / "P02.png").write_text("no image")
    with pytest.raises(MammoError, match=r"benign/P02.png: unreadable image .*; --strict stops at the first problem"):
        prepare(read(collection), tmp_path / "out", replace(PLAN, strict=True), workers=1)
    assert not (tmp_path / "out").exists()


def test_strict_stops_at_what_the_adapter_found_before_a_file_is_read(collection: Path, tmp_path: Path) -> None:
    manifest = replace(read(collection), problems=(Problem("x.png", "row", "no patient"),))
    with pytest.raises(MammoError, match=r"^x.png: no patient; --strict stops at the first problem"):
        prepare(manifest, tmp_path / "out", replace(PLAN, strict=True), workers=1)
    assert list(tmp_path.iterdir()) == [collection]


def test_strict_minds_nothing_that_was_left_out_on_purpose(collection: Path, tmp_path: Path) -> None:
    manifest = replace(read(collection), problems=(Problem("x.png", "left out", "label 'normal'"),))
    assert prepare(manifest, tmp_path / "out", replace(PLAN, strict=True), workers=1).info.images == 16


def test_folds_are_columns_of_the_manifest_and_each_is_a_split(collection: Path, tmp_path: Path) -> None:
    first = prepare(read(collection), tmp_path / "out", replace(PLAN, folds=4), workers=1)
    columns = rows_of(first.folder / "manifest.csv")[0]
    assert columns[-4:] == ["fold_1", "fold_2", "fold_3", "fold_4"]
    assert "split" not in columns
    folds = [Dataset(first.folder, fold).split for fold in (1, 2, 3, 4)]
    assert (first.info.folds, first.split) == (4, folds[0])
    assert frozenset().union(*(fold.test for fold in folds)) == {e.patient for e in first.examples}
    assert [first.info.counts[f"fold_{k} test"] for k in (1, 2, 3, 4)] == [{"benign": 2, "malignant": 2}] * 4


def test_a_folder_with_folds_wants_to_be_told_which(collection: Path, tmp_path: Path) -> None:
    folder = prepare(read(collection), tmp_path / "out", replace(PLAN, folds=4), workers=1).folder
    with pytest.raises(MammoError, match="out is prepared in 4 folds; say which with --fold 1 to 4"):
        Dataset(folder)
    with pytest.raises(MammoError, match="out: no fold 5; there are: 1 to 4"):
        Dataset(folder, 5)


def test_a_folder_with_one_split_has_no_folds(prepared: Dataset) -> None:
    with pytest.raises(MammoError, match="no fold 1; there are: none, it has one split"):
        Dataset(prepared.folder, 1)


def test_folds_leave_the_owners_split_aside_unless_told(collection: Path, tmp_path: Path) -> None:
    manifest = in_parts(read(collection))
    drawn = prepare(manifest, tmp_path / "drawn", replace(PLAN, folds=4), workers=1)
    tested = [Dataset(drawn.folder, fold).split.test for fold in (1, 2, 3, 4)]
    assert frozenset().union(*tested) == {example.patient for example in manifest.examples}
    kept = [prepare(manifest, tmp_path / "kept", replace(PLAN, folds=2, split="official"), workers=1).split]
    kept.append(Dataset(tmp_path / "kept", 2).split)
    assert [split.test for split in kept] == [{"P12", "P13", "P14", "P15"}] * 2


def test_the_owners_folds_are_kept_where_they_are_asked_for(collection: Path, tmp_path: Path) -> None:
    turns = ("test", "validation", "train", "train")
    manifest = read(collection)
    examples = tuple(
        replace(e, folds=tuple(turns[(int(e.patient[1:]) // 4 + k) % 4] for k in (0, 1))) for e in manifest.examples
    )
    plan = replace(PLAN, split="official")
    prepare(replace(manifest, examples=examples), tmp_path / "out", plan, workers=1)
    assert Dataset(tmp_path / "out", 1).split.test == {"P00", "P01", "P02", "P03"}
    assert Dataset(tmp_path / "out", 2).split.test == {"P12", "P13", "P14", "P15"}


def test_an_external_collection_is_all_test(collection: Path, tmp_path: Path) -> None:
    dataset = prepare(read(collection), tmp_path / "out", replace(PLAN, split=(0.0, 0.0, 1.0)), workers=1)
    assert dataset.counts("test") == {"benign": 8, "malignant": 8}


def in_parts(manifest: Manifest) -> Manifest:
    examples = tuple(replace(e, part="test" if e.patient > "P11" else "train") for e in manifest.examples)
    return replace(manifest, examples=examples)


def test_the_cues_are_those_of_the_stored_files(collection: Path, tmp_path: Path) -> None:
    dataset = prepare(read(collection), tmp_path / "out", PLAN, workers=1)
    paths = [collection / example.file for example in dataset.examples]
    assert list(dataset.cues) == ["width", "height", "file_bytes", "brightness", "border"]
    assert dataset.cues["file_bytes"].tolist() == [path.stat().st_size for path in paths]
    assert set(dataset.cues["width"]) == {18}
    assert set(dataset.cues["height"]) == {24}
    expected = [read_pixels(path).mean() / 255 for path in paths]
    np.testing.assert_allclose(dataset.cues["brightness"], expected, atol=1e-5)


def test_a_bright_border_is_seen(tmp_path: Path) -> None:
    image = np.zeros((100, 100), np.uint8)
    image[:2], image[-2:], image[:, :2], image[:, -2:] = 255, 255, 255, 255
    Image.fromarray(image).save(tmp_path / "a.png")
    done, _ = read_row((0, Example("a.png", "benign", "P1")), root=tmp_path, spec=SPEC)
    assert done.border == 1.0
    assert done.brightness == pytest.approx(4 * 2 * 98 / 10_000, abs=1e-4)


ROI = replace(SPEC, crop="roi", context_percent=0, orient="keep", polarity="keep", height=8, width=8)


def test_a_lesion_is_found_from_its_mask(tmp_path: Path) -> None:
    image, mask = np.full((40, 60), 9, np.uint8), np.zeros((40, 60), np.bool_)
    image[10:26, 30:46], mask[10:26, 30:46] = 200, True
    Image.fromarray(image).save(tmp_path / "a.png")
    Image.fromarray(mask).save(tmp_path / "m.png")  # 1 bit: refused as an image, right for a mask
    done, tensor = read_row((0, Example("a.png", "benign", "P1", mask="m.png")), root=tmp_path, spec=ROI)
    assert done.box == (30, 10, 46, 26)
    assert tensor is not None
    assert set(tensor.ravel()) == {200}


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_crop_of_a_large_file_is_the_one_the_device_makes(suffix: str, tmp_path: Path) -> None:
    image = (np.indices((640, 480)).sum(axis=0) // 5).astype(np.uint8)
    Image.fromarray(image).save(tmp_path / f"a.{suffix}")
    example = Example(f"a.{suffix}", "benign", "P1", box=(301, 402, 365, 466))
    done, tensor = read_row((0, example), root=tmp_path, spec=ROI)
    assert (done.width, done.height, done.box) == (480, 640, example.box)
    assert tensor is not None
    np.testing.assert_array_equal(tensor, tensor_of(tmp_path / example.file, ROI, example.box))
    assert abs(int(tensor.mean()) - (301 + 402 + 64) // 5) <= 2


def test_an_empty_mask_is_a_problem(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((40, 60), np.uint8)).save(tmp_path / "a.png")
    done, tensor = read_row((0, Example("a.png", "benign", "P1", mask="a.png")), root=tmp_path, spec=ROI)
    assert tensor is None
    assert done.reason == "its mask a.png is empty; expected the lesion in it"


def test_a_box_outside_its_image_is_a_problem(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((40, 60), np.uint8)).save(tmp_path / "a.png")
    done, _ = read_row((0, Example("a.png", "benign", "P1", box=(50, 10, 70, 20))), root=tmp_path, spec=ROI)
    assert done.reason == "the lesion's box (50, 10, 70, 20) does not lie in an image of 60x40 pixels"


def test_lesions_of_one_file_are_rows_of_their_own(collection: Path, tmp_path: Path) -> None:
    manifest = read(collection)
    boxes = ((0, 4, 6, 10), (6, 8, 12, 16))
    lesions = tuple(replace(e, lesion=str(n), box=box) for e in manifest.examples for n, box in enumerate(boxes, 1))
    plan = replace(PLAN, spec=ROI)
    dataset = prepare(replace(manifest, examples=lesions), tmp_path / "out", plan, workers=1)
    assert [(e.name, e.box) for e in dataset.examples[:2]] == [
        ("benign/P00.png#1", boxes[0]), ("benign/P00.png#2", boxes[1]),
    ]  # fmt: skip
    for row, example in enumerate(dataset.examples):
        np.testing.assert_array_equal(dataset.images[row], tensor_of(collection / example.file, ROI, example.box))


def test_the_owners_split_is_kept_where_it_is_asked_for(collection: Path, tmp_path: Path) -> None:
    dataset = prepare(in_parts(read(collection)), tmp_path / "out", replace(PLAN, split="official"), workers=1)
    assert dataset.split.test == {"P12", "P13", "P14", "P15"}
    assert len(dataset.split.validation) == 2


def test_progress_is_told_image_by_image(collection: Path, tmp_path: Path) -> None:
    told: list[int] = []
    prepare(read(collection), tmp_path / "out", PLAN, workers=1, advance=told.append)
    assert told == [0, *[1] * 16]


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
    dataset = prepare(read(collection), tmp_path / "out", replace(PLAN, split=(0.5, 0.5, 0.0)), workers=1)
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

import json
from dataclasses import replace

import pytest

from tflite_mammo.auditing.audit import audit
from tflite_mammo.auditing.report import AUDIT_VERSION, LeakReport
from tflite_mammo.data.adapters import AdapterOptions, read_collection
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.prepare import PreparePlan, prepare
from tflite_mammo.errors import MammoError
from tflite_mammo.preprocess import PreprocessSpec
from tflite_mammo.schema import from_dict, to_json

pytestmark = pytest.mark.usefixtures("no_forest")


def test_a_set_without_copies_has_no_leak(plant) -> None:
    dataset = plant()
    report, duplicates, pairs = audit([dataset])
    assert (report.images, report.patients, report.duplicates, report.two_labels) == (12, 12, 0, 0)
    assert (report.leak, duplicates, pairs) == (False, [], [])
    assert (report.version, report.data) == (AUDIT_VERSION, (dataset.info.fingerprint,))


@pytest.mark.parametrize(("part", "leaks"), [("train", 0), ("validation", 1), ("test", 1)])
def test_a_copy_is_a_leak_in_another_part_only(part: str, leaks: int, originals, copy, plant) -> None:
    report, (found,), _ = audit([plant((copy(originals[1], "turned 8"), {"split": part}))])
    assert (report.duplicates, report.leaks, report.leak) == (1, leaks, bool(leaks))
    assert (found.file, found.other, found.leak) == ("01.png", "copy_0.png", bool(leaks))
    assert (found.part, found.other_part, found.patient, found.other_patient) == ("train", part, "P01", "C0")


def test_validation_and_test_may_not_share_an_image_either(originals, plant) -> None:
    report, _, _ = audit([plant((originals[9], {"split": "test"}))])
    assert report.leaks == 1


def test_a_copy_with_another_label_is_counted_wherever_it_lies(originals, copy, plant) -> None:
    dataset = plant((copy(originals[1], "CLAHE"), {"split": "train", "label": "malignant"}))
    report, (found,), _ = audit([dataset])
    assert (report.two_labels, report.leaks, found.two_labels) == (1, 0, True)
    assert (found.label, found.other_label) == ("benign", "malignant")


@pytest.mark.parametrize(
    ("number", "lies_in", "copy_in", "leak"),
    [
        (2, "train/train", "train/train", False),
        (2, "train/train", "train/validation", True),
        (2, "train/train", "test/train", True),
        (4, "train/validation", "train/validation", False),
        (4, "train/validation", "validation/train", True),
    ],
)
def test_a_pair_apart_in_any_fold_is_a_leak(
    number: int, lies_in: str, copy_in: str, leak: bool, originals, plant
) -> None:
    cells = dict(zip(("fold_1", "fold_2"), copy_in.split("/"), strict=True))
    report, (found,), _ = audit([plant((originals[number], cells), folds=True)])
    assert (found.part, found.other_part) == (lies_in, copy_in)
    assert (report.leaks, report.leak) == (int(leak), leak)


def test_an_image_that_a_fold_leaves_out_is_no_leak_in_it(originals, plant) -> None:
    # A patient's part is known by another image of hers.
    hers = [(originals[15], {"patient": "X", "fold_1": "test", "fold_2": "train"})]
    hers += [(originals[2], {"patient": "X", "fold_1": "", "fold_2": "train"})]
    report, (found,), _ = audit([plant(*hers, folds=True)])
    assert (found.other_part, report.leaks) == ("/train", 0)


def test_several_datasets_are_looked_at_as_one(originals, copy, plant) -> None:
    one = plant()
    other = plant((copy(originals[1], "turned 8"), {"split": "test"}), name="other")
    report, duplicates, _ = audit([one, other])
    assert (report.images, report.data) == (25, (one.info.fingerprint, other.info.fingerprint))
    across = {(d.file, d.other): d for d in duplicates if d.data != d.other_data}
    assert len(across) == 13  # each with itself, and the copy with the original of the first
    assert across["01.png", "copy_0.png"].leak
    assert not across["01.png", "01.png"].leak
    assert (across["01.png", "copy_0.png"].data, across["01.png", "copy_0.png"].other_data) == (
        str(one.folder),
        str(other.folder),
    )


def test_a_copy_is_found_in_a_dataset_of_another_size(originals, copy, plant) -> None:
    small = PreprocessSpec(height=96, width=80)
    external = plant((copy(originals[1], "brightened"), {"split": "test"}), name="external", spec=small)
    _, duplicates, _ = audit([plant(), external])
    assert ("01.png", "copy_0.png") in {(d.file, d.other) for d in duplicates if d.leak}


def prepared_from(source: Dataset, phantom_folder, out, **plan: object) -> Dataset:
    manifest = read_collection(phantom_folder, "phantoms", AdapterOptions()).only(source.info.classes)
    return prepare(
        manifest, out, replace(PreparePlan("phantoms", source.info.spec, (0.6, 0.2, 0.2)), **plan), workers=1
    )


@pytest.mark.usefixtures("no_pairs")
def test_a_patient_in_train_here_and_in_test_there_is_a_leak(prepared, phantom_folder, tmp_path) -> None:
    external = prepared_from(prepared, phantom_folder, tmp_path / "external", split=(0.0, 0.0, 1.0))
    report, _, _ = audit([prepared, external])
    assert set(report.shared_patients) == prepared.split.train | prepared.split.validation
    assert report.leak


@pytest.mark.usefixtures("no_pairs")
def test_a_patient_of_a_dataset_in_folds_is_looked_for_in_an_external_one(prepared, phantom_folder, tmp_path) -> None:
    folded = prepared_from(prepared, phantom_folder, tmp_path / "folded", folds=3)
    external = prepared_from(prepared, phantom_folder, tmp_path / "external", split=(0.0, 0.0, 1.0))
    report, _, _ = audit([folded, external])
    assert set(report.shared_patients) == external.split.test


@pytest.mark.usefixtures("no_pairs")
def test_tables_do_not_tell_their_collection_and_the_same_name_is_the_same_woman(originals, plant) -> None:
    one = plant((originals[13], {"patient": "X", "split": "train"}))
    other = plant((originals[14], {"patient": "X", "split": "test"}), name="other")
    assert one.info.source != other.info.source
    assert audit([one, other])[0].shared_patients == ("X",)


@pytest.mark.usefixtures("no_pairs")
def test_a_patient_of_another_named_collection_may_bear_the_same_name(originals, plant, monkeypatch) -> None:
    one = plant((originals[13], {"patient": "X", "split": "train"}))
    other = plant((originals[14], {"patient": "X", "split": "test"}), name="other")
    for dataset, adapter in ((one, "cmmd"), (other, "inbreast")):
        monkeypatch.setattr(dataset, "info", replace(dataset.info, adapter=adapter))
    assert audit([one, other])[0].shared_patients == ()


@pytest.mark.usefixtures("no_pairs")
def test_folds_of_two_datasets_are_all_set_against_each_other(originals, plant) -> None:
    # In the first fold of both she is trained on; in the second of the other she is tested.
    one = plant((originals[13], {"patient": "X", "fold_1": "train", "fold_2": "train"}), folds=True)
    other = plant((originals[14], {"patient": "X", "fold_1": "train", "fold_2": "test"}), name="other", folds=True)
    assert "X" in audit([one, other])[0].shared_patients


def test_a_leak_by_an_image_that_a_fold_leaves_out_is_found(originals, plant) -> None:
    # Of identical images each is paired with the first, and the first is in neither fold where the others are apart.
    cells = (("train", ""), ("", "train"), ("", "test"))
    copies = [(originals[15], {"fold_1": one, "fold_2": two}) for one, two in cells]
    report, duplicates, _ = audit([plant(*copies, folds=True)])
    assert [(d.file, d.other) for d in duplicates] == [("copy_0.png", "copy_1.png"), ("copy_0.png", "copy_2.png")]
    assert report.leaks == 2


def test_a_model_that_cannot_be_asked_is_refused_before_the_work(converted, prepared, monkeypatch) -> None:
    monkeypatch.setattr("tflite_mammo.auditing.audit.find_pairs", lambda *_, **__: pytest.fail("looked for pairs"))
    card = replace(converted["int8"].bundle.card, calibration=())
    with pytest.raises(MammoError, match="does not say what it was calibrated on"):
        audit([prepared], card)


@pytest.mark.usefixtures("no_pairs")
def test_folds_of_one_dataset_share_no_patients(prepared, phantom_folder, tmp_path) -> None:
    folded = prepared_from(prepared, phantom_folder, tmp_path / "folded", folds=3)
    assert audit([folded])[0].shared_patients == ()


@pytest.mark.usefixtures("no_pairs")
def test_a_model_was_not_calibrated_on_what_its_own_data_tests(converted, prepared) -> None:
    card = converted["int8"].bundle.card
    assert len(card.calibration) == card.calibration_images > 0
    report, _, _ = audit([prepared], card)
    assert (report.calibrated_on, report.leak) == (0, False)


@pytest.mark.usefixtures("no_pairs")
def test_calibration_images_in_another_splits_test_part_are_a_leak(
    converted, prepared, phantom_folder, tmp_path
) -> None:
    other = prepared_from(prepared, phantom_folder, tmp_path / "other", seed=1)
    report, _, _ = audit([other], converted["int8"].bundle.card)
    in_train = {e.name for e in prepared.part("train").examples}
    moved = sum(e.name in in_train for part in ("validation", "test") for e in other.part(part).examples)
    assert 0 < report.calibrated_on <= moved
    assert report.leak


@pytest.mark.usefixtures("no_pairs")
@pytest.mark.parametrize("quantisation", ["float32", "float16", "dynamic"])
def test_a_model_without_integer_ranges_was_calibrated_on_nothing(quantisation: str, converted, prepared) -> None:
    report, _, _ = audit([prepared], converted[quantisation].bundle.card)
    assert report.calibrated_on == 0


@pytest.mark.usefixtures("no_pairs")
def test_a_model_without_integer_ranges_may_meet_tensors_of_any_size(converted, plant) -> None:
    assert audit([plant()], converted["float32"].bundle.card)[0].calibrated_on == 0


@pytest.mark.usefixtures("no_pairs")
def test_a_model_is_asked_about_the_fold_it_was_trained_on(converted, prepared, phantom_folder, tmp_path) -> None:
    from tflite_mammo.auditing.report import digest_of

    folded = Dataset(prepared_from(prepared, phantom_folder, tmp_path / "folded", folds=3).folder, 2)
    digests = tuple(digest_of(folded.images[row].tobytes()) for row in folded.part("train").rows)
    card = replace(converted["int8"].bundle.card, calibration=digests, calibration_images=len(digests))
    own = replace(card, data=folded.info.fingerprint, fold=2)
    assert audit([folded], own)[0].calibrated_on == 0
    assert audit([folded], replace(own, fold=3))[0].calibrated_on > 0
    assert audit([folded], card)[0].calibrated_on > 0


@pytest.mark.usefixtures("no_pairs")
def test_a_card_that_does_not_name_its_calibration_is_refused(converted, prepared) -> None:
    card = replace(converted["int8"].bundle.card, calibration=())
    with pytest.raises(MammoError, match="does not say what it was calibrated on; convert it again"):
        audit([prepared], card)


@pytest.mark.usefixtures("no_pairs")
def test_a_model_of_other_tensors_is_refused(converted, plant) -> None:
    with pytest.raises(MammoError, match="prepared otherwise than the model expects"):
        audit([plant()], converted["int8"].bundle.card)


def test_a_report_reads_back_as_it_was_written(originals, copy, plant) -> None:
    report, _, _ = audit([plant((copy(originals[1], "mirrored"), {"split": "test"}))])
    assert from_dict(LeakReport, json.loads(to_json(report)), "report") == report

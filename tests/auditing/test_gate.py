import json
from pathlib import Path

import pytest

from tflite_mammo.auditing import gate
from tflite_mammo.auditing.gate import audited, expect_no_leak, kept_report
from tflite_mammo.auditing.report import AuditRecord
from tflite_mammo.console import Advance, no_progress
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.errors import LeakError, MammoError

pytestmark = pytest.mark.usefixtures("no_forest")


@pytest.fixture
def leaky(plant, originals, copy) -> Dataset:
    return plant((copy(originals[2], "turned 8"), {"split": "test", "label": "benign"}))


def gated(dataset: Dataset, *, accept: bool = False, advance: Advance = no_progress) -> AuditRecord:
    return expect_no_leak(dataset, audited(dataset, advance=advance), accept=accept)


def change(dataset: Dataset, **values: object) -> None:
    path = dataset.folder / "audit" / "audit.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_data_is_audited_once_and_then_read(plant, no_pairs: list[object]) -> None:
    dataset, told = plant(), list[int]()
    first = gated(dataset, advance=told.append)
    assert (len(no_pairs), sum(told)) == (1, 12)
    assert gated(dataset, advance=told.append) == first == AuditRecord(0, 0, 0, {}, False)
    assert (len(no_pairs), sum(told)) == (1, 12)


@pytest.mark.parametrize(
    "values",
    [{"version": 0}, {"data": ["of other data"]}, {"data": []}, {"from a later version": 1}, {"leaks": "three"}],
    ids=["version", "data", "no data", "unknown key", "type"],
)
def test_a_report_of_other_data_or_of_another_version_is_made_anew(values, plant, no_pairs: list[object]) -> None:
    dataset = plant()
    gated(dataset)
    change(dataset, **values)
    gated(dataset)
    gated(dataset)
    assert len(no_pairs) == 2


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe"])
def test_a_damaged_report_is_made_anew(content: bytes, plant, no_pairs: list[object]) -> None:
    dataset = plant()
    gated(dataset)
    (dataset.folder / "audit" / "audit.json").write_bytes(content)
    gated(dataset)
    assert len(no_pairs) == 2
    json.loads((dataset.folder / "audit" / "audit.json").read_text())


def test_a_later_version_of_the_audit_looks_again(plant, no_pairs: list[object], monkeypatch) -> None:
    dataset = plant()
    gated(dataset)
    monkeypatch.setattr(gate, "AUDIT_VERSION", 2)
    gated(dataset)
    assert len(no_pairs) == 2


def test_a_leak_is_refused_with_what_to_do(leaky: Dataset) -> None:
    table = leaky.folder / "audit" / "duplicates.csv"
    with pytest.raises(LeakError, match=rf"1 pairs of .* see {table}, .* --same {table} added, .* --accept-leak"):
        gated(leaky)
    assert table.is_file()


def test_an_accepted_leak_is_remembered(leaky: Dataset) -> None:
    assert gated(leaky, accept=True) == AuditRecord(1, 1, 1, {}, accepted=True)


def test_accepting_where_there_is_no_leak_is_not_remembered(plant) -> None:
    assert not gated(plant(), accept=True).accepted


def test_copies_within_a_part_and_labels_alone_are_let_pass(plant, originals) -> None:
    dataset = plant((originals[2], {"split": "train", "label": "benign"}))
    assert gated(dataset) == AuditRecord(0, 1, 1, {}, accepted=False)


def test_flagged_shortcuts_are_remembered_with_their_auc(plant) -> None:
    dataset = plant()
    gated(dataset)
    path = dataset.folder / "audit" / "audit.json"
    found = [
        {"name": "file size", "auc": {"value": 0.81234, "low": 0.7, "high": 0.9}},
        {"name": "image size", "auc": {"value": 0.81234, "low": 0.5, "high": 0.9}},
        {"name": "column device", "auc": {}, "learned": True},
    ]
    path.write_text(json.dumps({**json.loads(path.read_text()), "shortcuts": {"elsewhere": found}}))
    assert gated(dataset).shortcuts == {"file size": 0.812}


def test_what_an_audit_found_of_a_model_does_not_stop_a_training(plant, no_pairs: list[object]) -> None:
    dataset = plant()
    gated(dataset)
    change(dataset, calibrated_on=7)  # `audit DATA --model MODEL` writes to the same place
    assert not gated(dataset).accepted
    assert len(no_pairs) == 1


def test_data_that_was_moved_needs_no_second_audit(plant, no_pairs: list[object], tmp_path: Path) -> None:
    dataset = plant()
    gated(dataset)
    dataset.folder.rename(tmp_path / "moved")
    gated(Dataset(tmp_path / "moved"))
    assert len(no_pairs) == 1


def test_folds_are_audited_once_for_all(plant, no_pairs: list[object]) -> None:
    folder = plant(folds=True).folder
    assert [gated(Dataset(folder, fold)).leaks for fold in (1, 2)] == [0, 0]
    assert len(no_pairs) == 1


def test_a_leak_of_one_fold_keeps_from_training_on_another(plant, originals) -> None:
    folder = plant((originals[2], {"fold_1": "train", "fold_2": "test", "label": "malignant"}), folds=True).folder
    with pytest.raises(LeakError, match="1 pairs of images show the same in different parts"):
        gated(Dataset(folder, 1))


def test_a_report_is_kept_once_it_was_made(plant, no_pairs: list[object]) -> None:
    dataset = plant()
    assert kept_report(dataset) is None
    report = audited(dataset)
    assert kept_report(dataset) == report
    assert len(no_pairs) == 1


def test_a_leak_is_a_verdict_and_no_wrong_use() -> None:
    assert issubclass(LeakError, MammoError)
    assert (LeakError.status, MammoError.status) == (1, 2)


def test_data_in_a_folder_that_cannot_be_written_is_audited_all_the_same(
    leaky: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(leaky.folder))

    monkeypatch.setattr("tflite_mammo.auditing.files.write_audit", refuse)
    assert audited(leaky).leaks == 1
    assert kept_report(leaky) is None
    with pytest.raises(LeakError, match="1 pairs of images show the same in different parts"):
        gated(leaky)

"""What stands before a training: an audit of the data, kept beside it, and a refusal where it found a leak."""

from contextlib import suppress
from pathlib import Path

from tflite_mammo.auditing.report import AUDIT_VERSION, AuditRecord, LeakReport
from tflite_mammo.console import Advance, no_progress
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.errors import LeakError, MammoError
from tflite_mammo.files import expect_replaceable
from tflite_mammo.schema import read_json

FOLDER = "audit"
"""In the dataset's folder."""


def kept_report(dataset: Dataset) -> LeakReport | None:
    """The report of this very data, where there is one that today's audit could have made."""
    path = dataset.folder / FOLDER / "audit.json"
    if path.is_file():
        with suppress(MammoError):  # of another version, or damaged
            report = read_json(LeakReport, path)
            if report.data == (dataset.info.fingerprint,) and report.version == AUDIT_VERSION:
                return report
    return None


def audited(dataset: Dataset, *, advance: Advance = no_progress) -> LeakReport:
    """The report that is kept, or one that is made now and kept if the folder can be written to."""
    if kept := kept_report(dataset):
        return kept
    from tflite_mammo.auditing.audit import audit
    from tflite_mammo.auditing.files import NAMES, write_audit

    expect_replaceable(dataset.folder / FOLDER, NAMES)
    report, duplicates, pairs = audit([dataset], advance=advance)
    with suppress(OSError):
        write_audit(dataset.folder / FOLDER, [dataset], report, duplicates, pairs)
    return report


def advice(table: Path) -> str:
    """table: the pairs found; those of audits before still count."""
    return f"prepare again with --same {table} added"


def expect_no_leak(dataset: Dataset, report: LeakReport, *, accept: bool = False) -> AuditRecord:
    # Only what the data alone says: an audit with --model may have left what it found of that model here.
    if report.leaks and not accept:
        table = dataset.folder / FOLDER / "duplicates.csv"
        raise LeakError(
            f"{dataset.folder}: {report.leaks} pairs of images show the same in different parts, so what is tested has "
            f"been trained on; see {table}, and {advice(table)}, or train with --accept-leak"
        )
    flagged = {
        shortcut.name: round(shortcut.auc.value, 3)
        for found in report.shortcuts.values()
        for shortcut in found
        if shortcut.flagged and shortcut.auc.value is not None
    }
    return AuditRecord(report.leaks, report.two_labels, report.duplicates, flagged, accepted=report.leaks > 0)

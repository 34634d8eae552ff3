"""What an audit found. Light to import: a machine that only trains reads the report that another one made."""

import hashlib
from dataclasses import dataclass

from tflite_mammo.auditing.shortcuts import Shortcut

DIGEST_LENGTH = 16
AUDIT_VERSION = 1
"""Raised when an audit would find other things than before: an older one then counts as none."""


@dataclass(frozen=True)
class Duplicate:
    """Two images that show the same, however one was changed."""

    file: str
    other: str
    data: str
    """The folder of each, where several were audited."""
    other_data: str
    part: str
    other_part: str
    patient: str
    other_patient: str
    label: str
    other_label: str
    how: str
    likeness: float
    leak: bool
    """In different parts of some split: what is tested has been trained on or chosen by."""

    @property
    def two_labels(self) -> bool:
        return self.label != self.other_label


@dataclass(frozen=True)
class LeakReport:
    version: int
    data: tuple[str, ...]
    """Fingerprints of what was audited."""
    images: int
    patients: int
    duplicates: int
    """Pairs, within parts and across."""
    leaks: int
    """Pairs across parts."""
    two_labels: int
    """Pairs with different labels."""
    shared_patients: tuple[str, ...]
    """In different parts; within one dataset there can be none."""
    calibrated_on: int
    """Images of the validation and test parts that the model's int8 ranges were taken from."""
    shortcuts: dict[str, tuple[Shortcut, ...]]
    """Per dataset."""

    @property
    def leak(self) -> bool:
        return bool(self.leaks or self.shared_patients or self.calibrated_on)


def digest_of(tensor: bytes) -> str:
    """How a card names a tensor that its integer ranges were taken from, without naming a file or a patient."""
    return hashlib.sha256(tensor).hexdigest()[:DIGEST_LENGTH]


@dataclass(frozen=True)
class AuditRecord:
    """What a run and a card remember of the audit of their data."""

    leaks: int
    two_labels: int
    duplicates: int
    shortcuts: dict[str, float]
    """The AUC of those that were flagged."""
    accepted: bool
    """True when there was a leak and somebody said to go on."""

"""An audit to files that a person reads: audit.json, duplicates.csv and a picture of the worst pairs."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from tflite_mammo.auditing.duplicates import Pair, tensor_at
from tflite_mammo.auditing.report import Duplicate, LeakReport
from tflite_mammo.auditing.sheet import SHOWN, write_sheet
from tflite_mammo.data.dataset import Dataset
from tflite_mammo.data.rows import TENSORS
from tflite_mammo.files import replaced_folder
from tflite_mammo.schema import to_json

NAMES = ("audit.json", "duplicates.csv", "duplicates.png")
"""What an earlier audit may have left, and a new one replaces."""


def write_audit(
    out: Path, datasets: Sequence[Dataset], report: LeakReport, duplicates: list[Duplicate], pairs: list[Pair]
) -> None:
    """Leaks come first, then contradicting labels; the picture is there where there is something to show."""
    order = sorted(range(len(pairs)), key=lambda i: (not duplicates[i].leak, not duplicates[i].two_labels))
    rows = [(dataset.folder / TENSORS, row) for dataset in datasets for row in range(len(dataset.examples))]
    with replaced_folder(out, NAMES) as folder:
        (folder / "audit.json").write_text(to_json(report), encoding="utf-8")
        with (folder / "duplicates.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, [field.name for field in fields(Duplicate)])
            table.writeheader()
            table.writerows(asdict(duplicates[i]) for i in order)
        if pairs:
            shown = [pairs[i] for i in order[:SHOWN]]
            tensors = [(tensor_at(rows[pair.one]), tensor_at(rows[pair.other])) for pair in shown]
            write_sheet(folder / "duplicates.png", [duplicates[i] for i in order], tensors)

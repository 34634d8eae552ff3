"""tflite-mammo drift"""

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tflite_mammo.cli._judged import Judged, JudgedRun, opened
from tflite_mammo.cli._shared import ANY_PATH, FOLDER, fold_option, json_option, print_json, typed
from tflite_mammo.errors import MammoError

if TYPE_CHECKING:
    from tflite_mammo.conversion.proof import Form, Proof
    from tflite_mammo.scores import Scores, Threshold


@click.command("drift")
@click.argument("a", type=ANY_PATH)
@click.argument("b", type=ANY_PATH)
@click.option("--data", type=FOLDER, help="Folder from `prepare`; not needed for two scores.csv")
@click.option("--split", default="test", show_default=True, help="Part to compare on")
@click.option("--threshold", type=float, help="Threshold  [default: the one A or B carries]")
@click.option("--budget", default="int8", show_default=True, help="Preset or .toml file whose budget holds")
@click.option("--out", type=FOLDER, help="New folder for drift.html and drift.json")
@fold_option
@json_option
def command(
    a: Path, b: Path, data: Path | None, split: str, threshold: float | None, budget: str, out: Path | None,
    fold: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Compare what two models decide, A before and B after; status 1 beyond the budget

    Each of A and B is a run, a .tflite file or a scores.csv.

    Example: tflite-mammo drift runs/u60 runs/u60/models/resnet50-u60-int8.tflite --data data/ --out u60-drift
    """
    from tflite_mammo.conversion.preset import read_budget
    from tflite_mammo.conversion.proof import prove, speeds_of, with_speeds
    from tflite_mammo.evaluation.drift import measure_drift
    from tflite_mammo.files import expect_new, whole_folder
    from tflite_mammo.reporting.drift import proof_lines

    allowed = read_budget(budget)
    both = opened(a), opened(b)
    locked = _threshold(both, threshold)
    if out:
        expect_new(out)
    (_, scores_a, note_a), (_, scores_b, note_b) = (one.on(data, split, fold) for one in both)
    notes = tuple(f"{name}: {note}" for name, note in (("A", note_a), ("B", note_b)) if note)
    drift = measure_drift(scores_a, scores_b, locked.value, allowed)
    forms = _form("A", both[0], a, scores_a), _form("B", both[1], b, scores_b.aligned_to(scores_a))
    proof = with_speeds(prove(forms, drift, locked, Path(budget).name, notes), forms, speeds_of(forms))
    if out:
        with whole_folder(out) as folder:
            _write(folder, proof, forms, both[1])
    if as_json:
        print_json(proof)
    else:
        for line in proof_lines(proof, f"A {a.name}, B {b.name}"):
            click.echo(line)
        if out:
            click.echo(f"  page: {out / 'drift.html'}")
    if not drift.within:
        raise SystemExit(1)


def _threshold(both: Sequence[Judged], given: float | None) -> "Threshold":
    """Asked before the first image is scored."""
    from tflite_mammo.evaluation.threshold import given_threshold

    if given is not None:
        if not math.isfinite(given):
            raise MammoError(f"--threshold {given}: expected a number")
        return given_threshold(given)
    carried = [one.threshold for one in both if one.threshold is not None]
    if not carried:
        raise MammoError("two scores.csv carry no threshold; pass the one to compare at with --threshold")
    values = [threshold.value for threshold in carried]
    if len(set(values)) > 1:
        raise MammoError(f"A and B carry thresholds of their own, {values[0]} and {values[1]}; pass one as --threshold")
    return carried[0]


def _form(name: str, judged: Judged, path: Path, scores: "Scores") -> "Form":
    from tflite_mammo.conversion.proof import Form

    return Form(name, scores, path / "model.keras" if isinstance(judged, JudgedRun) else path)


def _write(folder: Path, proof: "Proof", forms: "Sequence[Form]", judged: Judged) -> None:
    from tflite_mammo.cli._subject import subject_of
    from tflite_mammo.reporting.drift_page import drift_page
    from tflite_mammo.schema import to_json

    page = drift_page(proof, forms, subject_of(judged), typed(sys.argv[1:]))
    (folder / "drift.html").write_text(page, encoding="utf-8")
    (folder / "drift.json").write_text(to_json(proof), encoding="utf-8")

"""tflite-mammo evaluate"""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tflite_mammo.cli._external import expect_others, named, scores_elsewhere
from tflite_mammo.cli._judged import Judged, JudgedTable, opened, threshold_of_table
from tflite_mammo.cli._shared import ANY_PATH, FOLDER, fold_option, json_option, print_json, typed
from tflite_mammo.errors import MammoError

if TYPE_CHECKING:
    from tflite_mammo.evaluation.evaluate import Evaluation
    from tflite_mammo.scores import Scores, Threshold

POOLINGS = click.Choice(("max", "mean"))
SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command("evaluate")
@click.argument("model", type=ANY_PATH)
@click.option("--data", type=FOLDER, help="Folder from `prepare`  [default for a run: its own]")
@click.option("--split", default="test", show_default=True, help="train, validation or test")
@click.option("--external", "externals", multiple=True, metavar="NAME=DATA", help="Other data, any number of times")
@click.option("--by", multiple=True, metavar="COLUMN", help="Subgroups of this column  [default: all kinds]")
@click.option("--pool", type=POOLINGS, default="max", show_default=True, help="Images' scores to a patient's")
@click.option("--prevalence", "prevalences", multiple=True, type=SHARE, help="For PPV and NPV  [default: 0.005, 0.25]")
@click.option("--threshold", help="For a scores.csv: number or rule")
@click.option("--out", type=FOLDER, help="New folder for page, figures, plots")
@fold_option
@json_option
def command(
    model: Path, data: Path | None, split: str, externals: tuple[str, ...], by: tuple[str, ...], pool: str,
    prevalences: tuple[float, ...], threshold: str | None, out: Path | None, fold: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Judge a run, a .tflite file or a scores.csv at its locked threshold

    Example: tflite-mammo evaluate runs/u60 --external MIAS=mias/ --out runs/u60-report
    """
    from tflite_mammo.evaluation.evaluate import PREVALENCES, evaluate, with_externals
    from tflite_mammo.files import whole_folder
    from tflite_mammo.reporting.text import evaluation_lines, subgroup_lines

    others = named(externals)
    judged = opened(model)
    locked = _threshold(judged, threshold)
    with whole_folder(out) if out else nullcontext() as folder:
        dataset, scores, note = judged.on(data, split, fold)

        def verdict_on(table: "Scores", columns: tuple[str, ...] | None, notes: tuple[str, ...] = ()) -> "Evaluation":
            return evaluate(
                table, locked, pooling=pool, by=columns, prevalences=prevalences or PREVALENCES,  # type: ignore[arg-type]
                scaling=judged.scaling, mammograms=judged.mammograms, notes=notes,
            )  # fmt: skip

        found = {name: scores_elsewhere(judged, path) for name, path in others.items()}
        for name, external in found.items():
            expect_others(name, external, scores, dataset)
        verdict = with_externals(
            verdict_on(scores, by or None, (note,) if note else ()),
            [(name, source, verdict_on(table, ())) for name, (source, table) in found.items()],
        )
        if folder:
            from tflite_mammo.cli._pictures import look
            from tflite_mammo.reporting.evaluation_page import write_evaluation

            subject, verdict, pictures = look(judged, dataset, scores, verdict)
            write_evaluation(folder, scores, verdict, subject, pictures, typed(sys.argv[1:]))
    if as_json:
        print_json(verdict)
        return
    for line in [*evaluation_lines(verdict), *(subgroup_lines(verdict) if by else [])]:
        click.echo(line)
    if out:
        click.echo(f"page: {out / 'evaluation.html'}")


def _threshold(judged: Judged, given: str | None) -> "Threshold":
    if isinstance(judged, JudgedTable):
        return threshold_of_table(judged, given)
    if given is not None:
        raise MammoError(
            "--threshold is for a scores.csv; a model's is locked, and `tflite-mammo calibrate` locks another"
        )
    return judged.threshold

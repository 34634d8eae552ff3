"""tflite-mammo study"""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tflite_mammo.cli._shared import FOLDER, SEED, json_option, list_declared, print_json, report_of
from tflite_mammo.console import say
from tflite_mammo.errors import MammoError, StoppedError

if TYPE_CHECKING:
    from tflite_mammo.studies.conduct import Order
    from tflite_mammo.studies.plan import Changes


def _several(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",")) if value else ()


def _seeds(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...]:
    return tuple(SEED(part, param, ctx) for part in _several(ctx, param, value))


@click.command("study")
@click.argument("name", required=False)
@click.option("--data", type=FOLDER, help="Folder from `prepare`")
@click.option("--out", type=FOLDER, help="Folder for runs, tables and page")
@click.option("--recipes", metavar="A,B", callback=_several, help="Only these of its recipes")
@click.option("--seeds", metavar="0,1", callback=_seeds, help="Seeds instead of the study's")
@click.option("--weights", default=None, help="imagenet, random or a file")
@click.option("--epochs", default=None, type=click.IntRange(1), help="Epochs of every stage")
@click.option("--batch-size", default=None, type=click.IntRange(1), help="Batch size of every recipe")
@click.option("--external", type=FOLDER, help="Other prepared data to test on")
@click.option("--accept-leak", is_flag=True, help="Train even on data with a leak")
@click.option(
    "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True, help="Where to train"
)
@click.option("--cpus", type=click.FloatRange(0, min_open=True), help="Processors per run, with ray  [default: 1]")
@click.option("--gpus", type=click.FloatRange(0), help="GPUs per run, with ray  [default: 0]")
@json_option
def command(
    name: str | None, data: Path | None, out: Path | None, recipes: tuple[str, ...], seeds: tuple[int, ...],
    weights: str | None, epochs: int | None, batch_size: int | None, external: Path | None, accept_leak: bool,
    engine: str, cpus: float | None, gpus: float | None, as_json: bool,
) -> None:  # fmt: skip
    """Train several recipes at several seeds and set them beside their source; without NAME list the studies

    Finished runs are kept: the same command goes on where it was stopped. Data in folds is trained at every fold.

    Example: tflite-mammo study resnet50-unfreeze --data data/ --out studies/unfreeze
    """
    if name is None:
        list_declared("studies")
        return
    if data is None or out is None:
        raise MammoError(f"--{'out' if data else 'data'} is needed to run {name}; see tflite-mammo study --help")
    if engine == "local" and (cpus, gpus) != (None, None):
        raise MammoError("--cpus and --gpus are what a cluster sets aside for a run; add --engine ray, or leave them")
    from tflite_mammo.studies.conduct import Means, conduct
    from tflite_mammo.studies.plan import Changes

    changes = Changes(weights, epochs, batch_size, accept_leak)
    try:
        order = _order(name, data, out, recipes, seeds, changes, external)
        done = conduct(order, Means("ray" if engine == "ray" else "local", cpus or 1, gpus or 0), say)
    except KeyboardInterrupt:
        raise StoppedError(f"stopped; finished runs are kept in {out}, the same command goes on") from None
    from tflite_mammo.files import write_text
    from tflite_mammo.reporting.tables import CALLED, study_lines
    from tflite_mammo.studies.page import study_page

    report = out / "report.html"
    write_text(report, study_page(done, order.wanted[0].folder.parent, _to_repeat(name, order, external)))
    if as_json:
        print_json(done)
    else:
        for line in [*study_lines(done.recipes), CALLED, str(report.resolve())]:
            click.echo(line)
    if done.failures:
        say(f"{len(done.failures)} of {len(done.runs)} runs went wrong: {', '.join(row.run for row in done.failures)}")
        raise SystemExit(1)


def _order(
    name: str, data: Path, out: Path, recipes: tuple[str, ...], seeds: tuple[int, ...], changes: "Changes",
    external: Path | None,
) -> "Order":  # fmt: skip
    """Whatever is wrong is said here, before anything is trained; the audit is kept for the runs to find."""
    from tflite_mammo.auditing.gate import expect_no_leak
    from tflite_mammo.data.dataset import Dataset
    from tflite_mammo.studies.conduct import Order
    from tflite_mammo.studies.plan import expect_external, narrowed, wanted_runs
    from tflite_mammo.studies.study import read_study

    study = narrowed(read_study(name), recipes, seeds)
    wanted = wanted_runs(study, data, out, changes)
    dataset = Dataset.whole(data)
    other = expect_external(external, dataset, out).info if external else None
    expect_no_leak(dataset, report_of(dataset), accept=changes.accept_leak)
    return Order(study, tuple(wanted), data, dataset.info, out, changes, external, other)


def _to_repeat(name: str, order: "Order", external: Path | None) -> str:
    """Without the places on this machine."""
    changes = order.changes
    given = {
        "--recipes": ",".join(order.study.recipes),
        "--seeds": ",".join(map(str, order.study.seeds)),
        "--weights": changes.weights,
        "--epochs": changes.epochs,
        "--batch-size": changes.batch_size,
        "--external": external and "DATA2",
    }
    options = [text for option, value in given.items() if value for text in (option, str(value))]
    leak = ["--accept-leak"] if changes.accept_leak else []
    return shlex.join(["tflite-mammo", "study", name, "--data", "DATA", "--out", "DIR", *options, *leak])

"""A Study, a prepared folder and a place to the finished study: its runs trained, its tables and its page written."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tflite_mammo.data.dataset import DatasetInfo
from tflite_mammo.errors import MammoError
from tflite_mammo.evaluation.evaluate import Evaluation
from tflite_mammo.files import write_text
from tflite_mammo.parallel import Engine
from tflite_mammo.schema import read_json, to_json
from tflite_mammo.scores import read_scores
from tflite_mammo.studies.engine import Job, Outcome, carry_out_all, is_settled, is_there
from tflite_mammo.studies.figures import Figures, figures_of, figures_of_part
from tflite_mammo.studies.found import SIGNS, state_of
from tflite_mammo.studies.plan import (
    EXTERNAL,
    Changes,
    Wanted,
    evaluate_arguments,
    expect_as_wanted,
    train_arguments,
)
from tflite_mammo.studies.study import Study
from tflite_mammo.studies.summary import Row, Summary, summarise, write_rows
from tflite_mammo.training.run import Run

Tell = Callable[[str], None]
LOGS, STUDY = "logs", "study.json"


@dataclass(frozen=True)
class Means:
    """With what the runs are trained."""

    engine: Engine = "local"
    cpus: float = 1
    gpus: float = 0


@dataclass(frozen=True)
class Conducted:
    """What study.json holds."""

    study: Study
    data: DatasetInfo
    recipes: tuple[Summary, ...]
    runs: tuple[Row, ...]
    external: DatasetInfo | None = None

    @property
    def failures(self) -> list[Row]:
        return [row for row in self.runs if row.trouble]


@dataclass(frozen=True)
class Order:
    """Everything that `plan` has found to be sound."""

    study: Study
    wanted: tuple[Wanted, ...]
    data: Path
    info: DatasetInfo
    out: Path
    changes: Changes
    external: Path | None = None
    external_info: DatasetInfo | None = None


def conduct(order: Order, means: Means, tell: Tell) -> Conducted:
    _expect_same_study(order)
    for wanted in order.wanted:
        if is_there(wanted.folder):
            expect_as_wanted(wanted)
    rows = list(_rows(order, means, tell))
    done = Conducted(order.study, order.info, tuple(_summaries(order, rows)), tuple(rows), order.external_info)
    write_rows(rows, order.out / "study.csv")
    write_text(order.out / STUDY, to_json(done))
    return done


def _expect_same_study(order: Order) -> None:
    """Another one's tables and page are not written over, nor is a run filled with them."""
    if any((order.out / name).exists() for name in SIGNS):
        raise MammoError(f"{order.out} is a run itself; name another folder with --out")
    try:
        kept = read_json(Conducted, order.out / STUDY)
    except MammoError:  # none there, or of another version
        return
    found, asked = (
        f"{study.name} on data {info.fingerprint[:12]}"
        for study, info in ((kept.study, kept.data), (order.study, order.info))
    )
    if found != asked:
        raise MammoError(f"{order.out} holds the study {found}, asked for is {asked}; choose another --out")


def _rows(order: Order, means: Means, tell: Tell) -> Iterator[Row]:
    jobs = [_job(wanted, order) for wanted in order.wanted]
    kept = sum(is_settled(job.run) for job in jobs)
    tell(f"{len(jobs)} runs, {kept} of them settled before; what each says goes to {order.out / LOGS}")
    outcomes = carry_out_all(jobs, means.engine, means.cpus, means.gpus)
    for number, (wanted, job) in enumerate(zip(order.wanted, jobs, strict=True), 1):
        place = f"{number} of {len(jobs)}  {wanted.name}"
        if means.engine == "local" and not is_settled(job.run):
            tell(f"{place}: training")
        row = _row(wanted, next(outcomes), order)
        tell(f"{place}: {_words_of(row)}")
        yield row


def _job(wanted: Wanted, order: Order) -> Job:
    return Job(
        run=wanted.folder,
        train=train_arguments(wanted, order.data, order.changes),
        external=order.out / EXTERNAL / wanted.name if order.external else None,
        evaluate=evaluate_arguments(wanted, order.external, order.out) if order.external else (),
        log=order.out / LOGS / f"{wanted.name}.log",
        place=Path.cwd(),
    )


def _row(wanted: Wanted, outcome: Outcome, order: Order) -> Row:
    trouble = outcome.failure
    row = Row(wanted.name, wanted.recipe.name, wanted.recipe.seed, wanted.fold, state=trouble, trouble=trouble)
    if not is_there(wanted.folder):
        return replace(row, failed=True)
    run = Run(wanted.folder)
    state = f"external data: {trouble}" if trouble else state_of(run)
    figures = {**figures_of(run), **_external_figures(order, wanted)}
    return replace(row, state=state, auc=run.evaluation.figures["auc"], figures=figures)


def _external_figures(order: Order, wanted: Wanted) -> Figures:
    folder = order.out / EXTERNAL / wanted.name
    if order.external is None or not folder.is_dir():
        return {}
    found = figures_of_part(read_scores(folder / "scores.csv"), read_json(Evaluation, folder / "evaluation.json"))
    return {f"external_{name}": value for name, value in found.items()}


def _words_of(row: Row) -> str:
    if row.failed:
        return f"FAILED, {row.trouble}"
    accuracy, minutes = row.figures["accuracy"], row.figures["minutes"]
    return f"AUC {row.auc}, accuracy {accuracy:.3f}, {minutes:.1f} min; {row.state}"


def _summaries(order: Order, rows: Sequence[Row]) -> Iterator[Summary]:
    names = {wanted.recipe.name: wanted.asked for wanted in order.wanted}
    for name, asked in names.items():
        yield summarise(name, [row for row in rows if row.recipe == name], order.study.reported.get(asked))

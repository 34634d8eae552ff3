"""tflite-mammo prepare"""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from click.core import ParameterSource

from tflite_mammo.cli._shared import ANY_PATH, FILE, FOLDER, SEED, json_option, print_json
from tflite_mammo.console import progress, say
from tflite_mammo.errors import MammoError, StoppedError

if TYPE_CHECKING:
    from tflite_mammo.data.dataset import Dataset
    from tflite_mammo.data.manifest import Manifest
    from tflite_mammo.parallel import Engine
    from tflite_mammo.preprocess import PreprocessSpec


LISTED_PROBLEMS = 8
"""Of each kind."""


def _list_adapters(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """`--adapter` without a name shows the names."""
    if value == "?":
        from tflite_mammo.data.adapters import adapters

        for name, adapter in adapters().items():
            click.echo(f"{name:<13}{adapter.layout}")
        ctx.exit()
    return value


@click.command("prepare")
@click.argument("src", type=FOLDER)
@click.argument("out", type=FOLDER)
@click.option(
    "--adapter",
    default="folder",
    is_flag=False,
    flag_value="?",
    is_eager=True,
    callback=_list_adapters,
    help="Layout of SRC; without a name, the list  [default: folder]",
)
@click.option("--patient", default="", help="REGEX for the patient in a path, or 'file'")
@click.option("--classes", default="", help="Classes to keep, the finding last: benign,malignant")
@click.option("--only", multiple=True, metavar="COLUMN=VALUE", help="Keep what the manifest says this of")
@click.option("--same", type=FILE, multiple=True, help="duplicates.csv of `audit`: never part these; may be repeated")
@click.option(
    "--split", default="70/15/15", show_default=True, help="Shares by patient, 'official', or 'external': all is test"
)
@click.option("--folds", type=click.IntRange(2, 50), help="Folds by patient instead of one split")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Seed of the split")
@click.option("--like", type=ANY_PATH, help="Preprocess as this model or run does")
@click.option("--size", default=224, show_default=True, help="Height and width in pixels")
@click.option("--channels", type=click.Choice(["1", "3"]), default="1", show_default=True, help="Grey or colour")
@click.option(
    "--crop", type=click.Choice(["breast", "roi", "none"]), default="breast", show_default=True, help="What to keep"
)
@click.option("--context", "context_percent", default=25, show_default=True, help="roi: percent added at each side")
@click.option(
    "--orient", type=click.Choice(["left", "keep"]), default="left", show_default=True, help="Side of the chest wall"
)
@click.option(
    "--polarity", type=click.Choice(["dark", "keep"]), default="dark", show_default=True, help="Background wanted"
)
@click.option(
    "--window", type=click.Choice(["range", "full"]), default="range", show_default=True, help="How 16 bits become 8"
)
@click.option(
    "--contrast",
    type=click.Choice(["none", "standardise"]),
    default="none",
    show_default=True,
    help="Per-image contrast",
)
@click.option(
    "--fit", type=click.Choice(["letterbox", "stretch"]), default="letterbox", show_default=True, help="How it fills"
)
@click.option("--workers", default=None, type=click.IntRange(1), help="Processes  [default: all cores]")
@click.option(
    "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True, help="Who does the reading"
)
@click.option("--strict", is_flag=True, help="Stop at the first problem")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    src: Path, out: Path, adapter: str, patient: str, classes: str, only: tuple[str, ...], same: tuple[Path, ...],
    split: str, folds: int | None, seed: int, like: Path | None, workers: int | None, engine: "Engine", strict: bool,
    as_json: bool, **settings: object,
) -> None:  # fmt: skip
    """Read, preprocess and split a collection by patient

    Example: tflite-mammo prepare phantoms/ data/ --adapter phantoms --classes benign,malignant
    """
    from tflite_mammo.data.adapters import AdapterOptions, read_collection
    from tflite_mammo.data.prepare import PreparePlan, prepare

    given = [name for name in settings if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if like and given:
        raise MammoError(f"--like takes every setting from {like}; leave --{given[0].removesuffix('_percent')} away")
    if folds and split != "official" and ctx.get_parameter_source("split") is ParameterSource.COMMANDLINE:
        raise MammoError(
            f"--folds {folds} with --split {split}; expected no --split, or official to keep its test part"
        )
    spec = _spec_of(like) if like else _spec(settings)
    manifest = read_collection(src, adapter, AdapterOptions(patient=patient), lesions=spec.crop == "roi")
    for table in same:
        manifest = _same(manifest, table)
    for condition in only:
        manifest = manifest.where(*_condition(condition))
    if classes:
        manifest = manifest.only(tuple(classes.split(",")))
    if split not in ("official", "external") and any(example.part or example.folds for example in manifest.examples):
        drawn = f"{folds} folds are" if folds else f"{split} is"
        say(f"note: the collection's own split is not used, {drawn} drawn; --split official keeps it")
    plan = PreparePlan(adapter, spec, _shares(split), folds or 0, seed, strict)
    try:
        with progress("preparing images", len(manifest.examples)) as advance:
            dataset = prepare(manifest, out, plan, workers=workers, engine=engine, advance=advance)
    except KeyboardInterrupt:
        raise StoppedError("stopped; the same command goes on from here") from None
    print_json(dataset.info) if as_json else _print(dataset)


def _same(manifest: "Manifest", table: Path) -> "Manifest":
    from tflite_mammo.data.same import read_pairs, taken_together

    pairs = read_pairs(table)
    manifest, held = taken_together(manifest, pairs)
    if pairs and not held:
        raise MammoError(
            f"{table}: none of its {len(pairs)} pairs is of images in SRC; was another collection audited?"
        )
    say(f"{held} of {len(pairs)} pairs of {table} taken together")
    return manifest


def _spec(settings: dict[str, object]) -> "PreprocessSpec":
    from tflite_mammo.preprocess import PreprocessSpec
    from tflite_mammo.schema import from_dict

    size, channels = settings.pop("size"), int(str(settings.pop("channels")))
    return from_dict(PreprocessSpec, {"height": size, "width": size, "channels": channels, **settings}, "prepare")


def _spec_of(like: Path) -> "PreprocessSpec":
    if like.is_dir():
        from tflite_mammo.training.run import Run

        return Run(like).data.spec
    from tflite_mammo.bundle import read_bundle

    return read_bundle(like).card.spec


def _condition(text: str) -> tuple[str, str]:
    column, equals, value = text.partition("=")
    if not column or not equals:
        raise MammoError(f"--only {text}: expected COLUMN=VALUE, such as view=CC")
    return column, value


def _shares(text: str) -> 'tuple[float, float, float] | Literal["official"]':
    if text == "official":
        return "official"
    if text == "external":
        return 0.0, 0.0, 1.0
    try:
        train, validation, test = (float(part) / 100 for part in text.split("/"))
    except ValueError:
        raise MammoError(f"--split {text}: expected three shares such as 70/15/15, official or external") from None
    return train, validation, test


def _print(dataset: "Dataset") -> None:
    from tflite_mammo.data.manifest import PARTS

    info, out = dataset.info, dataset.folder
    for number in range(info.folds or 1):
        if info.folds:
            click.echo(f"fold {number + 1}")
        for part in PARTS:
            placed = (e for e in dataset.examples if (e.folds[number] if info.folds else e.part) == part)
            patients = len({example.patient for example in placed})
            counts = info.counts_of(part, number + 1 if info.folds else 0)
            numbers = "  ".join(f"{n:>5} {label}" for label, n in counts.items())
            click.echo(f"{part:<12}{patients:>5} patients  {numbers}")
    _print_problems(out / "problems.csv")
    synthetic = " (synthetic)" if info.synthetic else ""
    click.echo(f"{info.images} images{synthetic} in {out}, data {info.fingerprint[:12]}, spec {info.spec_fingerprint}")


def _print_problems(path: Path) -> None:
    """Each by its file's name; what was left out on purpose by reason and number."""
    from tflite_mammo.files import read_table

    rows = [row for _, row in read_table(path)[1]]
    for kind in sorted({row["kind"] for row in rows} - {"left out"}):
        told = [row for row in rows if row["kind"] == kind]
        for row in told[:LISTED_PROBLEMS]:
            click.echo(f"{kind:<12}{row['file']}: {row['reason']}")
        more = f", all of them in {path}" if len(told) > LISTED_PROBLEMS else ""
        click.echo(f"{kind:<12}{len(told):>5} in all{more}")
    for reason, count in sorted(Counter(row["reason"] for row in rows if row["kind"] == "left out").items()):
        click.echo(f"left out    {count:>5} images: {reason}")

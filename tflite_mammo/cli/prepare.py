"""tflite-mammo prepare"""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from tflite_mammo.cli._shared import ANY_PATH, FOLDER, SEED, json_option, print_json
from tflite_mammo.console import progress, say
from tflite_mammo.errors import MammoError

if TYPE_CHECKING:
    from tflite_mammo.data.dataset import DatasetInfo
    from tflite_mammo.preprocess import PreprocessSpec


@click.command("prepare")
@click.argument("src", type=FOLDER)
@click.argument("out", type=FOLDER)
@click.option("--adapter", default="folder", show_default=True, help="Layout of SRC: folder, csv, phantoms")
@click.option("--patient", default="", help="REGEX for the patient in a path, or 'file'")
@click.option("--classes", default="", help="Classes to keep, the finding last: benign,malignant")
@click.option("--split", "shares", default="70/15/15", show_default=True, help="Shares by patient, or 'official'")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Seed of the split")
@click.option("--like", type=ANY_PATH, help="Preprocess as this model or run does")
@click.option("--size", default=224, show_default=True, help="Height and width in pixels")
@click.option("--channels", type=click.Choice(["1", "3"]), default="1", show_default=True, help="Grey or colour")
@click.option("--crop", type=click.Choice(["breast", "none"]), default="breast", show_default=True, help="What to keep")
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
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    src: Path, out: Path, adapter: str, patient: str, classes: str, shares: str, seed: int, like: Path | None,
    workers: int | None, as_json: bool, **settings: object,
) -> None:  # fmt: skip
    """Read, preprocess and split a collection by patient

    Example: tflite-mammo prepare phantoms/ data/ --adapter phantoms --classes benign,malignant
    """
    from tflite_mammo.data.adapters import AdapterOptions, read_collection
    from tflite_mammo.data.prepare import PreparePlan, prepare

    given = [name for name in settings if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if like and given:
        raise MammoError(f"--like takes every setting from {like}; leave --{given[0]} away")
    spec = _spec_of(like) if like else _spec(settings)
    manifest = read_collection(src, adapter, AdapterOptions(patient=patient))
    left_out: dict[str, int] = {}
    if classes:
        wanted = tuple(classes.split(","))
        manifest, left_out = manifest.only(wanted), manifest.count_without(wanted)
    if shares != "official" and any(example.part for example in manifest.examples):
        say(f"note: the collection's own split is not used, {shares} is drawn; --split official keeps it")
    plan = PreparePlan(adapter, spec, _shares(shares), seed, left_out)
    with progress("preparing images", len(manifest.examples)) as advance:
        dataset = prepare(manifest, out, plan, workers=workers, advance=advance)
    print_json(dataset.info) if as_json else _print(dataset.info, out)


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


def _shares(text: str) -> tuple[float, float, float] | None:
    if text == "official":
        return None
    try:
        train, validation, test = (float(part) / 100 for part in text.split("/"))
    except ValueError:
        raise MammoError(f"--split {text}: expected three shares such as 70/15/15, or official") from None
    return train, validation, test


def _print(info: "DatasetInfo", out: Path) -> None:
    from tflite_mammo.data.dataset import Dataset

    split = Dataset(out).split
    for part, counts in info.counts.items():
        patients = len(getattr(split, part))
        click.echo(f"{part:<12}{patients:>5} patients  " + "  ".join(f"{n:>5} {label}" for label, n in counts.items()))
    for label, count in info.left_out.items():
        click.echo(f"left out    {count:>5} images of class {label}, which --classes does not name")
    if info.problems:
        click.echo(f"unreadable  {info.problems:>5} images, named with the reason in {out / 'problems.csv'}")
    synthetic = " (synthetic)" if info.synthetic else ""
    click.echo(f"{info.images} images{synthetic} in {out}, data {info.fingerprint[:12]}, spec {info.spec_fingerprint}")

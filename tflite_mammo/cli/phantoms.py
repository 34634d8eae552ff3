"""tflite-mammo phantoms"""

from pathlib import Path

import click

from tflite_mammo.cli._shared import FOLDER, SEED
from tflite_mammo.console import progress


@click.command("phantoms")
@click.argument("out", type=FOLDER)
@click.option("--patients", default=100, show_default=True, help="Patients, four views each")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Same seed, same pixels")
@click.option(
    "--format", "form", type=click.Choice(["png", "png16", "jpg", "dcm"]), default="png", show_default=True,
    help="File format of the images",
)  # fmt: skip
@click.option("--size", default=512, show_default=True, help="Height in pixels")
@click.option("--malignant", default=None, type=float, help="Share of malignant lesions  [default: CMMD's .747]")
@click.option("--workers", default=None, type=click.IntRange(1), help="Processes  [default: all cores]")
def command(
    out: Path, patients: int, seed: int, form: str, size: int, malignant: float | None, workers: int | None
) -> None:
    """Draw synthetic mammograms with their truth

    Example: tflite-mammo phantoms phantoms/ --patients 100 --seed 1
    """
    from tflite_mammo.data.phantoms import PhantomSet, write_phantoms
    from tflite_mammo.schema import from_dict

    share = {} if malignant is None else {"malignant_share": malignant}
    settings = {"patients": patients, "seed": seed, "size_px": size, "format": form, **share}
    wanted = from_dict(PhantomSet, settings, "phantoms")
    with progress("drawing patients", patients) as advance:
        write_phantoms(out, wanted, workers=workers, advance=advance)
    click.echo(f"{4 * patients} synthetic images of {patients} patients in {out}")

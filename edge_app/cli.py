"""The command edge_app."""

from pathlib import Path

import click

from tflite_mammo import __version__
from tflite_mammo.console import CleanCommand, progress


@click.command(cls=CleanCommand, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("images", type=click.Path(path_type=Path))
@click.option(
    "--out", default="results.csv", show_default=True, type=click.Path(dir_okay=False, path_type=Path),
    help="Table to write or go on with",
)  # fmt: skip
@click.option("--threads", default=None, type=click.IntRange(1, 256), help="Threads  [default: all cores]")
@click.option("--runtime", default="auto", show_default=True, help="auto, litert or tflite-runtime")
@click.version_option(__version__, prog_name="edge_app")
def main(model: Path, images: Path, out: Path, threads: int | None, runtime: str) -> None:
    """Classify a folder of images with one .tflite file

    A research tool, no medical device. Status 1 when an image could not be read.

    Example: edge_app model-int8.tflite images/ --out results.csv
    """
    from edge_app.folder import classify, images_at
    from edge_app.results import Results
    from tflite_mammo.errors import MammoError
    from tflite_mammo.parallel import available_cores
    from tflite_mammo.predict import Classifier

    found = images_at(images)
    classifier = Classifier(model, threads=threads or available_cores(), runtime=runtime)
    if classifier.bundle.card.spec.crop == "roi":
        raise MammoError(f"{model} looks at crops about outlined lesions, and a folder of images outlines none")
    with Results(out, classifier.bundle.sha256) as results, progress("classifying", len(found)) as advance:
        before = len(results.done)
        verdicts = classify(classifier, found, results, advance)
    card = classifier.bundle.card
    click.echo(f"model {card.name} {card.quantisation}, threshold {card.threshold.value:.4f} on {card.classes[-1]}")
    for verdict, count in sorted(verdicts.items()):
        click.echo(f"  {verdict:<12}{count:>6}")
    kept = f", {before} were there before" if before else ""
    click.echo(f"{sum(verdicts.values())} images written to {out}{kept}. {card.intended_use}")
    if verdicts["error"]:
        raise SystemExit(1)

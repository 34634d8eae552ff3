"""tflite-mammo inspect"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from tflite_mammo.cli._shared import FILE, json_option, print_json

if TYPE_CHECKING:
    from tflite_mammo.boards.anchors import Board
    from tflite_mammo.boards.outlook import Outlook
    from tflite_mammo.bundle import ModelBundle

TARGETS = ("coral", "pi4", "pi5")


@click.command("inspect")
@click.argument("model", type=FILE)
@click.option("--target", type=click.Choice(TARGETS), help="Also tell what it will be there")
@json_option
def command(model: Path, target: str | None, as_json: bool) -> None:
    """Verify a .tflite file, ask it its golden samples and print its card

    Example: tflite-mammo inspect runs/u60/models/resnet50-u60-int8.tflite --target pi5
    """
    from tflite_mammo.bundle import carries_card, read_bundle
    from tflite_mammo.golden import check_golden
    from tflite_mammo.reporting.card import card_lines, file_lines

    bundle = read_bundle(model) if target is None or carries_card(model) else None
    golden, metadata = (check_golden(bundle), _metadata(bundle)) if bundle else (None, {})
    outlook = _outlook(model, target) if target else None
    if as_json:
        known = (
            {"sha256": bundle.sha256, "flatbuffer_size": bundle.flatbuffer_size, "sizes": bundle.sizes}
            if bundle
            else {}
        )
        card = bundle.card if bundle else None
        told = {"file": str(model), **known, "card": card, "golden": golden, "metadata": metadata}
        print_json(told | ({"outlook": outlook} if outlook else {}))
    else:
        proof = f"sha256 {bundle.sha256[:16]}, verified" if bundle else "carries no card"
        lines = [f"{model}  {model.stat().st_size / 1e6:.2f} MB, {proof}"]
        lines += [*card_lines(bundle.card), *file_lines(bundle, golden, metadata)] if bundle else []
        lines += _lines(outlook) if outlook else []
        click.echo("\n".join(lines))
    if golden and golden.differs:
        raise SystemExit(1)


def _metadata(bundle: "ModelBundle") -> dict[str, Any]:
    try:
        from tflite_mammo.conversion.metadata import metadata_of

        return metadata_of(bundle.path.read_bytes()[: bundle.flatbuffer_size])
    except ImportError:  # the schema comes with LiteRT, and a board may have another runtime
        return {}


def _outlook(model: Path, target: str) -> "Outlook":
    from tflite_mammo.boards.outlook import look_at

    return look_at(model, cast("Board", target))


def _lines(outlook: "Outlook") -> list[str]:
    from tflite_mammo.reporting.boards import outlook_lines

    return outlook_lines(outlook)

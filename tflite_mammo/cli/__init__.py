"""The command tflite-mammo: a module each, imported when called; each imports its engine when it runs."""

from importlib import import_module

import click

from tflite_mammo import __version__
from tflite_mammo.console import CleanGroup

COMMANDS = (
    "demo",
    "phantoms",
    "prepare",
    "audit",
    "recipes",
    "train",
    "runs",
    "study",
    "calibrate",
    "evaluate",
    "compare",
    "convert",
    "drift",
    "inspect",
    "benchmark",
    "doctor",
)
"""In the order of use, which is the order that --help shows."""


class _Commands(CleanGroup):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"tflite_mammo.cli.{cmd_name}").command
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="tflite-mammo")
def main() -> None:
    """Train breast-image classifiers, prove them as one TF Lite file, run them on small boards

    A research tool, no medical device.
    """

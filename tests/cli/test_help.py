"""Every command has help that a person can start from, and an example that parses."""

import shlex
from inspect import cleandoc

import click
import pytest

from edge_app.cli import main as edge_app
from tflite_mammo.cli import COMMANDS, main


def _command(name: str) -> click.Command:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    return command


def _help(name: str) -> list[str]:
    return cleandoc(_command(name).help or "").splitlines()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_is_an_imperative_sentence_without_a_full_stop(name: str) -> None:
    first = _help(name)[0]
    assert first[0].isupper()
    assert not first.endswith(".")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_parses(name: str) -> None:
    lines = [line for line in _help(name) if line.startswith("Example: ")]
    assert len(lines) == 1
    program, command, *arguments = shlex.split(lines[0].removeprefix("Example: "))
    assert (program, command) == ("tflite-mammo", name)
    _command(name).make_context(name, arguments)


@pytest.mark.parametrize("command", [*(_command(name) for name in COMMANDS), edge_app], ids=lambda c: c.name)
def test_every_option_has_a_short_help(command: click.Command) -> None:
    for option in command.params:
        if isinstance(option, click.Option):
            words = (option.help or "").split("[")[0].split()
            assert 1 <= len(words) <= 9, option.name


def test_every_command_is_listed(call: object) -> None:
    done = call("--help")  # type: ignore[operator]
    assert [line.split()[0] for line in done.stdout.split("Commands:")[1].splitlines() if line] == list(COMMANDS)


def test_a_misspelt_command_is_status_2(call: object) -> None:
    assert call("trian").status == 2  # type: ignore[operator]

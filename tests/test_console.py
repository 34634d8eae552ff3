import errno
import re

import click
import pytest
from click.testing import CliRunner, Result

from tflite_mammo.console import CleanCommand, CleanGroup, no_progress, progress, say
from tflite_mammo.errors import LeakError, MammoError


def run_raising(error: BaseException) -> Result:
    @click.command(cls=CleanCommand)
    def command() -> None:
        raise error

    return CliRunner().invoke(command)


def test_a_mammo_error_is_one_line_on_stderr_and_status_2() -> None:
    result = run_raising(MammoError("a.png: no such file"))
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", "error: a.png: no such file\n")


def test_a_leak_is_one_line_too_and_status_1() -> None:
    result = run_raising(LeakError("data: 2 pairs"))
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "error: data: 2 pairs\n")


def test_an_os_error_is_one_line_that_names_the_file() -> None:
    result = run_raising(PermissionError(13, "Permission denied", "out/images.npy"))
    assert (result.exit_code, result.stderr) == (2, "error: out/images.npy: Permission denied\n")


def test_an_os_error_without_a_file_is_said_of_the_file_system() -> None:
    result = run_raising(OSError(28, "No space left on device"))
    assert (result.exit_code, result.stderr) == (2, "error: file system: No space left on device\n")


@pytest.mark.parametrize("error", [ValueError("our fault"), KeyError("our fault"), OSError("no number, no file")])
def test_any_other_exception_stays_a_traceback(error: Exception) -> None:
    result = run_raising(error)
    assert result.exception is error
    assert "error:" not in result.stderr


def test_a_group_cleans_the_errors_of_plain_commands_beneath_it() -> None:
    @click.group(cls=CleanGroup)
    def group() -> None:
        pass

    @group.command("broken")
    def broken() -> None:
        raise MammoError("broken input")

    result = CliRunner().invoke(group, ["broken"])
    assert (result.exit_code, result.stderr) == (2, "error: broken input\n")


def test_wrong_use_keeps_clicks_own_message() -> None:
    @click.command(cls=CleanCommand)
    def command() -> None:
        pass

    result = CliRunner().invoke(command, ["--nonsense"])
    assert result.exit_code == 2
    assert "No such option" in result.stderr


def test_say_writes_to_stderr_only(capsys: pytest.CaptureFixture[str]) -> None:
    say("reading")
    assert capsys.readouterr() == ("", "reading\n")


def test_progress_into_a_pipe_ends_with_a_line_that_counts_what_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("drawing", 5) as advance:
        advance(2)
        advance(3)
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(r"^drawing: 5 in \d+ s$", err.splitlines()[-1])


def test_no_progress_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    no_progress(3)
    assert capsys.readouterr() == ("", "")


def test_a_reader_that_hung_up_is_no_error_of_ours() -> None:
    """`tflite-mammo recipes | head -1`: click ends such a program quietly."""

    @click.command(cls=CleanCommand)
    def command() -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    done = CliRunner().invoke(command)
    assert done.exit_code == 1
    assert "error" not in done.output


def test_a_package_that_is_not_installed_names_the_extra_that_brings_it() -> None:
    @click.command(cls=CleanCommand)
    def command() -> None:
        import no_such_package.inside  # type: ignore[import-not-found]  # noqa: F401

    done = CliRunner().invoke(command)
    assert done.exit_code == 2
    assert done.stderr == (
        "error: the package no_such_package is not installed; install it with: pip install 'tflite-mammo[train]'\n"
    )

"""What both programs do at the terminal: one clean line for a user's mistake, and progress on stderr."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from tflite_mammo.errors import LeakError, MammoError, StoppedError, missing_extra

Advance = Callable[[int], None]
"""Told after every piece of work how many units it held."""


def no_progress(_: int) -> None:
    """For callers who do not watch."""


class _Fault(click.ClickException):
    exit_code = MammoError.status

    def show(self, file: Any = None) -> None:
        click.echo(f"error: {self.format_message()}", err=True)


class _Verdict(_Fault):
    exit_code = LeakError.status


class _Stopped(_Fault):
    exit_code = StoppedError.status

    def show(self, file: Any = None) -> None:
        click.echo(self.format_message(), err=True)


_FAULTS = {fault.exit_code: fault for fault in (_Fault, _Verdict, _Stopped)}


class _CleanErrors:
    """Turns what a user can mend into one line and status 2; anything else stays a traceback, since it is our fault."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)  # type: ignore[misc]
        except MammoError as error:
            raise _FAULTS[error.status](str(error)) from error
        except KeyboardInterrupt:
            raise _Stopped("stopped") from None
        except ModuleNotFoundError as error:
            package = str(error.name).split(".")[0]
            if package in ("tflite_mammo", "edge_app"):
                raise
            # A board has the extra `edge` only; whatever else an engine imports comes with `train`.
            raise _Fault(str(missing_extra(package, "train"))) from error
        except BrokenPipeError:
            raise  # click ends quietly when the reader of a pipe has gone
        except OSError as error:
            if error.filename is None and error.errno is None:
                raise
            raise _Fault(f"{error.filename or 'file system'}: {error.strerror}") from error


class CleanGroup(_CleanErrors, click.Group):
    pass


class CleanCommand(_CleanErrors, click.Command):
    pass


def say(text: str) -> None:
    """One line for the person watching; results go to stdout, this goes to stderr."""
    click.echo(text, err=True)


@contextmanager
def progress(label: str, total: int) -> Iterator[Advance]:
    """A bar on a terminal; a line every few seconds where stderr is a file or a pipe."""
    if sys.stderr.isatty():
        with click.progressbar(length=total, label=label, file=sys.stderr, width=24) as bar:
            yield bar.update
        return
    started = last = time.monotonic()
    done = 0

    def advance(count: int) -> None:
        nonlocal done, last
        done += count
        if time.monotonic() - last >= 5:
            last = time.monotonic()
            say(f"{label}: {done} of {total}")

    yield advance
    say(f"{label}: {done} in {time.monotonic() - started:.0f} s")

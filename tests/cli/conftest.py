"""Every command is tried as a person types it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from click.testing import CliRunner

from tflite_mammo.cli import main


@dataclass(frozen=True)
class Done:
    status: int
    stdout: str
    stderr: str

    def assert_clean_error(self, *words: str, status: int = 2) -> None:
        """One line that begins with error:, nothing on stdout."""
        assert (self.status, self.stdout) == (status, ""), self
        lines = [line for line in self.stderr.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.stderr
        assert lines[0] == self.stderr.splitlines()[-1]
        assert all(word in lines[0] for word in words), lines[0]


Call = Callable[..., Done]


@pytest.fixture
def call() -> Call:
    def run(*arguments: object) -> Done:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    return run

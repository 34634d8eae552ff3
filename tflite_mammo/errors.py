"""The one exception for a user's mistake: what was found, what was expected, what to do."""


class MammoError(Exception):
    """Bad input. The message is one line that a person can act on; the commands print it and end with its status."""

    status = 2


class LeakError(MammoError):
    """Data with a leak was about to be trained on: not wrong use, but a verdict."""

    status = 1


class StoppedError(MammoError):
    """By Ctrl-C, which is nobody's mistake; the status is the one that shells use for it."""

    status = 130


def first_line(error: Exception) -> str:
    """What a foreign exception says, cut to the one line that a message has room for."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def missing_extra(package: str, extra: str) -> MammoError:
    return MammoError(f"the package {package} is not installed; install it with: pip install 'tflite-mammo[{extra}]'")

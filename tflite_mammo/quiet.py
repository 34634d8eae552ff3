"""Silence for native libraries that write to the terminal past Python: TensorFlow's greetings, delegates' notices."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what anything writes to stderr in the block; if the block fails, let it out, since it may say why."""
    try:
        stderr = os.dup(2)
    except OSError:  # started without a stderr: nothing to silence
        yield
        return
    with tempfile.TemporaryFile() as held:
        sys.stderr.flush()
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(stderr, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)

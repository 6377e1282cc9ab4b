"""How the process of one command ends: its work done, its output written, nothing torn down."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from collections.abc import Callable


def ending_with(command: Callable[[], int]) -> int:
    """Run a command so that its process ends with the code it returns, and return that code.

    Threads of Arrow and DuckDB outlive the command. One that asks for the interpreter while that
    is being torn down takes the process with it: "terminate called without an active exception",
    after all was done and said. So nothing is torn down: once threads of ours have been waited
    for and what was to run at exit has run, the process is over. A command that raises, and
    `SystemExit` is raised too, ends as any Python process does.
    """
    codes: list[int] = []
    # The first registered runs last, so all that a command registers for its end comes before.
    atexit.register(_end, codes)
    codes.append(command())
    return codes[0]


def _end(codes: list[int]) -> None:
    if codes:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(codes[0])

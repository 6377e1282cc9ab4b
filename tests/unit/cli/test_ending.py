"""A command's process ends with its code and its whole output, and tears nothing down."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

WITNESS = """
import atexit, os, sys, threading, time
from mantissa.entrypoints.cli.ending import ending_with

class Witness:
    def __del__(self, write=os.write):
        write(2, b"torn down")

sys.witness = Witness()
"""
AT_EXIT = 'atexit.register(print, "at exit")'
THREAD = 'threading.Thread(target=lambda: (time.sleep(0.2), print("thread"))).start()'


def ended(*command: str) -> subprocess.CompletedProcess[str]:
    body = "\n".join(f"    {line}" for line in command)
    script = f"{WITNESS}\ndef command():\n{body}\nsys.exit(ending_with(command))"
    buffered = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=buffered,
    )


@pytest.mark.parametrize("code", [0, 3])
def test_a_command_that_ends_leaves_the_interpreter_standing(code: int) -> None:
    done = ended('print("told" * 9000)', f"return {code}")
    assert (done.returncode, done.stdout, done.stderr) == (code, "told" * 9000 + "\n", "")


def test_threads_are_waited_for_and_what_is_to_run_at_exit_runs() -> None:
    done = ended(AT_EXIT, THREAD, 'print("told")', "return 3")
    assert (done.returncode, done.stdout, done.stderr) == (3, "told\nthread\nat exit\n", "")


@pytest.mark.parametrize(
    ("raised", "code", "told"),
    [("SystemExit(5)", 5, ""), ("ValueError('a fault')", 1, "a fault")],
)
def test_a_command_that_raises_ends_as_any_process_does(raised: str, code: int, told: str) -> None:
    done = ended(AT_EXIT, f"raise {raised}")
    assert (done.returncode, done.stdout) == (code, "at exit\n")
    assert told in done.stderr
    assert done.stderr.endswith("torn down")


def test_a_reader_that_left_changes_nothing() -> None:
    done = ended("sys.stdout.write('kept in the buffer')", "os.close(1)", "return 3")
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "")

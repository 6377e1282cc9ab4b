"""A function's process: it loads a handler once, and each call finds it as a cold start does.

`Function` is the side of the tests. The other side reads the events of one invocation after
another from a line, and answers them in a forked child that nothing was done in before. What a
child had to import the next one finds imported.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

MEMORY = 512


class Function:
    """One function with its role's credentials and a temporary folder of its own."""

    def __init__(self, name: str, handler: str, environ: Mapping[str, str], home: Path) -> None:
        home.mkdir(parents=True)
        self.log = home / "log"
        tests = Path(__file__).parents[1]
        more = {"TMPDIR": str(home), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(tests)}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "support.lambda_worker", handler],
                env={**environ, **more, "AWS_LAMBDA_FUNCTION_NAME": name},
                cwd=home,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def __enter__(self) -> Function:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(30)

    def call(self, events: Sequence[Any]) -> list[Any]:
        """Call the handler with each event in one cold process; a failed call is `{"raised": …}`."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(events) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, self.log.read_text(encoding="utf-8")[-4000:]
        answers: list[Any] = json.loads(line)
        return answers


class Context:
    """What Lambda hands to a handler."""

    function_version = "1"
    memory_limit_in_mb = MEMORY
    aws_request_id = "11111111-2222-3333-4444-555555555555"

    def __init__(self) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        here = f"{os.environ['AWS_REGION']}:123456789012:function:{self.function_name}:live"
        self.invoked_function_arn = f"arn:aws:lambda:{here}"

    def get_remaining_time_in_millis(self) -> int:
        return 840_000


def _serve(module: str) -> None:
    handler = importlib.import_module(module).handler
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(_forked(handler, json.loads(line))) + "\n")
        answers.flush()


def _forked(handler: Callable[..., Any], events: Sequence[Any]) -> list[Any]:
    source, sink = os.pipe()
    child = os.fork()
    if not child:
        os.close(source)
        before = set(sys.modules)
        told = {"answers": [_answer(handler, event) for event in events]}
        with os.fdopen(sink, "w") as file:
            json.dump({**told, "imported": sorted(set(sys.modules) - before)}, file)
        sys.stdout.flush()
        os._exit(0)
    os.close(sink)
    with os.fdopen(source) as read:
        text = read.read()
    os.waitpid(child, 0)
    for left in Path(os.environ["TMPDIR"]).glob("mantissa*"):
        shutil.rmtree(left)
    told = json.loads(text or '{"answers": [{"raised": "the process died"}], "imported": []}')
    for name in told["imported"]:
        # Some names in sys.modules are no modules of their own (six.moves).
        with suppress(ImportError):
            importlib.import_module(name)
    answers: list[Any] = told["answers"]
    return answers


def _answer(handler: Callable[..., Any], event: Any) -> Any:
    try:
        return handler(event, Context())
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return {"raised": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    _serve(sys.argv[1])

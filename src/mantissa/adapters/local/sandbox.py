"""The embedded engine in a process of its own, for SQL that people and models write.

A fault, a leak or an endless loop in the engine ends with that process. It has no environment,
cannot write a file, has limits of memory and CPU from the kernel, and is killed when its time is
up even if DuckDB does not answer its own timer.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict

import orjson

from mantissa.adapters.local.duckdb import DuckDBEngine
from mantissa.adapters.local.duckdb_run import Job
from mantissa.errors import EngineError, EngineRejected, EngineTimedOut, EngineTransient
from mantissa.model import QueryResult

GRACE_SECONDS = 5.0
"""What a process gets beyond the query's own limit: to start, and to hand over the rows."""

CHILD = (sys.executable, "-I", "-m", "mantissa.adapters.local.sandbox_child")
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
_ERRORS: dict[str, type[EngineError]] = {
    error.code: error for error in (EngineRejected, EngineTimedOut, EngineTransient)
}
_KILLED_BY_A_LIMIT = {signal.SIGKILL, signal.SIGXCPU, signal.SIGABRT, signal.SIGTERM}


class IsolatedEngine(DuckDBEngine):
    """A `DuckDBEngine` that runs each query in a new process.

    Attributes:
        command: the program that answers a job; see `sandbox_child`.
        grace: seconds that it gets beyond the query's own limit.
    """

    command: Sequence[str] = CHILD
    grace: float = GRACE_SECONDS

    def _execute(self, job: Job) -> QueryResult:
        return _answer(_converse(self.command, job, job.seconds + self.grace))


def _converse(command: Sequence[str], job: Job, seconds: float) -> bytes:
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
        cwd="/",
        start_new_session=True,
    )
    with process:
        try:
            output, _ = process.communicate(orjson.dumps(asdict(job)), timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise EngineTimedOut(
                "the query ran longer than its time limit and was killed",
                fix="narrow the time window, or raise the time limit",
            ) from error
        finally:
            process.kill()
    _check_end(process.returncode)
    return output


def _check_end(code: int) -> None:
    if code == 0:
        return
    if -code in _KILLED_BY_A_LIMIT:
        raise EngineTimedOut(
            f"the query's process was stopped by {signal.Signals(-code).name}",
            fix="narrow the time window or the columns, or raise the limits",
        )
    raise EngineRejected(
        f"the query's process failed (exit {code})",
        fix="simplify the query; if it stays, run `mantissa doctor`",
    )


def _answer(output: bytes) -> QueryResult:
    import pyarrow as pa

    end = output.index(b"\n") + 1
    header = orjson.loads(output[:end])
    if "error" in header:
        raise _ERRORS[header["error"]](header["message"], fix=header["fix"])
    table = pa.ipc.open_stream(pa.py_buffer(memoryview(output)[end:])).read_all()
    return QueryResult(table, header["bytes_scanned"], header["seconds"], header["truncated"])

"""The process that runs one query: `python -I -m mantissa.adapters.local.sandbox_child`.

It reads one job as JSON from standard input, gives up what a query does not need, and writes one
line of JSON and, after it, the rows as an Arrow stream to standard output.
"""

from __future__ import annotations

import math
import os
import resource
import sys
from typing import BinaryIO

import orjson

from mantissa.adapters.local.duckdb_run import Job, execute
from mantissa.errors import EngineError
from mantissa.model import QueryResult

ROOM_BYTES = 5 << 29
"""Address space for libraries and caches: 2.1 GiB measured with one thread, on Linux."""

THREAD_BYTES = 128 << 20
"""Address space for one more thread's stack and allocator arena: about 60 MiB measured."""


def main() -> None:
    """Answer the job on standard input."""
    job = Job(**orjson.loads(sys.stdin.buffer.read()))
    limit_process(job)
    try:
        result = execute(job)
    except EngineError as error:
        _write_error(sys.stdout.buffer, error)
    else:
        _write_result(sys.stdout.buffer, result)


def limit_process(job: Job) -> None:
    """Take away, for ever, the right to write files and to use more memory or CPU than allowed."""
    cores = job.threads or os.cpu_count() or 1
    cpu = math.ceil(job.seconds * cores) + 5
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, cpu)
    if sys.platform == "linux":  # elsewhere the kernel refuses or ignores it
        _limit(resource.RLIMIT_AS, 2 * job.memory_bytes + ROOM_BYTES + cores * THREAD_BYTES)


def _limit(what: int, value: int) -> None:
    _, hard = resource.getrlimit(what)
    lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (lowest, lowest))


def _write_error(out: BinaryIO, error: EngineError) -> None:
    header = {"error": error.code, "message": error.message, "fix": error.fix}
    out.write(orjson.dumps(header) + b"\n")


def _write_result(out: BinaryIO, result: QueryResult) -> None:
    import pyarrow as pa

    header = {
        "bytes_scanned": result.bytes_scanned,
        "seconds": result.seconds,
        "truncated": result.truncated,
    }
    out.write(orjson.dumps(header) + b"\n")
    with pa.ipc.new_stream(out, result.table.schema) as writer:
        writer.write_table(result.table)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    # A thread of DuckDB or Arrow that meets a dying interpreter would end an answered query as
    # a failed one: nothing is torn down.
    os._exit(0)

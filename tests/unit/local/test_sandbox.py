from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mantissa.adapters.local.duckdb_run import Job
from mantissa.adapters.local.sandbox import CHILD, IsolatedEngine
from mantissa.errors import EngineError, EngineRejected, EngineTimedOut
from mantissa.model import QueryLimits

LIMITS = QueryLimits(seconds=20, memory_bytes=128 << 20)
JOB = Job("SELECT 1", (), "/nonexistent", seconds=5, memory_bytes=64 << 20, threads=1)


class Scripted(IsolatedEngine):
    """An engine whose process runs a script in place of a query."""

    def __init__(self, script: str, grace: float = 20) -> None:
        super().__init__(Path("/nonexistent"), [], threads=1)
        self.command = (sys.executable, "-I", "-c", script)
        self.grace = grace


def failure(script: str, **options: float) -> EngineError:
    with pytest.raises(EngineError) as caught:
        Scripted(script, **options).run("SELECT 1", limits=QueryLimits(seconds=0.1))
    return caught.value


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        ("import os; os.abort()", EngineTimedOut, "SIGABRT"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", EngineTimedOut, "SIGKILL"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", EngineTimedOut, "SIGXCPU"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", EngineRejected, "exit -11"),
        ("raise SystemExit(3)", EngineRejected, "exit 3"),
    ],
)
def test_a_process_that_dies_is_a_failed_query(
    script: str, kind: type[EngineError], words: str
) -> None:
    error = failure(script)
    assert isinstance(error, kind)
    assert words in str(error)


def test_a_process_that_does_not_end_is_killed() -> None:
    error = failure("import time; time.sleep(600)", grace=0.5)
    assert isinstance(error, EngineTimedOut)
    assert "killed" in str(error)


def test_the_process_sees_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    monkeypatch.setenv("PYTHONPATH", "/tmp")
    script = (
        "import json, os\n"
        "print(json.dumps({'error': 'engine_rejected', 'message': str(dict(os.environ)), "
        "'fix': os.getcwd()}))"
    )
    error = failure(script)
    assert "canary" not in str(error)
    assert "PYTHONPATH" not in str(error)
    assert error.fix == "/"


def limited(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script after the limits that a query's process gives itself."""
    head = (
        "from mantissa.adapters.local.duckdb_run import Job\n"
        "from mantissa.adapters.local.sandbox_child import limit_process\n"
        f"limit_process(Job(*{(JOB.sql, JOB.views, JOB.lake, JOB.seconds, JOB.memory_bytes)!r}, "
        "threads=1))\n"
    )
    command = [sys.executable, "-I", "-c", head + script]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_process_cannot_write_files(tmp_path: Path) -> None:
    target = tmp_path / "out"
    done = limited(f"f = open({str(target)!r}, 'w'); f.write('x'); f.flush()")
    assert "File too large" in done.stderr
    assert target.stat().st_size == 0


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is enforced on Linux only")
def test_the_process_cannot_outgrow_its_memory() -> None:
    assert "MemoryError" in limited("b'x' * (16 << 30)").stderr


def test_the_process_cannot_lift_its_limits() -> None:
    script = "import resource as r\nr.setrlimit(r.RLIMIT_FSIZE, (1 << 20, 1 << 20))"
    done = limited(script)
    if os.geteuid() == 0:
        pytest.skip("root may lift any limit")
    assert "not allowed" in done.stderr or "exceeds" in done.stderr


def test_even_unguarded_sql_cannot_write_to_the_lake(tmp_path: Path) -> None:
    """COPY into the allowed folder is what DuckDB's own settings do not stop."""
    lake = tmp_path / "lake" / "logins"
    lake.mkdir(parents=True)
    engine = IsolatedEngine(tmp_path, [], threads=1)
    with pytest.raises(EngineRejected):
        engine.run(f"COPY (SELECT 1) TO '{lake}/x.csv'", limits=LIMITS)
    assert list(lake.iterdir()) == []


def test_the_process_starts_without_the_parsers_and_the_cores() -> None:
    script = (
        "import sys\n"
        "import mantissa.adapters.local.sandbox_child\n"
        "heavy = {'sqlglot', 'sigma', 'typer', 'rich', 'mantissa.ask', 'mantissa.sources'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_large_result_comes_through_whole() -> None:
    engine = IsolatedEngine(Path("/nonexistent"), [], threads=1)
    sql = "SELECT range AS n, 'row ' || range AS t FROM range(300000)"
    table = engine.run(sql, limits=LIMITS).table
    assert table.num_rows == 300_000
    assert table.column("t")[299_999].as_py() == "row 299999"


def test_the_command_isolates_python_itself() -> None:
    assert CHILD[:2] == (sys.executable, "-I")

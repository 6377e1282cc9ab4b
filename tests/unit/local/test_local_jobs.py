"""Queries as jobs on an engine of this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pytest

from mantissa.adapters.local.jobs import LocalJobs
from mantissa.errors import EngineError, EngineRejected, EngineTimedOut, EngineTransient
from mantissa.model import QueryLimits, QueryResult

LIMITS = QueryLimits(rows=100)


class Engine:
    """Answers with as many rows as the SQL says, or raises what it holds."""

    dialect = "duckdb"

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.error: EngineError | None = None

    def run(
        self, sql: str, *, limits: QueryLimits, files: Mapping[str, Sequence[str]] | None = None
    ) -> QueryResult:
        self.ran.append(sql)
        if self.error is not None:
            raise self.error
        return QueryResult(pa.table({"n": list(range(int(sql)))}), 7, 0.5)

    def estimate(self, sql: str) -> int:
        return 0


def rows(jobs: LocalJobs, job: str, limits: QueryLimits = LIMITS) -> int:
    found = jobs.result(job, limits=limits)
    assert found is not None
    return int(found.table.num_rows)


def test_the_same_token_runs_once() -> None:
    engine = Engine()
    jobs = LocalJobs(engine)
    assert jobs.start("3", limits=LIMITS, token="a") == jobs.start("3", limits=LIMITS, token="a")
    assert engine.ran == ["3"]
    assert rows(jobs, "a") == 3


def test_fewer_rows_than_there_are_is_a_cut_answer() -> None:
    jobs = LocalJobs(Engine())
    jobs.start("3", limits=LIMITS, token="a")
    found = jobs.result("a", limits=QueryLimits(rows=2))
    assert found is not None
    assert (found.table.num_rows, found.truncated, found.bytes_scanned) == (2, True, 7)
    assert rows(jobs, "a", QueryLimits(rows=3)) == 3


@pytest.mark.parametrize("kind", [EngineRejected, EngineTimedOut, EngineError])
def test_a_failure_is_told_whenever_the_answer_is_asked_for(kind: type[EngineError]) -> None:
    engine = Engine()
    engine.error = kind("no")
    jobs = LocalJobs(engine)
    jobs.start("3", limits=LIMITS, token="a")
    for _ in range(2):
        with pytest.raises(kind):
            jobs.result("a", limits=LIMITS)
    assert engine.ran == ["3"]


def test_what_may_work_later_is_tried_later() -> None:
    engine = Engine()
    engine.error = EngineTransient("later")
    jobs = LocalJobs(engine)
    with pytest.raises(EngineTransient):
        jobs.start("3", limits=LIMITS, token="a")
    engine.error = None
    jobs.start("3", limits=LIMITS, token="a")
    assert rows(jobs, "a") == 3


def test_only_the_latest_answers_are_kept() -> None:
    jobs = LocalJobs(Engine(), kept=2)
    for token in "abc":
        jobs.start("1", limits=LIMITS, token=token)
    with pytest.raises(EngineRejected):
        jobs.result("a", limits=LIMITS)
    assert rows(jobs, "b") == rows(jobs, "c") == 1


def test_answers_are_kept_up_to_their_bytes_and_the_latest_always() -> None:
    jobs = LocalJobs(Engine(), kept_bytes=8 * 10)
    for token in "abc":
        jobs.start("5", limits=LIMITS, token=token)
    with pytest.raises(EngineRejected):
        jobs.result("a", limits=LIMITS)
    jobs.start("90", limits=LIMITS, token="d")
    assert rows(jobs, "d") == 90
    with pytest.raises(EngineRejected):
        jobs.result("c", limits=LIMITS)


def test_cancelling_leaves_what_has_ended() -> None:
    jobs = LocalJobs(Engine())
    jobs.start("1", limits=LIMITS, token="a")
    jobs.cancel("a")
    jobs.cancel("unknown")
    assert rows(jobs, "a") == 1

"""What every engine that runs queries on their own promises, held against each adapter."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from mantissa.adapters.local.duckdb import DuckDBEngine
from mantissa.adapters.local.jobs import LocalJobs
from mantissa.adapters.local.sandbox import IsolatedEngine
from mantissa.errors import EngineRejected
from mantissa.model import QueryLimits, QueryResult
from mantissa.ports import QueryJobs
from support.emulators import Emulator
from support.engine_world import AwsLake, aws_lake
from support.lake_rows import TABLES, lake_files

LIMITS = QueryLimits(seconds=120, memory_bytes=512 << 20)
SQL = "SELECT event_id FROM logins ORDER BY event_id"
IDS = ["1", "2", "3", "4", "5", "6"]
WRONG = "SELECT CAST(details AS BIGINT) AS n FROM logins"
PATIENCE = 120.0


@pytest.fixture(scope="module")
def lake(ministack: Emulator) -> Iterator[AwsLake]:
    with aws_lake(ministack, TABLES, (), lake_files()) as made:
        yield made


@pytest.fixture(params=["duckdb", "isolated", "athena"])
def jobs(request: pytest.FixtureRequest, tmp_path: Path) -> QueryJobs:
    if request.param == "athena":
        athena = request.getfixturevalue("athena")
        made: AwsLake = request.getfixturevalue("lake")
        return made.athena(athena)
    for key, data in lake_files().items():
        path = tmp_path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    engine = {"duckdb": DuckDBEngine, "isolated": IsolatedEngine}[request.param]
    return LocalJobs(engine(tmp_path, TABLES, threads=1))


def token() -> str:
    return uuid.uuid4().hex


def ended(jobs: QueryJobs, job: str, limits: QueryLimits = LIMITS) -> QueryResult:
    """Look at a job until it has ended."""
    end = time.monotonic() + PATIENCE
    while (found := jobs.result(job, limits=limits)) is None:
        assert time.monotonic() < end, "the job does not end"
        time.sleep(0.1)
    return found


def ids(found: QueryResult) -> list[str]:
    return [row["event_id"] for row in found.table.to_pylist()]


def test_a_job_ends_with_its_rows_and_what_they_took(jobs: QueryJobs) -> None:
    found = ended(jobs, jobs.start(SQL, limits=LIMITS, token=token()))
    assert ids(found) == IDS
    assert found.bytes_scanned > 0
    assert found.seconds > 0
    assert not found.truncated


def test_the_same_sql_and_token_are_the_same_job(jobs: QueryJobs) -> None:
    given = token()
    first = jobs.start(SQL, limits=LIMITS, token=given)
    assert jobs.start(SQL, limits=LIMITS, token=given) == first
    ended(jobs, first)
    assert jobs.start(SQL, limits=LIMITS, token=given) == first
    assert jobs.start(SQL, limits=LIMITS, token=token()) != first


def test_an_answer_can_be_read_again_and_in_parts(jobs: QueryJobs) -> None:
    job = jobs.start(SQL, limits=LIMITS, token=token())
    for _ in range(2):
        assert ids(ended(jobs, job)) == IDS
    few = ended(jobs, job, QueryLimits(seconds=120, memory_bytes=512 << 20, rows=2))
    assert (ids(few), few.truncated) == (IDS[:2], True)
    exact = ended(jobs, job, QueryLimits(seconds=120, memory_bytes=512 << 20, rows=6))
    assert (ids(exact), exact.truncated) == (IDS, False)


def test_a_cut_answer_says_so_whenever_it_is_read(jobs: QueryJobs) -> None:
    limits = QueryLimits(seconds=120, memory_bytes=512 << 20, rows=4)
    job = jobs.start(SQL, limits=limits, token=token())
    for _ in range(2):
        found = ended(jobs, job, limits)
        assert (ids(found), found.truncated) == (IDS[:4], True)


def test_a_job_that_failed_says_so_whenever_it_is_looked_at(jobs: QueryJobs) -> None:
    with pytest.raises(EngineRejected) as refused:
        job = jobs.start(WRONG, limits=LIMITS, token=token())
        ended(jobs, job)
    assert "ada" not in str(refused.value), "errors quote no values"
    with pytest.raises(EngineRejected):
        jobs.result(job, limits=LIMITS)


def test_a_job_that_is_not_known_is_refused(jobs: QueryJobs) -> None:
    with pytest.raises(EngineRejected):
        jobs.result(str(uuid.uuid4()), limits=LIMITS)


def test_cancelling_a_job_that_has_ended_leaves_its_answer(jobs: QueryJobs) -> None:
    job = jobs.start(SQL, limits=LIMITS, token=token())
    ended(jobs, job)
    jobs.cancel(job)
    assert ids(ended(jobs, job)) == IDS

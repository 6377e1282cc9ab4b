"""What only Athena has: jobs and tokens, throttles, states, its ways of failing, its result files."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.config import Config

from mantissa.adapters.aws.athena import AthenaEngine, Waiting, Workgroup
from mantissa.adapters.local.clock import SystemClock
from mantissa.errors import (
    ConfigError,
    EngineError,
    EngineRejected,
    EngineTimedOut,
    EngineTransient,
    QueryTooLarge,
)
from mantissa.model import QueryLimits
from support.athena.refusal import Answer
from support.athena.server import Endpoint
from support.athena.troubles import (
    HELD,
    INTERNAL_ERROR,
    METASTORE_ERROR,
    RESOURCES_EXHAUSTED,
    TIMED_OUT,
    Fate,
    cancelled,
    failed,
)
from support.emulators import Emulator
from support.engine_world import AwsLake, Clients, aws_lake
from support.lake_rows import DAY1, DAY2, TABLES, lake_files

LIMITS = QueryLimits(seconds=60)
COUNT = "SELECT count(*) AS n FROM logins"
THROTTLED = Answer("TooManyRequestsException", "You have exceeded the limit for running queries.")


@pytest.fixture(scope="module")
def lake(ministack: Emulator) -> Iterator[AwsLake]:
    with aws_lake(ministack, TABLES, files=lake_files()) as made:
        yield made


@pytest.fixture
def engine(lake: AwsLake, athena: Endpoint) -> AthenaEngine:
    return lake.athena(athena)


def count(engine: AthenaEngine, **options: Any) -> int:
    found: int = engine.run(COUNT, limits=LIMITS, **options).table["n"][0].as_py()
    return found


def calls(athena: Endpoint, operation: str) -> list[Mapping[str, Any]]:
    return [body for name, body in athena.calls if name == operation]


def test_a_lost_answer_does_not_run_the_query_twice(engine: AthenaEngine, athena: Endpoint) -> None:
    athena.troubles.drop("StartQueryExecution")
    assert count(engine) == 6
    started = calls(athena, "StartQueryExecution")
    assert len(started) == 2
    assert len({body["ClientRequestToken"] for body in started}) == 1


def test_two_runs_are_two_queries(engine: AthenaEngine, athena: Endpoint) -> None:
    assert [count(engine), count(engine)] == [6, 6]
    started = calls(athena, "StartQueryExecution")
    assert len({body["ClientRequestToken"] for body in started}) == 2


def test_a_throttled_start_is_tried_again(engine: AthenaEngine, athena: Endpoint) -> None:
    athena.troubles.answer("StartQueryExecution", THROTTLED, times=6)
    assert count(engine) == 6
    tokens = {body["ClientRequestToken"] for body in calls(athena, "StartQueryExecution")}
    assert len(tokens) == 1


def test_endless_throttling_is_transient(lake: AwsLake, athena: Endpoint) -> None:
    engine = impatient(lake, athena)
    athena.troubles.answer("StartQueryExecution", THROTTLED, times=1000)
    with pytest.raises(EngineTransient):
        count(engine)


@pytest.mark.parametrize("operation", ["GetQueryExecution", "GetQueryResults"])
def test_throttled_looks_are_tried_again(
    engine: AthenaEngine, athena: Endpoint, operation: str
) -> None:
    athena.troubles.answer(operation, THROTTLED, times=2)
    assert count(engine) == 6


def impatient(lake: AwsLake, athena: Endpoint, **options: Any) -> AthenaEngine:
    """Return an engine that does not pause between its tries; the SDK's own have no pause either."""
    from botocore.config import Config

    client = athena.client(config=Config(retries={"total_max_attempts": 1}))
    group = Workgroup(lake.database, lake.database, **options)
    waiting = Waiting(SystemClock(), lambda seconds: None)
    return AthenaEngine(Clients(client, lake.s3), group, lake.lake(), waiting)


@pytest.mark.parametrize("fate", [INTERNAL_ERROR, METASTORE_ERROR, failed("Rate", 1, 1403)])
def test_what_failed_through_no_fault_of_the_query_runs_again(
    lake: AwsLake, athena: Endpoint, fate: Fate
) -> None:
    engine = impatient(lake, athena)
    athena.troubles.fate(fate, times=2)
    assert count(engine) == 6
    athena.troubles.fate(fate, times=3)
    with pytest.raises(EngineTransient):
        count(engine)


FATES = [
    (RESOURCES_EXHAUSTED, EngineTimedOut, "resources"),
    (TIMED_OUT, EngineTimedOut, "time limit"),
    (cancelled("Bytes scanned limit was exceeded"), EngineTimedOut, "more bytes"),
    (cancelled("Query cancelled by user"), EngineTimedOut, "stopped"),
    (failed("EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded", 1, 5), EngineTimedOut, "memory"),
    (failed("COMPILER_ERROR: Compiler failed", 1, 200), EngineRejected, "Compiler"),
    (
        failed("COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"),
        EngineRejected,
        "nope",
    ),
    (failed("TYPE_MISMATCH: line 1:8: 'x' in 'secret'", 2, 1000), EngineRejected, "line 1:8"),
    (
        failed("Insufficient permissions to execute the query", 2, 1501),
        EngineRejected,
        "may not read",
    ),
    (failed("HIVE_BAD_DATA: Malformed Parquet file", 2, 1001), EngineRejected, "Malformed"),
    (failed("FAILED: SemanticException table not found", 2, 1301), EngineRejected, "Semantic"),
    (failed("s3://b/k is gone", 2, 1302), EngineTransient, "gone"),
    (failed("", 1, 100), EngineTransient, "no reason"),
    (failed("something new", 3, 4242), EngineTransient, "something new"),
    (failed("something of the user's", 2, 4242), EngineRejected, "something"),
]


@pytest.mark.parametrize(("fate", "kind", "words"), FATES, ids=[w for _, _, w in FATES])
def test_every_end_has_its_error(
    lake: AwsLake, athena: Endpoint, fate: Fate, kind: type[EngineError], words: str
) -> None:
    athena.troubles.fate(fate, times=3)
    with pytest.raises(kind, match=words) as error:
        count(impatient(lake, athena))
    assert type(error.value) is kind
    assert "secret" not in str(error.value)


def test_the_scan_cut_off_of_the_workgroup_is_a_limit(lake: AwsLake, athena: Endpoint) -> None:
    name = f"{lake.database}_small"
    # Athena takes 10 MB at least, as the SDK knows; a lake of that size would only cost time.
    unchecked = Config(parameter_validation=False)
    lake.emulator.client("athena", config=unchecked).create_work_group(
        Name=name,
        Configuration={
            "ResultConfiguration": {"OutputLocation": f"s3://{lake.bucket}/small/"},
            "BytesScannedCutoffPerQuery": 2_000,
        },
    )
    engine = AthenaEngine(
        Clients(athena.client(), lake.s3),
        Workgroup(name, lake.database),
        lake.lake(),
        Waiting(SystemClock()),
    )
    with pytest.raises(EngineTimedOut, match="more bytes"):
        count(engine)
    assert count(engine, files={"logins": [DAY1]}) == 2


REFUSALS = [
    (Answer("AccessDeniedException", "not authorized to perform: athena:StartQueryExecution"),
     EngineRejected),
    (Answer("UnrecognizedClientException", "The security token is invalid."), ConfigError),
    (Answer("InvalidRequestException", "WorkGroup nope is not found."), EngineRejected),
    (Answer("InternalServerException", "oops", 500), EngineTransient),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "kind"), REFUSALS, ids=[a.code for a, _ in REFUSALS])
def test_every_refusal_has_its_error(
    lake: AwsLake, athena: Endpoint, answer: Answer, kind: type[Exception]
) -> None:
    athena.troubles.answer("StartQueryExecution", answer, times=100)
    with pytest.raises(kind) as error:
        count(impatient(lake, athena))
    assert type(error.value) is kind


def test_an_athena_that_is_not_there_is_transient(lake: AwsLake, athena: Endpoint) -> None:
    athena.troubles.drop("*", times=1000, before=True)
    with pytest.raises(EngineTransient):
        count(impatient(lake, athena))


def test_a_workgroup_that_is_not_there_is_named(lake: AwsLake, athena: Endpoint) -> None:
    group = Workgroup("nowhere", lake.database)
    clients = Clients(athena.client(), lake.s3)
    engine = AthenaEngine(clients, group, lake.lake(), Waiting(SystemClock()))
    with pytest.raises(EngineRejected, match="nowhere"):
        count(engine)


def state(athena: Endpoint, number: int = 0) -> str:
    """Return what became of the query that was started after so many others."""
    client = athena.client()
    started = sorted(
        (client.get_query_execution(QueryExecutionId=i)["QueryExecution"] for i in ids(athena)),
        key=lambda found: found["Status"]["SubmissionDateTime"],
    )
    found: str = started[number]["Status"]["State"]
    return found


def ids(athena: Endpoint) -> set[str]:
    return {body["QueryExecutionId"] for body in calls(athena, "GetQueryExecution")}


def test_a_query_over_its_time_is_stopped(engine: AthenaEngine, athena: Endpoint) -> None:
    athena.troubles.fate(Fate(running_polls=HELD))
    with pytest.raises(EngineTimedOut, match="time"):
        engine.run(COUNT, limits=QueryLimits(seconds=0.5))
    assert state(athena) == "CANCELLED"


def test_an_interrupt_stops_the_query(lake: AwsLake, athena: Endpoint) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    group = Workgroup(lake.database, lake.database)
    clients = Clients(athena.client(), lake.s3)
    engine = AthenaEngine(clients, group, lake.lake(), Waiting(SystemClock(), interrupted))
    athena.troubles.fate(Fate(running_polls=HELD))
    with pytest.raises(KeyboardInterrupt):
        count(engine)
    assert state(athena) == "CANCELLED"


def test_waiting_for_room_counts_to_the_time_limit(lake: AwsLake, athena: Endpoint) -> None:
    engine = lake.athena(athena, at_once=1)
    athena.troubles.fate(Fate(running_polls=HELD))

    def held() -> None:
        with pytest.raises(EngineTimedOut):
            engine.run(COUNT, limits=QueryLimits(seconds=3))

    first = threading.Thread(target=held)
    first.start()
    while not calls(athena, "GetQueryExecution"):
        pass
    with pytest.raises(EngineTimedOut):
        engine.run(COUNT, limits=QueryLimits(seconds=0.2))
    assert len(calls(athena, "StartQueryExecution")) == 1
    first.join()
    assert count(engine) == 6


def test_a_text_over_athenas_limit_says_how_many_files_fit(engine: AthenaEngine) -> None:
    keys = [f"lake/logins/event_date=2026-01-01/{n:064x}.parquet" for n in range(4000)]
    with pytest.raises(QueryTooLarge) as error:
        engine.run(COUNT, limits=LIMITS, files={"logins": keys})
    fits = error.value.fits
    assert 1000 < fits < 4000
    with pytest.raises(EngineTransient, match="missing"):
        engine.run(COUNT, limits=LIMITS, files={"logins": keys[:fits]})
    with pytest.raises(QueryTooLarge):
        engine.run(COUNT, limits=LIMITS, files={"logins": keys[: fits + 20]})


def test_a_result_may_be_reused_only_when_asked_for(lake: AwsLake, athena: Endpoint) -> None:
    assert count(lake.athena(athena)) == 6
    assert count(lake.athena(athena, reuse_minutes=30)) == 6
    plain, reusing = calls(athena, "StartQueryExecution")
    assert "ResultReuseConfiguration" not in plain
    by_age = reusing["ResultReuseConfiguration"]["ResultReuseByAgeConfiguration"]
    assert by_age == {"Enabled": True, "MaxAgeInMinutes": 30}


def test_a_day_that_nobody_registered_is_registered_before_it_is_read(
    lake: AwsLake, athena: Endpoint
) -> None:
    key = "lake/logins/event_date=2026-02-02/late.parquet"
    lake.objects.put_if_absent(key, lake_files()[DAY1])
    engine = lake.athena(athena)
    assert count(engine) == 6
    assert count(engine, files={"logins": [key, DAY2]}) == 5
    assert count(engine, files={"logins": [DAY2]}) == 3
    lake.objects.delete(key)


# Jobs


def token() -> str:
    """Return a token that no other test has: the endpoint remembers them, as Athena does."""
    return uuid.uuid4().hex


def waited(engine: AthenaEngine, job: str, limits: QueryLimits = LIMITS) -> Any:
    while (found := engine.result(job, limits=limits)) is None:
        pass
    return found


def test_a_job_is_started_once_and_read_by_anybody(
    engine: AthenaEngine, lake: AwsLake, athena: Endpoint
) -> None:
    athena.troubles.fate(Fate(queued_polls=1, running_polls=1))
    same = token()
    job = engine.start(COUNT, limits=LIMITS, token=same)
    assert engine.start(COUNT, limits=LIMITS, token=same) == job
    assert engine.result(job, limits=LIMITS) is None
    assert waited(lake.athena(athena), job).table["n"].to_pylist() == [6]
    other = engine.start(COUNT, limits=LIMITS, token=token())
    assert other != job
    waited(engine, other)


def test_a_jobs_rows_are_cut_at_the_limit(engine: AthenaEngine) -> None:
    limits = QueryLimits(seconds=60, rows=2)
    job = engine.start("SELECT event_id FROM logins ORDER BY 1", limits=limits, token=token())
    found = waited(engine, job, limits)
    assert (found.table["event_id"].to_pylist(), found.truncated) == (["1", "2"], True)


def test_a_nested_result_of_a_job_takes_a_few_looks(engine: AthenaEngine) -> None:
    sql = "SELECT event_id, ARRAY[event_id, ', ', NULL] AS x FROM logins ORDER BY 1 DESC"
    job = engine.start(sql, limits=LIMITS, token=token())
    found = waited(engine, job)
    assert found.table.to_pylist()[0] == {"event_id": "6", "x": ["6", ", ", None]}
    assert waited(engine, job).table == found.table


def test_a_job_that_failed_says_why_each_time(engine: AthenaEngine) -> None:
    job = engine.start("SELECT nope FROM logins", limits=LIMITS, token=token())
    for _ in range(2):
        with pytest.raises(EngineRejected, match="nope"):
            waited(engine, job)


def test_a_job_over_its_time_is_stopped_by_whoever_looks(
    engine: AthenaEngine, athena: Endpoint
) -> None:
    athena.troubles.fate(Fate(running_polls=HELD))
    job = engine.start(COUNT, limits=LIMITS, token=token())
    assert engine.result(job, limits=LIMITS) is None
    for _ in range(2):
        with pytest.raises(EngineTimedOut):
            engine.result(job, limits=QueryLimits(seconds=0.0))
    assert state(athena) == "CANCELLED"


def test_a_job_can_be_cancelled_and_cancelled_again(engine: AthenaEngine, athena: Endpoint) -> None:
    athena.troubles.fate(Fate(running_polls=HELD))
    job = engine.start(COUNT, limits=LIMITS, token=token())
    engine.cancel(job)
    engine.cancel(job)
    with pytest.raises(EngineTimedOut, match="stopped"):
        waited(engine, job)
    done = engine.start(COUNT, limits=LIMITS, token=token())
    waited(engine, done)
    engine.cancel(done)
    assert waited(engine, done).table.num_rows == 1


@pytest.mark.parametrize("job", ["", "nope", "00000000-0000-0000-0000-000000000000"])
def test_a_job_that_is_not_known_is_refused(engine: AthenaEngine, job: str) -> None:
    with pytest.raises(EngineRejected):
        engine.result(job, limits=LIMITS)
    with pytest.raises(EngineRejected):
        engine.cancel(job)


def test_a_query_of_another_workgroup_is_not_known(
    engine: AthenaEngine, lake: AwsLake, athena: Endpoint
) -> None:
    job = engine.start(COUNT, limits=LIMITS, token=token())
    group = Workgroup("other", lake.database)
    clients = Clients(athena.client(), lake.s3)
    other = AthenaEngine(clients, group, lake.lake(), Waiting(SystemClock()))
    with pytest.raises(EngineRejected, match="no such query"):
        other.result(job, limits=LIMITS)
    with pytest.raises(EngineRejected, match="no such query"):
        other.cancel(job)
    waited(engine, job)


def test_a_result_whose_file_is_gone_is_no_empty_answer(
    engine: AthenaEngine, lake: AwsLake
) -> None:
    sql = "SELECT n FROM UNNEST(sequence(1, 3000)) AS t(n)"
    job = engine.start(sql, limits=LIMITS, token=token())
    assert waited(engine, job).table["n"].to_pylist() == list(range(1, 3001))
    lake.s3.delete_object(Bucket=lake.bucket, Key=f"athena/{job}.csv")
    with pytest.raises(EngineRejected):
        engine.result(job, limits=LIMITS)


def test_what_a_query_took_is_said(engine: AthenaEngine) -> None:
    found = engine.run("SELECT event_id FROM logins", limits=LIMITS)
    files = lake_files()
    assert found.bytes_scanned == sum(len(data) for key, data in files.items() if "logins" in key)
    assert found.seconds > 0

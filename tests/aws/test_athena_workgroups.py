"""What a workgroup decides, reuse of results, stopping, UNLOAD and awswrangler on the endpoint."""

from __future__ import annotations

import base64
import os
import uuid
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from support.athena.server import Endpoint
from support.athena.troubles import HELD, Fate
from support.athena_calls import Caller, code_of
from support.emulators import Emulator
from support.event_lake import EventLake, Row, event_lake

MakeWorkgroup = Callable[..., str]


@pytest.fixture(scope="module")
def lake(ministack: Emulator) -> Iterator[EventLake]:
    with event_lake(ministack, "workgroups") as lake:
        yield lake


@pytest.fixture
def caller(athena: Endpoint, lake: EventLake) -> Caller:
    return Caller(athena.client(), lake.name, lake.results)


@pytest.fixture
def workgroup(ministack: Emulator) -> MakeWorkgroup:
    """Make a workgroup of the emulator with this configuration."""

    def make(**configuration: Any) -> str:
        name = f"wg-{uuid.uuid4().hex[:8]}"
        athena = ministack.client("athena")
        athena.create_work_group(Name=name, Configuration=configuration)
        return name

    return make


def reuse(minutes: int = 60) -> dict[str, Any]:
    age = {"Enabled": True, "MaxAgeInMinutes": minutes}
    return {"ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": age}}


def was_reused(done: dict[str, Any]) -> bool:
    return bool(done["Statistics"]["ResultReuseInformation"]["ReusedPreviousResult"])


def at(done: dict[str, Any]) -> str:
    return str(done["ResultConfiguration"]["OutputLocation"])


def test_an_enforced_location_wins(
    caller: Caller, workgroup: MakeWorkgroup, lake: EventLake
) -> None:
    own = {"OutputLocation": f"s3://{lake.bucket}/own"}
    enforced = workgroup(EnforceWorkGroupConfiguration=True, ResultConfiguration=own)
    done = caller.run("SELECT 1 AS a", WorkGroup=enforced)
    assert at(done) == f"s3://{lake.bucket}/own/{done['QueryExecutionId']}.csv"
    assert lake.object(at(done)) == b'"a"\n"1"\n'
    asked = workgroup(EnforceWorkGroupConfiguration=False, ResultConfiguration=own)
    assert at(caller.run("SELECT 1", WorkGroup=asked)).startswith(lake.results)
    done = caller.run("SELECT 1", WorkGroup=asked, ResultConfiguration={})
    assert at(done).startswith(f"s3://{lake.bucket}/own/")


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        (None, "is not found"),
        ({"EnforceWorkGroupConfiguration": False}, "No output location provided"),
    ],
)
def test_a_query_without_a_place_is_refused(
    caller: Caller, workgroup: MakeWorkgroup, configuration: dict[str, Any] | None, message: str
) -> None:
    name = "no-such-group" if configuration is None else workgroup(**configuration)
    with pytest.raises(ClientError, match=message):
        caller.start("SELECT 1", WorkGroup=name, ResultConfiguration={})


def test_a_disabled_workgroup_runs_nothing(
    caller: Caller, workgroup: MakeWorkgroup, ministack: Emulator
) -> None:
    name = workgroup(EnforceWorkGroupConfiguration=False)
    ministack.client("athena").update_work_group(WorkGroup=name, State="DISABLED")
    with pytest.raises(ClientError, match="is disabled"):
        caller.start("SELECT 1", WorkGroup=name)


def test_the_scan_cut_off_cancels(
    caller: Caller, workgroup: MakeWorkgroup, lake: EventLake
) -> None:
    texts = [base64.b64encode(os.urandom(750_000)).decode() for _ in range(16)]
    rows: list[Row] = [("big", None, 1, 0.0, False, "Big", text) for text in texts]
    lake.add_table("wide", {"2026-02-01": rows})
    name = workgroup(BytesScannedCutoffPerQuery=10_000_000, EnforceWorkGroupConfiguration=False)
    done = caller.run("SELECT count(DISTINCT requestparameters) FROM wide", WorkGroup=name)
    assert done["Status"]["State"] == "CANCELLED"
    assert done["Status"]["StateChangeReason"] == "Bytes scanned limit was exceeded"
    assert "AthenaError" not in done["Status"]
    # The same query with no limit, and less of the table with it.
    assert caller.answer("SELECT count(DISTINCT requestparameters) FROM wide") == [["16"]]
    assert caller.run("SELECT max(eventname) FROM wide", WorkGroup=name)["Status"]["State"] == (
        "SUCCEEDED"
    )


def test_a_result_is_reused_within_its_age(caller: Caller, lake: EventLake) -> None:
    sql = f"SELECT count(*) AS n FROM events /* {uuid.uuid4()} */"
    first = caller.run(sql, **reuse())
    assert not was_reused(first)
    second = caller.run(sql, **reuse())
    assert was_reused(second)
    assert second["QueryExecutionId"] != first["QueryExecutionId"]
    assert second["Statistics"]["DataScannedInBytes"] == 0
    assert at(second) == at(first)
    assert caller.rows(second["QueryExecutionId"]) == [["n"], ["4"]]
    # Who does not ask for it, allows no age, or removed the result, gets a new one.
    assert not was_reused(caller.run(sql))
    assert not was_reused(caller.run(sql, **reuse(minutes=0)))
    assert not was_reused(caller.run(sql + " ", **reuse()))
    newest = caller.run(sql, **reuse())
    assert was_reused(newest)
    bucket, _, key = at(newest).removeprefix("s3://").partition("/")
    lake.emulator.client("s3").delete_object(Bucket=bucket, Key=key)
    assert not was_reused(caller.run(sql, **reuse()))


def test_a_reused_result_may_be_out_of_date(caller: Caller, lake: EventLake) -> None:
    lake.add_table("growing", {"2026-01-01": [("g1", None, 1, 0.0, True, "x", None)]})
    first = caller.run("SELECT count(*) FROM growing", **reuse())
    s3, prefix = lake.emulator.client("s3"), "lake/growing/event_date=2026-01-01/"
    s3.copy_object(
        Bucket=lake.bucket,
        Key=f"{prefix}two.parquet",
        CopySource={"Bucket": lake.bucket, "Key": f"{prefix}one.parquet"},
    )
    second = caller.run("SELECT count(*) FROM growing", **reuse())
    assert was_reused(second)
    assert caller.rows(second["QueryExecutionId"]) == caller.rows(first["QueryExecutionId"])
    assert caller.answer("SELECT count(*) FROM growing") == [["2"]]


def test_a_result_that_was_removed_is_not_found(caller: Caller, lake: EventLake) -> None:
    done = caller.run("SELECT 1")
    bucket, _, key = at(done).removeprefix("s3://").partition("/")
    lake.emulator.client("s3").delete_object(Bucket=bucket, Key=key)
    with pytest.raises(ClientError, match="Could not find results"):
        caller.rows(done["QueryExecutionId"])


def test_a_running_query_is_stopped(caller: Caller) -> None:
    endless = (
        "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x), UNNEST(sequence(1, 10000)) b(y), "
    )
    id_ = caller.start(endless + "UNNEST(sequence(1, 10000)) c(z) WHERE x * y * z % 7 = 3")
    while caller.get(id_)["Status"]["State"] == "QUEUED":
        pass
    caller.client.stop_query_execution(QueryExecutionId=id_)
    status = caller.wait(id_)["Status"]
    assert (status["State"], status["StateChangeReason"]) == (
        "CANCELLED",
        "Query cancelled by user",
    )
    with pytest.raises(ClientError) as caught:
        caller.client.get_query_results(QueryExecutionId=id_)
    assert "Final query state: CANCELLED" in code_of(caught.value)[1]


def test_a_stopped_query_is_stopped_on_trino_too(
    caller: Caller, athena: Endpoint, trino: Any
) -> None:
    mark = uuid.uuid4().hex
    id_ = (
        caller.start(f"SELECT count(*) FROM tpch_{mark}, events")
        if False
        else caller.start(
            f"SELECT '{mark}', count(*) FROM UNNEST(sequence(1, 10000)) a(x), "
            "UNNEST(sequence(1, 10000)) b(y), UNNEST(sequence(1, 10000)) c(z) WHERE x * y * z % 7 = 3"
        )
    )

    def states() -> list[str]:
        sql = "SELECT state FROM system.runtime.queries WHERE query LIKE ? AND query NOT LIKE ?"
        with trino.connect() as connection:
            cursor = connection.cursor()
            return [r[0] for r in cursor.execute(sql, (f"SELECT '{mark}%", "%runtime%")).fetchall()]

    while states() != ["RUNNING"]:
        pass
    caller.client.stop_query_execution(QueryExecutionId=id_)
    while states() == ["RUNNING"]:
        pass
    assert states() == ["FAILED"]


def test_a_queued_query_is_stopped(caller: Caller, athena: Endpoint) -> None:
    athena.troubles.fate(Fate(queued_polls=HELD))
    id_ = caller.start("SELECT 1")
    assert caller.get(id_)["Status"]["State"] == "QUEUED"
    caller.client.stop_query_execution(QueryExecutionId=id_)
    assert caller.get(id_)["Status"]["State"] == "CANCELLED"


def test_stopping_what_has_ended_changes_nothing(caller: Caller) -> None:
    id_ = caller.run("SELECT 1")["QueryExecutionId"]
    caller.client.stop_query_execution(QueryExecutionId=id_)
    assert caller.get(id_)["Status"]["State"] == "SUCCEEDED"


def unload(query: str, target: str, options: str = "format = 'PARQUET'") -> str:
    return f"UNLOAD (\n{query}\n) TO '{target}' WITH ({options})"


def test_unload_writes_parquet_and_names_it(caller: Caller, lake: EventLake) -> None:
    target = f"s3://{lake.bucket}/unload/{uuid.uuid4().hex}/"
    done = caller.run(unload("SELECT * FROM events WHERE source_line = 1", target))
    assert done["Status"]["State"] == "SUCCEEDED"
    assert done["SubstatementType"] == "UNLOAD"
    listed = lake.object(done["Statistics"]["DataManifestLocation"]).decode().split()
    assert len(listed) == 1 and listed[0].startswith(target)
    (row,) = pq.read_table(pa.BufferReader(lake.object(listed[0]))).to_pylist()
    assert (row["event_id"], row["score"], row["is_root"]) == ("e1", 0.1, True)
    assert row["event_time"] == datetime(2026, 1, 1, 10, 0, 0, 1000)  # noqa: DTZ001
    assert caller.rows(done["QueryExecutionId"]) == []
    again = caller.run(unload("SELECT 1 AS a", target))["Status"]
    assert again["StateChangeReason"].startswith("HIVE_PATH_ALREADY_EXISTS")


def test_unload_keeps_nested_types(caller: Caller, lake: EventLake) -> None:
    target = f"s3://{lake.bucket}/unload/{uuid.uuid4().hex}/"
    sql = (
        "SELECT ARRAY['a', NULL] AS a, MAP(ARRAY[1], ARRAY['x']) AS m, DATE '2026-01-01' AS d, "
        "CAST(ROW('IAM', 2) AS ROW(type varchar, n bigint)) AS r, DECIMAL '1.50' AS c, "
        "to_utf8('hi') AS b"
    )
    done = caller.run(unload(sql, target, "format = 'parquet', compression = 'SNAPPY'"))
    file = lake.object(done["Statistics"]["DataManifestLocation"]).decode().strip()
    (row,) = pq.read_table(pa.BufferReader(lake.object(file))).to_pylist()
    assert row["a"] == ["a", None] and row["m"] == [(1, "x")] and row["d"] == date(2026, 1, 1)
    assert row["r"] == {"type": "IAM", "n": 2} and str(row["c"]) == "1.50" and row["b"] == b"hi"


def test_unload_takes_parquet_only_and_tells_where_its_query_is_wrong(
    caller: Caller, lake: EventLake
) -> None:
    target = f"s3://{lake.bucket}/unload/{uuid.uuid4().hex}/"
    status = caller.run(unload("SELECT 1 a", target, "format = 'JSON'"))["Status"]
    assert status["StateChangeReason"].startswith("NOT_SUPPORTED")
    with pytest.raises(ClientError) as caught:
        caller.start(unload("SELECT 1 FRM events e x", target))
    assert code_of(caught.value)[1].startswith("line 2:14:")
    with pytest.raises(ClientError, match="UNLOAD"):
        caller.start("UNLOAD SELECT 1")


@pytest.fixture
def wrangler(
    athena: Endpoint, lake: EventLake, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Run SQL through awswrangler, which finds the endpoints in the environment."""
    import awswrangler

    for name, value in athena.environ().items():
        monkeypatch.setenv(name, value)

    def run(sql: str, **more: Any) -> Any:
        return awswrangler.athena.read_sql_query(
            sql,
            database=lake.name,
            ctas_approach=False,
            s3_output=f"{lake.results}{uuid.uuid4().hex}/",
            boto3_session=lake.emulator.session(),
            **more,
        )

    return run


# Its reader of CSV passes pandas 3 an argument that pandas has deprecated.
@pytest.mark.filterwarnings("ignore:The copy keyword is deprecated")
@pytest.mark.parametrize("unload_approach", [False, True], ids=["csv", "unload"])
def test_awswrangler_reads_typed_rows(wrangler: Callable[..., Any], unload_approach: bool) -> None:
    frame = wrangler("SELECT * FROM events ORDER BY event_id", unload_approach=unload_approach)
    assert list(frame["event_id"]) == ["e1", "e2", "e3", "e4"]
    assert int(frame["source_line"].iloc[1]) == 2**63 - 1
    assert frame["score"].iloc[2] == -2.5e-7
    assert bool(frame["is_root"].iloc[0]) is True
    assert frame["event_time"].iloc[2].isoformat() == "2026-01-02T23:59:59.999000"
    assert frame["event_time"].isna().tolist() == [False, False, False, True]
    # By CSV it loses the difference that Athena's CSV keeps, between the empty text and NULL.
    assert frame["eventname"].isna().tolist() == [False, not unload_approach, False, True]
    assert frame["requestparameters"].iloc[3] == "ünïcode 🦉"
    assert frame.query_metadata["Statistics"]["DataScannedInBytes"] > 0


@pytest.mark.filterwarnings("ignore:The copy keyword is deprecated")
def test_awswrangler_binds_parameters(wrangler: Callable[..., Any]) -> None:
    frame = wrangler(
        "SELECT event_id FROM events WHERE eventname = ?",
        params=["'ConsoleLogin'"],
        paramstyle="qmark",
    )
    assert list(frame["event_id"]) == ["e1"]


def test_awswrangler_says_why_a_query_failed(wrangler: Callable[..., Any]) -> None:
    from awswrangler.exceptions import QueryFailed

    with pytest.raises(QueryFailed, match="COLUMN_NOT_FOUND"):
        wrangler("SELECT nothing FROM events")

"""The Athena endpoint that the other tests trust: its API as boto3 sees it, on real Trino."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.athena.server import Endpoint
from support.athena_calls import Caller, code_of
from support.emulators import Emulator
from support.event_lake import DAYS, JSON_TEXT, EventLake, event_lake

LONGEST = 262_144


@pytest.fixture(scope="module")
def lake(ministack: Emulator) -> Iterator[EventLake]:
    with event_lake(ministack, "endpoint") as lake:
        yield lake


@pytest.fixture
def caller(athena: Endpoint, lake: EventLake) -> Caller:
    return Caller(athena.client(), lake.name, lake.results)


@pytest.fixture
def workgroup(ministack: Emulator, lake: EventLake) -> Iterator[str]:
    """A workgroup that enforces its own result location and 10 MB as the most to scan."""
    name = f"wg-{uuid.uuid4().hex[:8]}"
    configuration = {
        "EnforceWorkGroupConfiguration": True,
        "BytesScannedCutoffPerQuery": 10_000_000,
        "ResultConfiguration": {"OutputLocation": f"s3://{lake.bucket}/enforced/"},
    }
    ministack.client("athena").create_work_group(Name=name, Configuration=configuration)
    yield name


def refused(caller: Caller, sql: str, **more: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        caller.start(sql, **more)
    return code_of(caught.value)


def test_a_query_runs_on_trino_and_its_result_is_in_s3(caller: Caller, lake: EventLake) -> None:
    done = caller.run("SELECT count(*), min(event_id) FROM events")
    assert done["Status"]["State"] == "SUCCEEDED"
    assert done["StatementType"] == "DML"
    assert done["QueryExecutionContext"] == {"Database": lake.name, "Catalog": "AwsDataCatalog"}
    # An emulator that runs DuckDB instead would call it count_star().
    assert caller.rows(done["QueryExecutionId"]) == [["_col0", "_col1"], ["4", "e1"]]
    at = done["ResultConfiguration"]["OutputLocation"]
    assert at == f"{lake.results}{done['QueryExecutionId']}.csv"
    assert lake.object(at) == b'"_col0","_col1"\n"4","e1"\n'
    assert lake.object(f"{at}.metadata")


def test_values_of_every_type_of_the_product(caller: Caller) -> None:
    new_year, next_day = "2026-01-01", "2026-01-02"
    long, late = str(2**63 - 1), "2026-01-02 23:59:59.999"
    assert caller.answer("SELECT * FROM events ORDER BY event_id") == [
        ["e1", f"{new_year} 10:00:00.001", "1", "0.1", "true", "ConsoleLogin", JSON_TEXT, new_year],
        ["e2", f"{new_year} 10:07:00.000", long, "1.0E10", "false", "", None, new_year],
        ["e3", late, "-5", "-2.5E-7", None, 'say "hi"\n', "", next_day],
        ["e4", None, None, None, "true", None, "ünïcode 🦉", next_day],
    ]


def test_column_types_are_named_as_athena_names_them(caller: Caller) -> None:
    id_ = caller.run("SELECT * FROM events WHERE event_id = 'e1'")["QueryExecutionId"]
    (page,) = caller.pages(id_)
    described = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert [(c["Name"], c["Type"]) for c in described] == [
        ("event_id", "varchar"),
        ("event_time", "timestamp"),
        ("source_line", "bigint"),
        ("score", "double"),
        ("is_root", "boolean"),
        ("eventname", "varchar"),
        ("requestparameters", "varchar"),
        ("event_date", "varchar"),
    ]


@pytest.mark.parametrize(
    ("sql", "printed"),
    [
        ("CAST('NaN' AS DOUBLE)", "NaN"),
        ("-infinity()", "-Infinity"),
        ("1e7", "1.0E7"),
        ("9999999e0", "9999999.0"),
        ("1e-3", "0.001"),
        ("-0e0", "-0.0"),
        ("REAL '0.1'", "0.1"),
        ("DECIMAL '1.50'", "1.50"),
        ("DATE '2026-01-01'", "2026-01-01"),
        ("TIMESTAMP '2026-01-01 00:00:00 UTC'", "2026-01-01 00:00:00.000 UTC"),
        ("to_utf8('ab')", "61 62"),
        ("ARRAY['a', NULL, '']", "[a, null, ]"),
        ("MAP(ARRAY['k'], ARRAY[true])", "{k=true}"),
        ("CAST(ROW('IAM', 1) AS ROW(type varchar, n bigint))", "{type=IAM, n=1}"),
        ("ROW(1, NULL)", "{field0=1, field1=null}"),
        ("JSON '{\"a\": 1}'", '{"a":1}'),
        ("INTERVAL '15' MINUTE", "0 00:15:00.000"),
    ],
)
def test_other_values_are_printed_as_athena_prints_them(
    caller: Caller, sql: str, printed: str
) -> None:
    assert caller.answer(f"SELECT {sql}") == [[printed]]


def test_csv_tells_null_from_the_empty_text(caller: Caller, lake: EventLake) -> None:
    done = caller.run("SELECT NULL a, '' b, 'x\"y' c, 'p\nq' d, 1 e")
    text = lake.object(done["ResultConfiguration"]["OutputLocation"]).decode()
    assert text == '"a","b","c","d","e"\n,"","x""y","p\nq","1"\n'
    assert list(csv.reader(io.StringIO(text)))[1] == ["", "", 'x"y', "p\nq", "1"]


def test_pages_hold_a_thousand_rows_with_the_header_first(caller: Caller) -> None:
    done = caller.run("SELECT n FROM UNNEST(sequence(1, 2500)) AS t(n) ORDER BY n")
    pages = [page["ResultSet"]["Rows"] for page in caller.pages(done["QueryExecutionId"])]
    assert [len(page) for page in pages] == [1000, 1000, 501]
    assert caller.rows(done["QueryExecutionId"]) == [["n"]] + [[str(n)] for n in range(1, 2501)]
    few = list(caller.pages(done["QueryExecutionId"], MaxResults=999))
    assert [len(page["ResultSet"]["Rows"]) for page in few] == [999, 999, 503]


def test_a_page_token_is_good_for_its_query_only(caller: Caller) -> None:
    one, other = (
        caller.run(f"SELECT n FROM UNNEST(sequence(1, {n})) AS t(n)")["QueryExecutionId"]
        for n in (1500, 1501)
    )
    token = next(caller.pages(one))["NextToken"]
    with pytest.raises(ClientError) as caught:
        caller.client.get_query_results(QueryExecutionId=other, NextToken=token)
    assert code_of(caught.value) == ("InvalidRequestException", "Invalid NextToken")


def test_the_same_token_is_the_same_query(caller: Caller, athena: Endpoint) -> None:
    token = uuid.uuid4().hex
    first = caller.start("SELECT 1", ClientRequestToken=token)
    assert caller.start("SELECT 1", ClientRequestToken=token) == first
    assert caller.start("SELECT 1") != first
    name, message = refused(caller, "SELECT 2", ClientRequestToken=token)
    assert (name, message) == ("InvalidRequestException", "Idempotent parameters do not match")
    assert caller.wait(first)["Query"] == "SELECT 1"


def test_parameters_are_bound_not_woven(caller: Caller) -> None:
    sql = "SELECT event_id FROM events WHERE eventname = ? AND source_line >= ?"
    assert caller.answer(sql, ExecutionParameters=["'ConsoleLogin'", "1"]) == [["e1"]]
    hostile = "'x'' OR true --'"
    assert caller.answer(sql, ExecutionParameters=[hostile, "0"]) == []
    done = caller.run(sql, ExecutionParameters=["'one is missing'"])
    assert done["Status"]["State"] == "FAILED"
    assert done["Status"]["StateChangeReason"].startswith("INVALID_PARAMETER_USAGE")


def test_what_does_not_parse_is_refused_at_once(caller: Caller, athena: Endpoint) -> None:
    before = len(athena.athena.executions)
    name, message = refused(caller, "SELECT 1\nFRM events")
    assert name == "InvalidRequestException"
    assert message.startswith("line 2:5: mismatched input 'events'")
    assert refused(caller, "SELECT 1; SELECT 2")[0] == "InvalidRequestException"
    assert refused(caller, " \n")[1] == "queryString is empty"
    assert len(athena.athena.executions) == before


def test_what_parses_but_means_nothing_fails_later(caller: Caller) -> None:
    status = caller.run("SELECT\n  nothing FROM events")["Status"]
    assert status["State"] == "FAILED"
    assert status["StateChangeReason"] == (
        "COLUMN_NOT_FOUND: line 2:3: Column 'nothing' cannot be resolved"
        " or requester is not authorized to access requested resources"
    )
    assert status["AthenaError"]["ErrorCategory"] == 2
    assert status["AthenaError"]["ErrorType"] == 1006
    assert status["AthenaError"]["ErrorMessage"] == status["StateChangeReason"]
    assert status["AthenaError"]["Retryable"] is False


def test_a_failure_while_running_is_the_users(caller: Caller) -> None:
    status = caller.run("SELECT 1 / (source_line - 1) FROM events WHERE source_line = 1")["Status"]
    assert (status["State"], status["AthenaError"]["ErrorCategory"]) == ("FAILED", 2)
    assert status["StateChangeReason"].startswith("DIVISION_BY_ZERO")


def test_a_result_that_cannot_be_written_is_a_failure(caller: Caller) -> None:
    place = {"OutputLocation": f"s3://no-such-{uuid.uuid4().hex}/"}
    status = caller.run("SELECT 1", ResultConfiguration=place)["Status"]
    assert (status["State"], status["AthenaError"]["ErrorType"]) == ("FAILED", 401)


def test_a_failed_query_has_no_results(caller: Caller) -> None:
    id_ = caller.run("SELECT nothing FROM events")["QueryExecutionId"]
    with pytest.raises(ClientError) as caught:
        caller.client.get_query_results(QueryExecutionId=id_)
    assert "Final query state: FAILED" in code_of(caught.value)[1]


def test_ddl_is_not_run_here(caller: Caller) -> None:
    for sql in ("DROP TABLE events", "CREATE TABLE x AS SELECT 1 a", "INSERT INTO events SELECT 1"):
        status = caller.run(sql)["Status"]
        assert (status["State"], status["StateChangeReason"][:14]) == ("FAILED", "NOT_SUPPORTED:")
    assert caller.answer("SELECT count(*) FROM events") == [["4"]]


def test_utility_statements_have_no_header(caller: Caller, lake: EventLake) -> None:
    done = caller.run("SHOW TABLES")
    assert done["StatementType"] == "UTILITY"
    assert caller.rows(done["QueryExecutionId"]) == [["events"]]
    assert lake.object(done["ResultConfiguration"]["OutputLocation"]) == b"events\n"


def test_text_over_the_limit_is_refused_and_just_under_it_runs(caller: Caller) -> None:
    def text(size: int) -> str:
        return f"SELECT length('{'a' * (size - 17)}')"

    assert len(text(LONGEST)) == LONGEST
    assert caller.answer(text(LONGEST)) == [[str(LONGEST - 17)]]
    assert f"less than or equal to {LONGEST}" in refused(caller, text(LONGEST + 1))[1]
    # The limit is one of bytes: so many owls are four times as long.
    assert "constraint" in refused(caller, f"SELECT '{'🦉' * (LONGEST // 4)}'")[1]


def test_scanned_bytes_are_those_of_the_partitions_read(caller: Caller, lake: EventLake) -> None:
    def scanned(where: str) -> int:
        done = caller.run(f"SELECT max(eventname) FROM events {where}")
        return int(done["Statistics"]["DataScannedInBytes"])

    assert scanned("") == sum(lake.sizes[day] for day in DAYS)
    for day in DAYS:
        assert scanned(f"WHERE event_date = '{day}'") == lake.sizes[day]
    assert scanned("WHERE event_date = '2031-01-01'") == 0


def test_timings_are_reported(caller: Caller) -> None:
    done = caller.run("SELECT count(*) FROM events")
    statistics, status = done["Statistics"], done["Status"]
    assert statistics["EngineExecutionTimeInMillis"] > 0
    assert status["CompletionDateTime"] >= status["SubmissionDateTime"]
    id_ = done["QueryExecutionId"]
    runtime = caller.client.get_query_runtime_statistics(QueryExecutionId=id_)
    rows = runtime["QueryRuntimeStatistics"]["Rows"]
    assert (rows["InputRows"], rows["OutputRows"]) == (4, 1)


def test_executions_are_listed_by_workgroup_newest_first(caller: Caller, workgroup: str) -> None:
    ids = [caller.start(f"SELECT {n}", WorkGroup=workgroup) for n in range(3)]
    for id_ in ids:
        caller.wait(id_)
    first = caller.client.list_query_executions(WorkGroup=workgroup, MaxResults=2)
    assert first["QueryExecutionIds"] == [ids[2], ids[1]]
    rest = caller.client.list_query_executions(WorkGroup=workgroup, NextToken=first["NextToken"])
    assert (rest["QueryExecutionIds"], "NextToken" in rest) == ([ids[0]], False)
    found = caller.client.batch_get_query_execution(QueryExecutionIds=[*ids, "unknown"])
    assert [e["QueryExecutionId"] for e in found["QueryExecutions"]] == ids
    assert [u["QueryExecutionId"] for u in found["UnprocessedQueryExecutionIds"]] == ["unknown"]


def test_an_unknown_execution_is_refused(caller: Caller) -> None:
    with pytest.raises(ClientError) as caught:
        caller.get("no-such-id")
    assert code_of(caught.value)[0] == "InvalidRequestException"


def test_other_operations_are_the_emulators(
    caller: Caller, workgroup: str, ministack: Emulator
) -> None:
    listed = caller.client.list_work_groups()["WorkGroups"]
    assert workgroup in [group["Name"] for group in listed]
    query = {"Name": "saved", "Database": "d", "QueryString": "SELECT 1", "WorkGroup": workgroup}
    id_ = caller.client.create_named_query(**query)["NamedQueryId"]
    kept = ministack.client("athena").get_named_query(NamedQueryId=id_)["NamedQuery"]
    assert kept["QueryString"] == "SELECT 1"


def test_other_services_are_refused(athena: Endpoint, ministack: Emulator) -> None:
    glue = ministack.session().client("glue", endpoint_url=athena.url)
    with pytest.raises(ClientError, match="Athena's API only"):
        glue.get_databases()


def test_calls_are_kept_for_looking_at(caller: Caller, athena: Endpoint) -> None:
    caller.run("SELECT 1", WorkGroup="primary")
    operation, body = athena.calls[0]
    assert (operation, body["WorkGroup"]) == ("StartQueryExecution", "primary")
    assert json.dumps(body)

"""Queries of people through the API, on Athena's API in front of real Trino."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from mantissa.adapters.local.clock import SystemClock
from mantissa.audit.trail import Trail
from mantissa.model import QueryLimits
from mantissa.sources.presto_view import PrestoView
from support.api_world import Jobs, Reply, World
from support.ask_lake import FLOWS, TABLES, write_lake
from support.athena.server import Endpoint
from support.emulators import Emulator
from support.engine_world import AwsLake, aws_lake
from support.lake_rows import parquet

MANY = 2_500
BIG = f"lake/{FLOWS.name}/event_date=2026-03-09/many.parquet"
SQL = (
    "SELECT event_id, eventname, readonly FROM aws_cloudtrail"
    " WHERE event_date >= '2026-03-01' ORDER BY event_id"
)


@pytest.fixture(scope="module")
def lake(ministack: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsLake]:
    home = tmp_path_factory.mktemp("lake")
    write_lake(home)
    files = {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in (home / "lake").rglob("*.parquet")
    }
    numbers = list(range(MANY))
    rows = {"event_id": [f"f{n:04}" for n in numbers], "dst_port": pa.array(numbers, pa.int64())}
    views: list[PrestoView] = []
    with aws_lake(ministack, TABLES, views, {**files, BIG: parquet(pa.table(rows))}) as made:
        yield made


class TrinoWorld(World):
    """The API over Athena, with the real clock: queries take the time that they take."""

    def __init__(self, home: Path, lake: AwsLake, endpoint: Endpoint) -> None:
        super().__init__(home)
        clock = SystemClock()
        self.trail = Trail(clock, lambda: uuid.uuid4().hex)
        self.pause = time.sleep
        engine = lake.athena(endpoint)
        self.engine, self.jobs = engine, Jobs(engine)
        limits = QueryLimits(seconds=120, memory_bytes=256 << 20, rows=10_000)
        self.settings = type(self.settings)(limits)

    def submit(self, sql: str, wait: float = 20) -> Reply:
        return self.ask("POST", "/v1/queries", body={"sql": sql, "wait": wait})

    def ended(self, reply: Reply) -> Reply:
        """Ask for a query until it has ended, as a client does."""
        end = self.trail.clock.now() + timedelta(seconds=120)
        name = reply.json.get("id") if reply.status == 202 else ""
        while reply.status == 202:
            assert self.trail.clock.now() < end
            time.sleep(0.2)
            reply = self.ask("GET", f"/v1/queries/{name}")
        return reply


@pytest.fixture
def world(tmp_path: Path, lake: AwsLake, athena: Endpoint) -> TrinoWorld:
    return TrinoWorld(tmp_path, lake, athena)


@pytest.mark.parametrize("wait", [0, 20])
def test_the_rows_are_those_of_the_engine_on_a_laptop(
    world: TrinoWorld, tmp_path: Path, wait: float
) -> None:
    local = World(tmp_path / "local").ask("POST", "/v1/queries", body={"sql": SQL, "wait": 5})
    reply = world.ended(world.submit(SQL, wait))
    assert reply.status == 200
    for key in ("columns", "rows", "row_count", "truncated", "next"):
        assert reply.json[key] == local.json[key], key
    assert reply.json["bytes_scanned"] > 0
    assert reply.json["seconds"] > 0


def test_an_answer_larger_than_a_page_comes_whole_and_in_order(world: TrinoWorld) -> None:
    sql = "SELECT dst_port FROM aws_vpcflow WHERE event_date = '2026-03-09' ORDER BY dst_port"
    reply = world.ended(world.submit(sql))
    assert reply.json["row_count"] == MANY
    seen = [row[0] for row in reply.json["rows"]]
    place = f"/v1/queries/{reply.json['id']}"
    while reply.json["next"] is not None:
        reply = world.ask("GET", place, limit=900, cursor=reply.json["next"])
        seen += [row[0] for row in reply.json["rows"]]
    assert seen == list(range(MANY))
    assert len(world.jobs.started) == 1


def test_what_the_engine_refuses_is_a_problem_and_never_no_rows(world: TrinoWorld) -> None:
    sql = "SELECT CAST(eventname AS BIGINT) AS n FROM aws_cloudtrail WHERE event_date > '2026-01'"
    reply = world.ended(world.submit(sql))
    assert (reply.status, reply.json["code"]) == (422, "engine_rejected")
    assert "ConsoleLogin" not in reply.text, "errors quote no values of the data"
    assert "Presto" not in reply.text
    assert "Exception" not in reply.text


def test_a_cancelled_query_is_stopped_or_has_ended(world: TrinoWorld, athena: Endpoint) -> None:
    begun = world.submit(SQL, wait=0).json["id"]
    assert world.ask("DELETE", f"/v1/queries/{begun}").json["state"] == "cancelled"
    record = world.state.get("queries", begun).value
    state, end = "", world.trail.clock.now() + timedelta(seconds=60)
    while state not in ("CANCELLED", "SUCCEEDED"):
        assert world.trail.clock.now() < end, f"it is {state} a minute later"
        told = athena.client().get_query_execution(QueryExecutionId=record["job"])
        state = told["QueryExecution"]["Status"]["State"]
    assert world.ask("GET", f"/v1/queries/{begun}").status == 409


def test_a_start_whose_answer_was_lost_makes_no_second_query(world: TrinoWorld) -> None:
    start, made = world.jobs.start, []

    def lost(sql: str, **options: Any) -> str:
        made.append(start(sql, **options))
        raise ConnectionResetError

    world.jobs.start = lost  # type: ignore[method-assign]
    with pytest.raises(ConnectionResetError):
        world.submit(SQL, wait=0)
    world.jobs.start = start  # type: ignore[method-assign]
    (record,) = world.ask("GET", "/v1/queries").json["queries"]
    reply = world.ask("GET", f"/v1/queries/{record['id']}")
    reply = world.ended(reply)
    assert reply.status == 200
    assert [world.state.get("queries", record["id"]).value["job"]] == made

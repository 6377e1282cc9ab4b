"""The whole API, event in and answer out, over honest in-memory adapters."""

from __future__ import annotations

import base64
import itertools
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mantissa.adapters.local.home import create_home
from mantissa.ask import quota
from mantissa.ask.jobs import MAX_ASKED_BYTES
from mantissa.ask.quota import Quota
from mantissa.bootstrap.local import LocalApp
from mantissa.config.reading import FILE, load_settings
from mantissa.entrypoints.api.application import Api
from mantissa.entrypoints.api.messages import Outcome
from mantissa.entrypoints.api.needs import ApiSettings, Product
from mantissa.entrypoints.api.proxy import respond
from mantissa.errors import (
    ConfigError,
    EngineError,
    EngineRejected,
    EngineTimedOut,
    EngineTransient,
    MantissaError,
    StoreError,
    StoreTransient,
)
from mantissa.model import QueryLimits
from support.api_world import HOSTILE, NOW, Reply, World, event, shape

SQL = "SELECT event_id, eventname FROM aws_cloudtrail WHERE event_date >= '2026-03-01' ORDER BY event_id"
IDS = ["e191", "e195", "e2237", "e349"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def submit(world: World, sql: str = SQL, wait: float = 0, who: str = "analyst") -> Reply:
    return world.ask("POST", "/v1/queries", who, {"sql": sql, "wait": wait})


def column(reply: Reply, place: int = 0) -> list[Any]:
    return [row[place] for row in reply.json["rows"]]


# --- queries -----------------------------------------------------------------------------------


def test_an_answer_in_time_comes_with_its_rows(world: World) -> None:
    reply = submit(world, wait=5)
    assert reply.status == 200
    found = reply.json
    assert column(reply) == IDS
    assert found["columns"] == [
        {"name": "event_id", "type": "string"},
        {"name": "eventname", "type": "string"},
    ]
    assert (found["row_count"], found["truncated"], found["next"]) == (4, False, None)
    assert (found["state"], found["asked"], found["tables"]) == (
        "succeeded",
        SQL,
        ["aws_cloudtrail"],
    )
    assert found["bytes_scanned"] > 0
    assert found["estimated_bytes"] > 0


def test_without_waiting_it_answers_202_and_the_rows_come_later(world: World) -> None:
    begun = submit(world)
    assert begun.status == 202
    assert "rows" not in begun.json
    later = world.ask("GET", f"/v1/queries/{begun.json['id']}")
    assert (later.status, column(later)) == (200, IDS)


def test_what_takes_longer_than_its_wait_is_asked_for_again(world: World) -> None:
    world.jobs.looks = 30
    begun = submit(world, wait=2)
    assert (begun.status, begun.json["state"]) == (202, "running")
    waited = world.clock.now() - NOW
    assert timedelta(seconds=2) <= waited < timedelta(seconds=2.01)
    place = f"/v1/queries/{begun.json['id']}"
    statuses = [world.ask("GET", place).status for _ in range(world.jobs.looks + 2)]
    assert statuses == [202] * (len(statuses) - 2) + [200, 200]
    assert len(world.jobs.started) == 1


def test_rows_come_by_pages_in_order_each_once(world: World) -> None:
    first = submit(world, wait=5).json["id"]
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        reply = world.ask("GET", f"/v1/queries/{first}", limit=1, **cursor)
        seen += column(reply)
        assert reply.json["row_count"] == 4
        if reply.json["next"] is None:
            break
        cursor = {"cursor": reply.json["next"]}
    assert seen == IDS


def test_a_page_ends_where_its_bytes_do(world: World) -> None:
    row = len(json.dumps(["e191", "ConsoleLogin"], separators=(",", ":"))) + 1
    world.api_settings = replace(world.api_settings, page_bytes=2 * row)
    reply = submit(world, wait=5)
    assert column(reply) == IDS[:2]
    rest = world.ask("GET", f"/v1/queries/{reply.json['id']}", cursor=reply.json["next"])
    assert column(rest)[0] == IDS[2]
    world.api_settings = ApiSettings(page_bytes=5)
    small = world.ask("GET", f"/v1/queries/{reply.json['id']}")
    assert (small.status, small.json["code"]) == (422, "row_too_large")


def test_an_answer_with_no_row_is_an_answer(world: World) -> None:
    reply = submit(world, "SELECT event_id FROM aws_cloudtrail WHERE event_date = '1999-01-01'", 5)
    assert (reply.status, reply.json["rows"], reply.json["row_count"]) == (200, [], 0)
    again = world.ask("GET", f"/v1/queries/{reply.json['id']}")
    assert (again.status, again.json["rows"]) == (200, [])


def test_a_cut_answer_says_so(world: World) -> None:
    world.settings = replace(world.settings, limits=QueryLimits(seconds=30, rows=2))
    reply = submit(world, wait=5)
    assert (column(reply), reply.json["truncated"], reply.json["next"]) == (IDS[:2], True, None)
    again = world.ask("GET", f"/v1/queries/{reply.json['id']}")
    assert (column(again), again.json["truncated"]) == (IDS[:2], True)


@pytest.mark.parametrize("cursor", ["!", "AAAA", "OTk5", "LTE", "e30", "W10", "A" * 600, "ééé"])
def test_a_cursor_that_is_not_ours_is_refused(world: World, cursor: str) -> None:
    found = submit(world, wait=5).json["id"]
    assert world.ask("GET", f"/v1/queries/{found}", cursor=cursor).status == 400
    assert world.ask("GET", "/v1/alerts", cursor=cursor).status == 400


def test_a_plan_runs_nothing(world: World) -> None:
    reply = world.ask("POST", "/v1/queries/plan", body={"sql": SQL})
    assert reply.json["allowed"] is True
    assert reply.json["tables"] == ["aws_cloudtrail"]
    assert world.jobs.started == {}
    assert world.ask("GET", "/v1/queries").json["queries"] == []


@pytest.mark.parametrize("path", ["/v1/queries", "/v1/queries/plan"])
@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("DROP TABLE aws_cloudtrail", "not_select"),
        ("SELECT 1; SELECT 2", "many_statements"),
        ("SELECT * FROM information_schema.tables", "table"),
        ("SELECT * FROM read_csv('/etc/passwd')", "function"),
        ("SELECT '" + "x" * MAX_ASKED_BYTES + "'", "too_long"),
    ],
)
def test_what_the_guard_refuses_is_a_problem_with_its_code(
    world: World, path: str, sql: str, code: str
) -> None:
    reply = world.ask("POST", path, body={"sql": sql})
    assert reply.status == 422
    assert reply.json["code"] == code
    assert reply.json["type"] == f"urn:mantissa:problem:{code}"
    assert "passwd" not in reply.text
    (entry,) = world.audit()
    assert (entry["refused"], entry["sql"]) == (code, sql[:MAX_ASKED_BYTES])
    assert world.jobs.started == {}


def test_a_query_that_would_read_too_much_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path, max_bytes=10)
    reply = submit(world)
    assert (reply.status, reply.json["code"]) == (422, "too_many_bytes")
    assert "event_date" in reply.json["fix"]
    assert world.jobs.started == {}


ENGINE_ERRORS = [
    (EngineRejected("no function of that kind"), 422, "engine_rejected"),
    (EngineTimedOut("the query ran longer than its time limit"), 504, "engine_timed_out"),
    (EngineError("Presto: GENERIC_INTERNAL_ERROR at 10.1.2.3"), 502, "engine"),
]


@pytest.mark.parametrize("at", ["start", "result"])
@pytest.mark.parametrize(("error", "status", "code"), ENGINE_ERRORS, ids=lambda v: str(v)[:12])
def test_a_query_that_fails_is_a_problem_and_never_no_rows(
    world: World, at: str, error: MantissaError, status: int, code: str
) -> None:
    setattr(world.jobs, f"{at}_error", error)
    reply = submit(world, wait=5)
    setattr(world.jobs, f"{at}_error", None)
    (record,) = world.ask("GET", "/v1/queries").json["queries"]
    again = world.ask("GET", f"/v1/queries/{record['id']}")
    for problem in (reply, again):
        assert (problem.status, problem.json["code"]) == (status, code)
        assert problem.headers["Content-Type"] == "application/problem+json"
        assert problem.json["query"] == record["id"]
        assert "rows" not in problem.json
        assert "Presto" not in problem.text
    assert (record["state"], record["error"]["code"]) == ("failed", code)


def test_an_engine_that_is_away_for_a_moment_loses_no_query(world: World) -> None:
    world.jobs.start_error = EngineTransient("too many queries")
    begun = submit(world, wait=1)
    assert (begun.status, begun.json["state"]) == (202, "starting")
    place = f"/v1/queries/{begun.json['id']}"
    world.jobs.start_error, world.jobs.result_error = None, EngineTransient("throttled")
    assert world.ask("GET", place).json["state"] == "running"
    world.jobs.result_error = None
    assert column(world.ask("GET", place)) == IDS


@pytest.mark.parametrize("at", ["start", "result"])
def test_an_engine_that_stays_away_is_a_failure_in_the_end(world: World, at: str) -> None:
    setattr(world.jobs, f"{at}_error", EngineTransient("throttled by 10.1.2.3"))
    begun = submit(world)
    world.clock.advance(world.settings.limits.seconds + world.settings.grace)
    reply = world.ask("GET", f"/v1/queries/{begun.json['id']}")
    assert (reply.status, reply.json["code"]) == (502, "engine_transient")
    assert "10.1.2.3" not in reply.text


def test_a_query_past_its_time_is_stopped(world: World) -> None:
    world.jobs.looks = 99
    begun = submit(world).json["id"]
    world.clock.advance(world.settings.limits.seconds + world.settings.grace)
    reply = world.ask("GET", f"/v1/queries/{begun}")
    assert (reply.status, reply.json["code"]) == (504, "engine_timed_out")
    assert world.jobs.cancelled == [begun]


def test_a_cancelled_query_has_no_answer(world: World) -> None:
    world.jobs.looks = 9
    begun = submit(world).json["id"]
    stopped = world.ask("DELETE", f"/v1/queries/{begun}")
    assert (stopped.status, stopped.json["state"]) == (200, "cancelled")
    assert world.jobs.cancelled == [begun]
    again = world.ask("GET", f"/v1/queries/{begun}")
    assert (again.status, again.json["code"]) == (409, "cancelled")
    assert world.ask("DELETE", f"/v1/queries/{begun}").json["state"] == "cancelled"
    assert len(world.jobs.cancelled) == 1


def test_cancelling_what_has_ended_changes_nothing(world: World) -> None:
    done = submit(world, wait=5).json["id"]
    assert world.ask("DELETE", f"/v1/queries/{done}").json["state"] == "succeeded"
    assert world.jobs.cancelled == []
    assert world.ask("GET", f"/v1/queries/{done}").status == 200


def test_rows_that_are_no_longer_kept_are_gone_and_not_none(world: World) -> None:
    done = submit(world, wait=5).json["id"]
    world.jobs.result_error = EngineRejected("the answer is no longer kept")
    reply = world.ask("GET", f"/v1/queries/{done}")
    assert (reply.status, reply.json["code"]) == (410, "expired")


@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [
        (EngineError("Presto said no at 10.1.2.3"), 502, None),
        (EngineTransient("Presto is away"), 503, "5"),
    ],
)
def test_rows_that_cannot_be_read_now_are_an_error_and_not_none(
    world: World, error: MantissaError, status: int, retry: str | None
) -> None:
    done = submit(world, wait=5).json["id"]
    world.jobs.result_error = error
    reply = world.ask("GET", f"/v1/queries/{done}")
    assert (reply.status, reply.headers.get("Retry-After")) == (status, retry)
    assert "Presto" not in reply.text
    world.jobs.result_error = None
    assert column(world.ask("GET", f"/v1/queries/{done}")) == IDS


def test_only_so_many_queries_run_at_once(tmp_path: Path) -> None:
    world = World(tmp_path, quota=Quota(at_once=2, per_day=100))
    world.jobs.looks = 99
    first = submit(world).json["id"]
    assert submit(world).status == 202
    refused = submit(world)
    assert (refused.status, refused.json["code"]) == (429, "too_many_at_once")
    assert int(refused.headers["Retry-After"]) > 0
    assert submit(world, who="other").status == 202, "another's quota is another's"
    world.ask("DELETE", f"/v1/queries/{first}")
    assert submit(world).status == 202
    world.clock.advance(world.settings.limits.seconds + world.settings.grace + 1)
    assert submit(world).status == 202, "what nobody looked at again does not count for ever"


def test_only_so_many_queries_begin_on_one_day(tmp_path: Path) -> None:
    world = World(tmp_path, quota=Quota(at_once=9, per_day=2))
    assert [submit(world, wait=1).status for _ in range(3)] == [200, 200, 429]
    refused = submit(world)
    assert refused.json["code"] == "too_many_today"
    assert int(refused.headers["Retry-After"]) == 12 * 3600
    world.clock.advance(12 * 3600)
    assert submit(world, wait=1).status == 200
    assert submit(world, "SELECT 1; SELECT 2").status == 422


def test_ones_own_queries_come_by_pages_the_latest_first(world: World) -> None:
    made = []
    for _ in range(5):
        made.append(submit(world, wait=1).json["id"])
        submit(world, wait=1, who="other")
        world.clock.advance(1)
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    for _ in range(3):
        page = world.ask("GET", "/v1/queries", limit=2, **cursor).json
        seen += [query["id"] for query in page["queries"]]
        cursor = {"cursor": page["next"]}
    assert page["next"] is None
    assert seen == made[::-1]


# --- alerts and facts --------------------------------------------------------------------------


def test_alerts_come_by_pages_the_latest_first_each_once(world: World) -> None:
    made = [world.add_alert(n) for n in range(1, 8)]
    made.append(world.add_alert(8, last_event=NOW - timedelta(minutes=53)))
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = world.ask("GET", "/v1/alerts", "viewer", limit=3, **cursor).json
        seen += [alert["id"] for alert in page["alerts"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert len(seen) == len(set(seen)) == 8
    assert set(seen) == set(made)
    moments = [world.ask("GET", f"/v1/alerts/{i}", "viewer").json["last_event"] for i in seen]
    assert moments == sorted(moments, reverse=True)


def test_alerts_are_filtered(world: World) -> None:
    for number in (1, 2, 3):
        world.add_alert(number)
    world.ask("POST", f"/v1/alerts/{2:040x}/ack")

    def count(**given: str) -> int:
        return len(world.ask("GET", "/v1/alerts", "viewer", **given).json["alerts"])

    assert count(status="acknowledged") == 1
    assert count(status="open") == 2
    assert count(rule="rule-1") == 1
    assert count(level="critical") == 0
    assert count(entity="ADA-3") == 1
    assert count(source="okta_system") == 0
    assert count(since="2026-03-04T11:02:00Z", until="2026-03-04T11:03:00Z") == 1


@pytest.mark.parametrize(
    "given",
    [
        {"status": "shut"},
        {"level": "HIGH"},
        {"limit": "0"},
        {"limit": "many"},
        {"limit": "201"},
        {"since": "yesterday"},
        {"since": "2026-03-04T11:00:00"},
        {"colour": "red"},
        {"rule": "r" * 201},
    ],
)
def test_a_parameter_that_does_not_fit_is_refused(world: World, given: dict[str, str]) -> None:
    reply = world.ask("GET", "/v1/alerts", "viewer", **given)
    assert (reply.status, reply.json["code"]) == (400, "parameter")


def test_a_parameter_given_twice_is_refused(world: World) -> None:
    given = event("GET", "/v1/alerts", "viewer")
    given["multiValueQueryStringParameters"] = {"limit": ["1", "2"]}
    given["queryStringParameters"] = {"limit": "2"}
    assert world.send(given).json["code"] == "parameter"


def test_an_alert_is_triaged(world: World) -> None:
    alert = world.add_alert()
    place = f"/v1/alerts/{alert}"
    assert (
        world.ask("POST", f"{place}/assign", body={"assignee": "grace"}).json["assignee"] == "grace"
    )
    assert world.ask("POST", f"{place}/ack").json["status"] == "acknowledged"
    closed = world.ask("POST", f"{place}/close", body={"verdict": "benign", "note": "a drill"})
    assert (closed.json["status"], closed.json["verdict"]) == ("closed", "benign")
    refused = world.ask("POST", f"{place}/ack")
    assert (refused.status, refused.json["code"]) == (409, "alert_state")
    assert refused.json["fix"] == "reopen it first"
    assert world.ask("POST", f"{place}/reopen").json["status"] == "open"
    whole = world.ask("POST", f"{place}/comments", body={"text": "so it goes"}).json
    assert [entry["action"] for entry in whole["history"]] == [
        "assigned", "acknowledged", "closed", "reopened", "commented",
    ]  # fmt: skip
    assert {entry["actor"] for entry in whole["history"]} == {"analyst"}
    chain = [(entry["before"], entry["after"]) for entry in world.audit()]
    assert all(after == before for (_, after), (before, _) in itertools.pairwise(chain))


def test_an_alert_is_named_by_its_whole_id(world: World) -> None:
    alert = world.add_alert()
    for wrong in (alert[:12], alert + "0", "nothing"):
        assert world.ask("GET", f"/v1/alerts/{wrong}", "viewer").status == 404
        assert world.ask("POST", f"/v1/alerts/{wrong}/ack").status == 404


def test_tables_say_what_there_is_to_ask(world: World) -> None:
    tables = {t["name"]: t for t in world.ask("GET", "/v1/tables", "viewer").json["tables"]}
    assert set(tables) == {"aws_cloudtrail", "aws_vpcflow", "okta_system", "authentication"}
    columns = [c["name"] for c in tables["aws_cloudtrail"]["columns"]]
    assert columns[-1] == "event_date"
    assert "useragent" in columns
    assert tables["authentication"]["kind"] == "view"


def test_sources_say_which_logs_are_known(world: World) -> None:
    found = world.ask("GET", "/v1/sources", "viewer").json["sources"]
    assert [source["name"] for source in found] == list(world.sources)


# --- the shell of every answer -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/", 404, None),
        ("GET", "/v1/nothing", 404, None),
        ("GET", "/v1/queries/", 404, None),
        ("GET", "/v1//queries", 404, None),
        ("GET", "/v2/queries", 404, None),
        ("GET", "/v1/queries/../me", 404, None),
        ("GET", "/v1/alerts/%2e%2e", 404, None),
        ("GET", "/v1/queries/plan", 405, "POST"),
        ("PUT", "/v1/queries", 405, "GET, POST"),
        ("HEAD", "/v1/health", 405, "GET"),
        ("POST", "/v1/health", 405, "GET"),
        ("", "", 404, None),
    ],
)
def test_what_is_not_a_route(
    world: World, method: str, path: str, status: int, allow: str | None
) -> None:
    reply = world.ask(method, path, "admin")
    assert (reply.status, reply.headers.get("Allow")) == (status, allow)
    assert reply.json["status"] == status


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("", 400, "json"),
        ("{", 400, "json"),
        ("[" * 100_000, 400, "body"),
        ('{"sql": "SELECT 1", "x": ' + "[" * 100_000, 400, "body"),
        ('{"sql": "\\ud800"}', 400, "json"),
        ("null", 400, "body"),
        ("{}", 400, "body"),
        ('{"sql": ""}', 400, "body"),
        ('{"sql": 1}', 400, "body"),
        ('{"sql": "SELECT 1", "wait": -1}', 400, "body"),
        ('{"sql": "SELECT 1", "wait": 21}', 400, "body"),
        ('{"sql": "SELECT 1", "wait": NaN}', 400, "json"),
        ('{"sql": "SELECT 1", "engine": "other"}', 400, "body"),
        ("x" * (256 * 1024 + 1), 413, "body_size"),
    ],
)
def test_a_body_that_does_not_fit_is_refused(
    world: World, body: str, status: int, code: str
) -> None:
    reply = world.ask("POST", "/v1/queries", body=body)
    assert (reply.status, reply.json["code"]) == (status, code)
    assert world.jobs.started == {}


def test_a_body_must_say_that_it_is_json(world: World) -> None:
    given = event("POST", "/v1/queries", body='{"sql": "SELECT 1"}')
    for media in ("text/plain", "application/x-www-form-urlencoded", ""):
        given["multiValueHeaders"]["content-type"] = [media]
        assert world.send(given).status == 415
    given["multiValueHeaders"]["content-type"] = ["Application/JSON; charset=utf-8"]
    assert world.send(given).status == 202


def test_a_body_may_come_in_base64(world: World) -> None:
    given = event("POST", "/v1/queries/plan", body="")
    given |= {"isBase64Encoded": True, "body": base64.b64encode(b'{"sql":"SELECT 1"}').decode()}
    assert world.send(given).status == 200
    given["body"] = "not base64!"
    refused = world.send(given)
    assert (refused.status, refused.json["code"]) == (400, "body")


def test_the_event_of_the_console_is_understood(world: World) -> None:
    reply = world.send(shape("api_gateway_rest_console_test"))
    assert (reply.status, reply.json) == (200, {"status": "ok"})
    assert reply.headers["X-Request-Id"] == "2d2a7c1e-0000-4000-8000-000000000001"


@pytest.mark.parametrize("path", ["/v1/health", "/v1/alerts", "/v1/nothing"])
def test_every_answer_carries_the_security_headers(world: World, path: str) -> None:
    headers = world.ask("GET", path, "anon").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    assert headers["Content-Type"] in ("application/json", "application/problem+json")


def test_hostile_log_text_is_data_and_nothing_else(world: World) -> None:
    alert = world.add_alert()
    reply = world.ask("GET", f"/v1/alerts/{alert}", "viewer")
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "\x1b" not in reply.text, "JSON escapes control characters"
    assert reply.json["title"] == HOSTILE
    assert reply.json["entities"]["actor_user"][1] == HOSTILE


def test_problems_have_an_id_and_say_it_to_the_log(world: World) -> None:
    name = shape("api_gateway_rest")["requestContext"]["requestId"]
    reply = submit(world, "DROP TABLE aws_cloudtrail")
    assert reply.json["id"] == reply.headers["X-Request-Id"] == name
    assert reply.json["instance"] == f"urn:mantissa:request:{name}"
    (told,) = world.outcomes
    assert (told.route, told.status, told.code) == ("POST /v1/queries", 422, "not_select")
    assert (told.request_id, told.subject) == (name, "sub-analyst")


CANARY = "AKIA" + "CANARYCANARY2026"
SPILL = f"s3://private/key arn:aws:iam::111122223333:role/x password={CANARY} {CANARY}"


class Broken:
    """A state store that fails at every call and says too much."""

    def __init__(self, error: MantissaError) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            raise self.error

        return call


@pytest.mark.parametrize(
    ("error", "status"), [(StoreTransient(SPILL), 503), (StoreError(SPILL, where=SPILL), 500)]
)
def test_what_a_store_says_stays_in_the_house(
    world: World, error: MantissaError, status: int
) -> None:
    world.state = Broken(error)
    for reply in (
        world.ask("GET", "/v1/alerts"),
        submit(world),
        world.ask("GET", "/v1/queries/0"),
    ):
        assert reply.status == status
        assert set(SPILL.split()).isdisjoint(reply.text.split())
        assert CANARY not in reply.text
        assert "Traceback" not in reply.text
    assert all(CANARY not in outcome.detail for outcome in world.outcomes)
    assert all("s3://private/key" in outcome.detail for outcome in world.outcomes)


@pytest.mark.parametrize("kind", [EngineRejected, EngineTimedOut, EngineError, EngineTransient])
def test_no_credential_in_an_engines_words_reaches_the_caller(
    world: World, kind: type[EngineError]
) -> None:
    world.jobs.result_error = kind(SPILL * 50)
    begun = submit(world).json["id"]
    world.clock.advance(1000)
    reply = world.ask("GET", f"/v1/queries/{begun}")
    listed = world.ask("GET", "/v1/queries")
    shown = reply.text + listed.text
    assert all(word not in shown for word in (CANARY, "s3://", "arn:aws", "111122223333"))
    assert len(reply.json["detail"]) <= 600
    assert all(CANARY not in outcome.detail for outcome in world.outcomes)


def test_a_bug_is_not_dressed_up_as_an_answer() -> None:
    class Bug(Exception):
        pass

    def boot() -> Product:
        raise Bug

    with pytest.raises(Bug):
        respond(Api(boot, lambda outcome: None), event("GET", "/v1/queries"))


def test_a_product_that_cannot_start_is_a_problem_too() -> None:
    def boot() -> Product:
        raise ConfigError(f"no 'lake_bucket' is set: {SPILL}", where="/var/task/mantissa.toml")

    told: list[Outcome] = []
    for path in ("/v1/health", "/v1/queries"):
        reply = Reply(respond(Api(boot, told.append), event("GET", path)))
        assert (reply.status, reply.json["code"]) == (500, "config")
        assert "lake_bucket" not in reply.text
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "lake_bucket" in told[0].detail


@pytest.mark.parametrize("at", ["start", "result"])
def test_an_engine_without_rights_fails_the_query_in_our_words(world: World, at: str) -> None:
    setattr(world.jobs, f"{at}_error", ConfigError("may not athena:StartQueryExecution"))
    reply = submit(world, wait=1)
    assert (reply.status, reply.json["code"]) == (502, "config")
    assert "athena" not in reply.text


def test_the_product_on_a_laptop_answers_the_same_routes(tmp_path: Path) -> None:
    home = tmp_path / "home"
    config = '[api]\norigins = ["https://a.example"]\n'
    create_home(home, settings={FILE: config}, secrets="")
    app = LocalApp(load_settings(home, {}), {})
    told: list[Outcome] = []

    def ask(method: str, path: str, body: Any = None) -> Reply:
        given = event(method, path, body=None if body is None else json.dumps(body))
        given["multiValueHeaders"]["Origin"] = ["https://a.example"]
        return Reply(respond(Api(lambda: Product.of(app), told.append), given))

    try:
        found = ask("POST", "/v1/queries", {"sql": "SELECT count(*) AS n FROM findings", "wait": 5})
        assert (found.status, found.json["rows"]) == (200, [[0]])
        assert len(found.json["id"]) >= 32
        again = ask("POST", "/v1/queries", {"sql": "SELECT 1 AS one", "wait": 5})
        assert again.json["id"] != found.json["id"]
        assert ask("GET", f"/v1/queries/{found.json['id']}").json["rows"] == [[0]]
        assert [q["id"] for q in ask("GET", "/v1/queries").json["queries"]] == [
            again.json["id"], found.json["id"],
        ]  # fmt: skip
        assert ask("GET", "/v1/alerts").json == {"alerts": [], "next": None}
        assert "findings" in [table["name"] for table in ask("GET", "/v1/tables").json["tables"]]
        assert len(ask("GET", "/v1/sources").json["sources"]) == len(app.sources)
        assert found.headers["Access-Control-Allow-Origin"] == "https://a.example"
    finally:
        app.close()


def test_a_usage_that_cannot_be_read_is_an_error_and_not_none(world: World) -> None:
    world.put(quota.TABLE, quota.owner_key("sub-analyst"), {"day": 7})
    assert submit(world).status == 500

"""Whatever is sent, the API answers with what its document declares: never a crash, never a 5xx."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.audit.trail import Caller
from mantissa.entrypoints.api.openapi import declared
from mantissa.entrypoints.api.problem import TITLES
from mantissa.entrypoints.api.routes import ROUTES, Route
from support.api_world import PEOPLE, Reply, World, event

TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
"""Any text, halves of surrogate pairs included: an event is JSON, which can spell them."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
SQL = st.sampled_from(
    [
        "SELECT event_id FROM aws_cloudtrail WHERE event_date = '2026-03-01'",
        "SELECT raw, 1/0 FROM aws_cloudtrail WHERE event_date >= '2026-03-01'",
        "SELECT CAST(eventname AS BIGINT) FROM aws_cloudtrail WHERE event_date > '2026'",
        "SELECT 1",
        "select * from",
        "((((",
        "SELECT '\x00'",
    ]
) | TEXT  # fmt: skip
NAMES = st.sampled_from(
    ["sql", "wait", "verdict", "note", "assignee", "text", "limit", "cursor", "status", "level",
     "rule", "since", "until", "entity"]
)  # fmt: skip
BODIES = (
    st.fixed_dictionaries({"sql": SQL}, optional={"wait": st.floats(0, 20)})
    | st.fixed_dictionaries({"verdict": st.sampled_from(["benign", "other"])})
    | st.dictionaries(NAMES, JSON | SQL, max_size=3)
    | JSON
)
QUERIES = st.dictionaries(
    NAMES, TEXT | st.sampled_from(["1", "open", "high", "MQ", "W10"]), max_size=3
)
IDS = st.sampled_from(["known", "alert", "plan", "0" * 32]) | TEXT
WHO = st.sampled_from(["anon", *PEOPLE])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World(tmp_path_factory.mktemp("home"))
    made.add_alert()
    return made


def named(world: World, name: str) -> str:
    if name == "known":
        found, _ = world.queries.history(Caller("sub-analyst"), 1)
        return found[0].id if found else "0"
    return f"{1:040x}" if name == "alert" else name


def check(world: World, send: Callable[[], Reply], route: Route | None) -> None:
    """Hold an answer to the document; a query that the engine refuses is the caller's 4xx."""
    reply = send()
    assert reply.status < 500, reply.text
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    if reply.status == 204 or (reply.status == 404 and not reply.text):
        return
    document = json.loads(reply.text)
    if reply.status >= 400:
        assert reply.headers["Content-Type"] == "application/problem+json"
        assert {"type", "title", "status", "detail", "code", "id"} <= set(document)
        assert (document["status"], document["title"]) == (reply.status, TITLES[reply.status])
    if route is not None and reply.status not in (404, 405):
        expected = [*route.answers, *declared(route)]
        assert reply.status in expected, reply.text
        if reply.status in route.answers:
            msgspec.json.decode(reply.text, type=route.answers[reply.status])


@given(route=st.sampled_from(ROUTES), who=WHO, thing=IDS, body=BODIES, query=QUERIES)
def test_every_route_answers_as_declared(
    world: World, route: Route, who: str, thing: str, body: Any, query: dict[str, str]
) -> None:
    path = route.path.replace("{id}", named(world, thing))
    sent = event(route.method, path, who, json.dumps(body), query)
    check(world, partial(world.send, sent), route)


@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "OPTIONS", "HEAD", ""]) | TEXT,
    path=st.lists(TEXT | st.sampled_from(["v1", "queries", "plan", "..", ""]), max_size=4),
    body=TEXT,
    encoded=st.booleans(),
    who=WHO,
)
def test_every_path_and_body_is_answered(
    world: World, method: str, path: list[str], body: str, encoded: bool, who: str
) -> None:
    sent = event(method, "/" + "/".join(path), who, body) | {"isBase64Encoded": encoded}
    check(world, partial(world.send, sent), None)


@given(sql=SQL, wait=st.floats(0, 20), cursor=TEXT, limit=st.integers(-1, 10_001))
def test_every_sql_is_answered(
    world: World, sql: str, wait: float, cursor: str, limit: int
) -> None:
    routes = {route.name: route for route in ROUTES}
    sent = event("POST", "/v1/queries", "admin", json.dumps({"sql": sql, "wait": wait}))
    check(world, partial(world.send, sent), routes["POST /v1/queries"])
    for record in world.ask("GET", "/v1/queries", "admin", limit=1).json["queries"]:
        place = f"/v1/queries/{record['id']}"
        again = event("GET", place, "admin", None, {"cursor": cursor, "limit": str(limit)})
        check(world, partial(world.send, again), routes["GET /v1/queries/{id}"])
    world.clock.advance(3600)


HEADERS = st.none() | st.dictionaries(TEXT, TEXT, max_size=3)
LISTS = st.none() | st.dictionaries(TEXT, st.none() | st.lists(TEXT, max_size=2), max_size=3)
CLAIMS = st.none() | st.dictionaries(
    st.sampled_from(["sub", "cognito:groups", "cognito:username", "jti"]), JSON
)


@given(headers=HEADERS, many=LISTS, query=HEADERS, queries=LISTS, claims=CLAIMS, ip=JSON, name=JSON)
def test_an_event_of_any_shape_is_answered(
    world: World,
    headers: Any,
    many: Any,
    query: Any,
    queries: Any,
    claims: Any,
    ip: Any,
    name: Any,
) -> None:
    sent = copy.deepcopy(event("GET", "/v1/alerts", "viewer"))
    sent |= {"headers": headers, "multiValueHeaders": many}
    sent |= {"queryStringParameters": query, "multiValueQueryStringParameters": queries}
    context = sent["requestContext"]
    context["authorizer"] = None if claims is None else {"claims": claims}
    context["identity"] = {"sourceIp": ip}
    context["requestId"] = name
    check(world, partial(world.send, sent), None)


def test_the_least_event_is_answered(world: World) -> None:
    for least in ({}, {"httpMethod": None, "path": None, "requestContext": None, "headers": None}):
        assert world.send(least).status == 404

"""Who may do what through the API: every route by every kind of caller, from one table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from mantissa.audit.access import ACTIONS, permits
from mantissa.audit.trail import Caller
from mantissa.entrypoints.api.needs import ApiSettings
from mantissa.entrypoints.api.openapi import declared
from mantissa.entrypoints.api.routes import ROUTES, Route
from support.api_world import ORIGIN, Reply, World, event, shape

WHO = ("anon", "nobody", "viewer", "analyst", "other", "admin")
SQL = "SELECT eventname FROM aws_cloudtrail WHERE event_date >= '2026-03-01'"

# `analyst` owns the query; `other` is an analyst too; `nobody` is signed in without a role.
EXPECTED = {
    "GET /v1/health":                (200, 200, 200, 200, 200, 200),
    "GET /v1/me":                    (401, 200, 200, 200, 200, 200),
    "POST /v1/queries":              (401, 403, 403, 200, 200, 200),
    "GET /v1/queries":               (401, 403, 403, 200, 200, 200),
    "POST /v1/queries/plan":         (401, 403, 403, 200, 200, 200),
    "GET /v1/queries/{id}":          (401, 403, 403, 200, 404, 200),
    "DELETE /v1/queries/{id}":       (401, 403, 403, 200, 404, 200),
    "GET /v1/alerts":                (401, 403, 200, 200, 200, 200),
    "GET /v1/alerts/{id}":           (401, 403, 200, 200, 200, 200),
    "POST /v1/alerts/{id}/ack":      (401, 403, 403, 200, 200, 200),
    "POST /v1/alerts/{id}/close":    (401, 403, 403, 200, 200, 200),
    "POST /v1/alerts/{id}/reopen":   (401, 403, 403, 200, 200, 200),
    "POST /v1/alerts/{id}/assign":   (401, 403, 403, 200, 200, 200),
    "POST /v1/alerts/{id}/comments": (401, 403, 403, 200, 200, 200),
    "GET /v1/tables":                (401, 403, 200, 200, 200, 200),
    "GET /v1/sources":               (401, 403, 200, 200, 200, 200),
}  # fmt: skip

BODIES: dict[str, dict[str, Any]] = {
    "POST /v1/queries": {"sql": SQL, "wait": 5},
    "POST /v1/queries/plan": {"sql": SQL},
    "POST /v1/alerts/{id}/close": {"verdict": "benign"},
    "POST /v1/alerts/{id}/assign": {"assignee": "ada"},
    "POST /v1/alerts/{id}/comments": {"text": "seen"},
}
CASES = [(route, who) for route in ROUTES for who in WHO]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def send(world: World, route: Route, who: str, thing: str) -> Reply:
    return world.ask(route.method, route.path.replace("{id}", thing), who, BODIES.get(route.name))


def thing_for(world: World, route: Route) -> str:
    if "/queries/{id}" in route.path:
        found: str = world.ask("POST", "/v1/queries", body={"sql": SQL, "wait": 5}).json["id"]
        return found
    return world.add_alert()


def conforms(route: Route, reply: Reply) -> None:
    """Hold an answer to what the OpenAPI document says of the route."""
    kind = route.answers.get(reply.status)
    if kind is None:
        assert reply.status in declared(route)
        assert reply.headers["Content-Type"] == "application/problem+json"
        assert reply.json["status"] == reply.status
        return
    assert reply.headers["Content-Type"] == "application/json"
    msgspec.json.decode(reply.text, type=kind)
    assert set(reply.json) <= set(kind.__struct_fields__)


def test_the_table_names_every_route_and_no_other() -> None:
    assert set(EXPECTED) == {route.name for route in ROUTES}
    assert {route.action for route in ROUTES} - {""} == set(ACTIONS)


@pytest.mark.parametrize(("route", "who"), CASES, ids=[f"{r.name}-{w}" for r, w in CASES])
def test_each_caller_gets_what_the_table_says(world: World, route: Route, who: str) -> None:
    thing = thing_for(world, route)
    before = len(world.audit())
    reply = send(world, route, who, thing)
    assert reply.status == EXPECTED[route.name][WHO.index(who)]
    conforms(route, reply)
    if reply.status in (401, 403, 404):
        assert thing not in reply.text
        assert len(world.audit()) == before, "a refused request changes nothing"


@pytest.mark.parametrize("route", [r for r in ROUTES if r.method != "GET"], ids=lambda r: r.name)
def test_what_changes_something_or_asks_leaves_an_audit_record(world: World, route: Route) -> None:
    thing = thing_for(world, route)
    if route.name == "DELETE /v1/queries/{id}":
        world.jobs.looks = 9
        thing = world.ask("POST", "/v1/queries", body={"sql": SQL}).json["id"]
    if route.name == "POST /v1/alerts/{id}/reopen":
        world.ask("POST", f"/v1/alerts/{thing}/close", "other", {"verdict": "benign"})
    before = len(world.audit())
    assert send(world, route, "analyst", thing).status < 300
    (entry,) = world.audit()[before:]
    assert entry["action"] == route.action
    assert entry["actor"] == "sub-analyst"
    assert entry["session"] == shape("api_gateway_rest")["requestContext"]["authorizer"][
        "claims"]["origin_jti"]  # fmt: skip
    assert entry["source_ip"] == "203.0.113.9"
    assert entry["request_id"] == shape("api_gateway_rest")["requestContext"]["requestId"]
    if route.action.startswith("alert."):
        assert entry["before"] != entry["after"]
    elif "sql" in BODIES.get(route.name, {}):
        assert entry["sql"] == SQL


def test_anothers_query_answers_exactly_as_an_unknown_one(world: World) -> None:
    taken = world.ask("POST", "/v1/queries", body={"sql": SQL, "wait": 5}).json["id"]
    for method in ("GET", "DELETE"):
        theirs = world.ask(method, f"/v1/queries/{taken}", "other")
        unknown = world.ask(method, "/v1/queries/ffffffffffffffffffffffffffffffff", "other")
        assert theirs.raw == unknown.raw
    assert world.ask("GET", "/v1/queries", "other").json == {"queries": [], "next": None}
    assert world.ask("GET", f"/v1/queries/{taken}").status == 200


def test_one_cannot_cancel_anothers_query(world: World) -> None:
    world.jobs.looks = 9
    taken = world.ask("POST", "/v1/queries", body={"sql": SQL}).json["id"]
    assert world.ask("DELETE", f"/v1/queries/{taken}", "other").status == 404
    assert world.jobs.cancelled == []
    assert world.ask("DELETE", f"/v1/queries/{taken}", "admin").json["state"] == "cancelled"
    assert world.audit()[-1]["actor"] == "sub-admin"


@pytest.mark.parametrize(
    ("claim", "groups"),
    [
        ("admin,analyst", ["admin", "analyst"]),
        ("[admin analyst]", ["admin", "analyst"]),
        (["viewer"], ["viewer"]),
        ("administrators,superadmin", []),
        ("", []),
        (None, []),
        ({"admin": True}, []),
        (7, []),
    ],
)
def test_groups_are_read_in_every_shape_and_only_ours(
    world: World, claim: object, groups: list[str]
) -> None:
    given = event("GET", "/v1/me")
    given["requestContext"]["authorizer"]["claims"]["cognito:groups"] = claim
    assert world.send(given).json["groups"] == groups


@pytest.mark.parametrize(
    "claims", [None, {}, {"sub": None}, {"sub": ""}, {"cognito:groups": "admin"}]
)
def test_a_token_without_a_subject_is_nobody(world: World, claims: object) -> None:
    given = event("GET", "/v1/alerts")
    given["requestContext"]["authorizer"] = {"claims": claims}
    reply = world.send(given)
    assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_who_calls_is_never_taken_from_what_the_caller_sends(world: World) -> None:
    given = event("GET", "/v1/alerts", "anon", body='{"sub": "root", "cognito:groups": "admin"}')
    for name in ("X-Forwarded-User", "X-Amzn-Oidc-Identity", "Authorization", "sub"):
        given["headers"][name] = "sub-admin"
    assert world.send(given).status == 401


def test_what_is_not_in_the_table_is_allowed_to_nobody() -> None:
    admin = Caller("root", groups=frozenset({"admin", "analyst", "viewer"}))
    assert permits(admin, "query.show", "someone else")
    assert not permits(admin, "rules.delete")
    assert not permits(Caller("", groups=frozenset({"admin"})), "me.show")


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (ORIGIN, True),
        (f"{ORIGIN}/", False),
        (f"{ORIGIN}.evil.org", False),
        (ORIGIN.upper(), False),
        (ORIGIN.replace("https", "http"), False),
        ("null", False),
        ("*", False),
        ("", False),
        (None, False),
    ],
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_only_the_exact_origin_may_read(
    world: World, origin: str | None, allowed: bool, method: str
) -> None:
    given = event(method, "/v1/alerts", "anon" if method == "OPTIONS" else "viewer")
    given["multiValueHeaders"] |= {} if origin is None else {"Origin": [origin]}
    reply = world.send(given)
    assert reply.status == (204 if method == "OPTIONS" else 200)
    assert reply.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in reply.headers
    assert reply.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
    if method == "OPTIONS" and allowed:
        assert reply.headers["Access-Control-Allow-Methods"] == "GET"
        assert reply.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"


def test_without_configured_origins_no_page_may_read(world: World) -> None:
    world.api_settings = ApiSettings()
    given = event("GET", "/v1/alerts", "viewer")
    given["multiValueHeaders"]["Origin"] = [ORIGIN]
    assert "Access-Control-Allow-Origin" not in world.send(given).headers

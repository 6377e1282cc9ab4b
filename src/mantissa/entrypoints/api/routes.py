"""The table of routes: everything else (routing, access, checks, the OpenAPI document) reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from mantissa.entrypoints.api import alerts, bodies, catalogue, queries
from mantissa.entrypoints.api.messages import Answer
from mantissa.entrypoints.api.needs import Call
from mantissa.entrypoints.api.problem import Problem

_ID = r"(?P<id>[A-Za-z0-9_-]{1,128})"


@dataclass(frozen=True, slots=True)
class Route:
    """One thing that can be asked of the API.

    Args:
        path: with `{id}` where the thing's id stands.
        action: what `audit.access` knows it as; empty for what is open to everyone.
        call: answers it; its docstring is the route's summary.
        answers: status → type of the document.
        problems: the statuses of its problems besides those of every route.
        params: type of the query parameters.
        body: type of the JSON body.
    """

    method: str
    path: str
    action: str
    call: Callable[[Call], Answer]
    answers: Mapping[int, Any]
    problems: tuple[int, ...] = ()
    params: Any = None
    body: Any = None

    @property
    def name(self) -> str:
        """Method and path, as logs and metrics call it."""
        return f"{self.method} {self.path}"

    @property
    def summary(self) -> str:
        """What it does, in one sentence."""
        return (self.call.__doc__ or "").strip().splitlines()[0]


_ASKED = {200: bodies.AnswerDocument, 202: bodies.QueryDocument}
_ENGINE = (422, 502, 503, 504)
_ALERT = {200: bodies.AlertDocument}
_STORE = (500, 503)

ROUTES: Sequence[Route] = (
    Route("GET", "/v1/health", "", catalogue.health, {200: bodies.Health}),
    Route("GET", "/v1/me", "me.show", catalogue.me, {200: bodies.Me}),
    Route(
        "POST",
        "/v1/queries",
        "query.submit",
        queries.submit,
        _ASKED,
        (409, 429, *_ENGINE, 500),
        body=bodies.NewQuery,
    ),
    Route(
        "GET",
        "/v1/queries",
        "query.list",
        queries.history,
        {200: bodies.QueryList},
        _STORE,
        params=bodies.PageParams,
    ),
    Route(
        "POST",
        "/v1/queries/plan",
        "query.plan",
        queries.plan,
        {200: bodies.PlanDocument},
        (422, *_STORE),
        body=bodies.PlannedQuery,
    ),
    Route(
        "GET",
        "/v1/queries/{id}",
        "query.show",
        queries.show,
        _ASKED,
        (404, 409, 410, *_ENGINE, 500),
        params=bodies.RowParams,
    ),
    Route(
        "DELETE",
        "/v1/queries/{id}",
        "query.cancel",
        queries.cancel,
        {200: bodies.QueryDocument},
        (404, *_ENGINE, 500),
    ),
    Route(
        "GET",
        "/v1/alerts",
        "alert.list",
        alerts.listing,
        {200: bodies.AlertList},
        _STORE,
        params=bodies.AlertParams,
    ),
    Route("GET", "/v1/alerts/{id}", "alert.show", alerts.show, _ALERT, (404, *_STORE)),
    Route(
        "POST", "/v1/alerts/{id}/ack", "alert.acknowledge", alerts.acknowledge, _ALERT,
        (404, 409, *_STORE),
    ),
    Route(
        "POST", "/v1/alerts/{id}/close", "alert.close", alerts.close, _ALERT,
        (404, 409, *_STORE), body=bodies.Closing,
    ),
    Route(
        "POST", "/v1/alerts/{id}/reopen", "alert.reopen", alerts.reopen, _ALERT,
        (404, 409, *_STORE),
    ),
    Route(
        "POST", "/v1/alerts/{id}/assign", "alert.assign", alerts.assign, _ALERT,
        (404, 409, *_STORE), body=bodies.Assignment,
    ),
    Route(
        "POST", "/v1/alerts/{id}/comments", "alert.comment", alerts.comment, _ALERT,
        (404, 409, *_STORE), body=bodies.Comment,
    ),
    Route("GET", "/v1/tables", "table.list", catalogue.tables, {200: bodies.TableList}, (500,)),
    Route("GET", "/v1/sources", "source.list", catalogue.sources, {200: bodies.SourceList}, (500,)),
)  # fmt: skip


def match(method: str, path: str) -> tuple[Route, str]:
    """Return the route and the id in its path. Raises `Problem` 404, or 405 with what is allowed."""
    found = [(route, hit) for route in ROUTES if (hit := _pattern(route.path).fullmatch(path))]
    # A path that is spelt out goes before one with an id in it: /v1/queries/plan is no query.
    literal = [pair for pair in found if "{" not in pair[0].path] or found
    for route, hit in literal:
        if route.method == method:
            return route, hit.groupdict().get("id", "")
    if not literal:
        raise Problem(404, "route", "there is nothing at this path")
    allowed = ", ".join(sorted({route.method for route, _ in literal}))
    raise Problem(405, "method", f"only {allowed} here", headers={"Allow": allowed})


@cache
def _pattern(path: str) -> re.Pattern[str]:
    before, _, after = path.partition("{id}")
    return re.compile(re.escape(before) + (_ID if "{id}" in path else "") + re.escape(after))

"""The OpenAPI 3.1 document of the API, derived from its table of routes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mantissa.audit.access import ACTIONS
from mantissa.entrypoints.api.messages import JSON
from mantissa.entrypoints.api.problem import MEDIA_TYPE, TITLES, ProblemDocument
from mantissa.entrypoints.api.routes import ROUTES, Route

_REF = "#/components/schemas/{name}"
_SECURITY = "token"

_DESCRIPTION = """\
Queries over the lake, and its alerts. Answers are JSON; errors are problem documents (RFC 9457) \
whose `code` is for programs. A query that takes longer than its `wait` answers 202 with an id to \
ask for again. A cursor is handed back as it was received."""


def document() -> dict[str, Any]:
    """Return the document; the same for the same routes."""
    kinds = _kinds()
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REF)
    known = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(
            route, known, components
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mantissa Log",
            "version": "1",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {n: s for n, s in sorted(components.items()) if not _is_params(n)},
            "securitySchemes": {
                _SECURITY: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


def text() -> str:
    """Return the document as the text of a file."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=2).decode() + "\n"


def _kinds() -> list[Any]:
    """Return every type that a route names, once, and the problem."""
    found: list[Any] = [ProblemDocument]
    for route in ROUTES:
        found += [*route.answers.values(), route.params, route.body]
    return [kind for kind in dict.fromkeys(found) if kind is not None]


def _operation(
    route: Route, known: Mapping[Any, Any], components: Mapping[str, Any]
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": (route.action or "health.show").replace(".", "_"),
        "summary": route.summary,
        "tags": [route.path.split("/")[2]],
        "security": [{_SECURITY: []}] if route.action else [],
        "parameters": _parameters(route, components),
        "responses": _responses(route, known),
    }
    if route.action:
        found["description"] = _allowed(route.action)
    if route.body is not None:
        found["requestBody"] = {"required": True, "content": {JSON: {"schema": known[route.body]}}}
    return found


def _allowed(action: str) -> str:
    permission = ACTIONS[action]
    who = f"Role: {permission.least} or above." if permission.least else "Everyone signed in."
    return f"{who} One's own; an admin's anyone's." if permission.owned else who


def _parameters(route: Route, components: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if "{id}" in route.path:
        schema = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,128}$"}
        found.append({"name": "id", "in": "path", "required": True, "schema": schema})
    if route.params is not None:
        properties = components[route.params.__name__]["properties"]
        found += [{"name": n, "in": "query", "schema": s} for n, s in properties.items()]
    return found


def _responses(route: Route, known: Mapping[Any, Any]) -> dict[str, Any]:
    good = {
        str(status): {
            "description": (kind.__doc__ or "").strip().splitlines()[0],
            "content": {JSON: {"schema": known[kind]}},
        }
        for status, kind in route.answers.items()
    }
    bad = {
        str(status): {
            "description": TITLES[status],
            "content": {MEDIA_TYPE: {"schema": known[ProblemDocument]}},
        }
        for status in declared(route)
    }
    return good | bad


def declared(route: Route) -> list[int]:
    """Return the statuses of the problems that a route may answer with, in order."""
    found = {413, *route.problems}
    if route.action:
        found |= {401, 403}
    if route.params is not None or route.body is not None:
        found.add(400)
    if route.body is not None:
        found.add(415)
    return sorted(found)


def _is_params(name: str) -> bool:
    return name.endswith("Params")

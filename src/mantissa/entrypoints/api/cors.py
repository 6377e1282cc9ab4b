"""Which web pages may read answers: those of exactly the configured origins, without cookies."""

from __future__ import annotations

from collections.abc import Collection

from mantissa.entrypoints.api.messages import Request, Response
from mantissa.entrypoints.api.problem import Problem
from mantissa.entrypoints.api.routes import ROUTES, match

ALLOWED_HEADERS = "Authorization, Content-Type"
EXPOSED_HEADERS = "Retry-After, X-Request-Id"
MAX_AGE = "600"


def headers(request: Request, origins: Collection[str]) -> dict[str, str]:
    """Return what lets the page's origin read the answer; nothing for origins that are not ours."""
    # An answer kept for one origin must not be given to another.
    found = {"Vary": "Origin"}
    origin = request.headers.get("origin")
    if origin is None or origin not in origins:
        return found
    found["Access-Control-Allow-Origin"] = origin
    found["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    if request.method == "OPTIONS":
        found["Access-Control-Allow-Methods"] = ", ".join(_methods(request.path))
        found["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
        found["Access-Control-Max-Age"] = MAX_AGE
    return found


def preflight(request: Request) -> Response:
    """Answer a browser's question before the real one; what is allowed is in the headers."""
    return Response(204 if _methods(request.path) else 404, {}, b"")


def _methods(path: str) -> list[str]:
    return [method for method in sorted({r.method for r in ROUTES}) if _is_route(method, path)]


def _is_route(method: str, path: str) -> bool:
    try:
        match(method, path)
    except Problem:
        return False
    return True

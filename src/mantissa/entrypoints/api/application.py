"""One request to one answer: routing, access, checks, the route's own work, headers.

It knows neither Lambda nor a local server: both hand it a `Request` whose caller they have proven.
Powertools' resolver would route for Lambda alone, answers 404 to a wrong method, and has no place
for access checks and problem documents in front of every route; so the table of routes does.
What is no `MantissaError` is a bug and passes through, so that the shell in front counts it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from mantissa.alerts.redact import scrub
from mantissa.audit.access import permits
from mantissa.entrypoints.api import cors, problem, reading
from mantissa.entrypoints.api.messages import JSON, Outcome, Request, Response, encoded
from mantissa.entrypoints.api.needs import Call, Product
from mantissa.entrypoints.api.problem import Problem
from mantissa.entrypoints.api.routes import Route, match
from mantissa.errors import MantissaError

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every answer: it is data, never a page, and not to be kept."""

Observe = Callable[[Outcome], None]


class Api:
    """Answers requests.

    Args:
        boot: returns the product; what it raises is answered as what a route raises.
        observe: told what became of each request.
    """

    def __init__(self, boot: Callable[[], Product], observe: Observe) -> None:
        self._boot = boot
        self._observe = observe

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        origins: Collection[str] = ()
        route: Route | None = None
        refusal: Problem | None = None
        try:
            product = self._boot()
            origins = product.settings.origins
            if request.method == "OPTIONS":
                answer = cors.preflight(request)
            else:
                route, found = match(request.method, request.path)
                answer = _answered(product, request, route, found)
        except MantissaError as error:
            refusal = problem.of_error(error)
        except Problem as raised:
            refusal = raised
        if refusal is not None:
            answer = problem.response(refusal, request.caller)
        self._tell(request, answer.status, route, refusal)
        shown = {**SECURITY_HEADERS, "X-Request-Id": request.caller.request_id}
        shown |= cors.headers(request, origins)
        return replace(answer, headers={**shown, **answer.headers})

    def _tell(
        self, request: Request, status: int, route: Route | None, refusal: Problem | None
    ) -> None:
        who = request.caller
        told = Outcome(status, route.name if route else "", who.request_id, who.subject)
        if refusal is not None:
            told = replace(told, code=refusal.code, detail=scrub(refusal.cause))
        self._observe(told)


def _answered(product: Product, request: Request, route: Route, found: str) -> Response:
    settings = product.settings
    if request.body is None:
        raise Problem(400, "body", "the body's base64 cannot be read")
    if len(request.body) > settings.max_body:
        raise Problem(413, "body_size", f"a body has at most {settings.max_body} bytes")
    if route.action:
        _check_access(request, route.action)
    call = Call(
        product.app,
        settings,
        request.caller,
        found,
        reading.params(request.query, route.params) if route.params else None,
        reading.body(request, route.body) if route.body else None,
    )
    answer = route.call(call)
    return Response(answer.status, {"Content-Type": JSON}, encoded(answer.document))


def _check_access(request: Request, action: str) -> None:
    if not request.caller.subject:
        raise Problem(
            401, "unauthenticated", "sign in first", headers={"WWW-Authenticate": "Bearer"}
        )
    if not permits(request.caller, action):
        raise Problem(403, "forbidden", "your role does not allow this", fix="ask an admin")

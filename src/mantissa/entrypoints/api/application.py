"""One request to one answer: routing, access, checks, the route's own work, headers.

It knows neither Lambda nor a local server: both hand it a `Request` whose caller they have proven.
What is no `MantissaError` is a bug and passes through, so that the shell in front counts it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mantissa.alerts.redact import scrub
from mantissa.audit.access import permits
from mantissa.entrypoints.api import cors, problem, reading
from mantissa.entrypoints.api.messages import JSON, Outcome, Request, Response, encoded
from mantissa.entrypoints.api.needs import ApiApp, ApiSettings, Call
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
        observe: told what became of each request.
    """

    def __init__(self, app: ApiApp, settings: ApiSettings, observe: Observe) -> None:
        self._app = app
        self._settings = settings
        self._observe = observe

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        if request.method == "OPTIONS":
            return self._finished(request, cors.preflight(request), "OPTIONS", None)
        route: Route | None = None
        try:
            route, found = match(request.method, request.path)
            answer = self._answered(request, route, found)
        except MantissaError as error:
            return self.refuse(request, problem.of_error(error), route)
        except Problem as refusal:
            return self.refuse(request, refusal, route)
        return self._finished(request, answer, route.name, None)

    def refuse(self, request: Request, refusal: Problem, route: Route | None = None) -> Response:
        """Answer with a problem."""
        answer = problem.response(refusal, request.caller)
        return self._finished(request, answer, route.name if route else "", refusal)

    def _answered(self, request: Request, route: Route, found: str) -> Response:
        if len(request.body) > self._settings.max_body:
            most = self._settings.max_body
            raise Problem(413, "body_size", f"a body has at most {most} bytes")
        if route.action:
            _check_access(request, route.action)
        call = Call(
            self._app,
            self._settings,
            request.caller,
            found,
            reading.params(request.query, route.params) if route.params else None,
            reading.body(request, route.body) if route.body else None,
        )
        answer = route.call(call)
        return Response(answer.status, {"Content-Type": JSON}, encoded(answer.document))

    def _finished(
        self, request: Request, response: Response, route: str, refusal: Problem | None
    ) -> Response:
        """Add what every answer carries, and tell what became of the request."""
        who = request.caller
        outcome = Outcome(response.status, route, who.request_id, who.subject)
        if refusal is not None:
            outcome = replace(outcome, code=refusal.code, detail=scrub(refusal.cause))
        self._observe(outcome)
        headers = {**SECURITY_HEADERS, "X-Request-Id": who.request_id}
        headers |= cors.headers(request, self._settings.origins)
        return replace(response, headers={**headers, **response.headers})


def _check_access(request: Request, action: str) -> None:
    if not request.caller.subject:
        raise Problem(
            401, "unauthenticated", "sign in first", headers={"WWW-Authenticate": "Bearer"}
        )
    if not permits(request.caller, action):
        raise Problem(403, "forbidden", "your role does not allow this", fix="ask an admin")

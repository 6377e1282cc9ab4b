"""Errors as problem documents (RFC 9457): our words, an id for the logs, never a vendor's text.

What an error says goes to the caller only where it is about the caller's own request. What it says
of our stores, engines and settings goes to the log, under the same id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from mantissa.alerts.redact import scrub
from mantissa.ask.history import Failure
from mantissa.audit.trail import Caller
from mantissa.entrypoints.api.messages import Response, encoded
from mantissa.errors import (
    Conflict,
    EngineError,
    EngineRejected,
    EngineTimedOut,
    EngineTransient,
    GuardRefused,
    MantissaError,
    NotFound,
    QuotaExceeded,
    StoreTransient,
)

MEDIA_TYPE = "application/problem+json"
LONGEST = 600
"""Most characters of a detail: an engine may quote whole expressions."""


class ProblemDocument(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong, as RFC 9457 shapes it; `code` is for programs, `id` is in our logs."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    id: str
    fix: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """An HTTP status with what the caller is told.

    Args:
        detail: stands for the error's own words; empty where those are for the caller.
    """

    status: int
    detail: str = ""


class Problem(Exception):
    """A request that cannot be answered.

    `query` is the id of the query that it is about, `cause` what the log is told.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        fix: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.fix = fix
        self.headers = dict(headers or {})
        self.query = ""
        self.cause = detail

    @property
    def shown(self) -> str:
        """The detail as the caller may see it."""
        return shown(self.detail)


_AWAY = "a part of the service did not answer; try again"
_BROKEN = "the service could not do this; the id names the cause in its log"
_ENGINE = "the query engine failed, and there is no answer"

WORDS: Sequence[tuple[type[MantissaError], Words]] = (
    (NotFound, Words(404)),
    (QuotaExceeded, Words(429)),
    (GuardRefused, Words(422)),
    (EngineRejected, Words(422)),
    (EngineTimedOut, Words(504)),
    (EngineTransient, Words(503, _AWAY)),
    (EngineError, Words(502, _ENGINE)),
    (StoreTransient, Words(503, _AWAY)),
    (Conflict, Words(503, _AWAY)),
    (MantissaError, Words(500, _BROKEN)),
)
"""Error class → what the caller is told; the first that fits."""

_FAILED: Mapping[str, Words] = {
    EngineRejected.code: Words(422),
    EngineTimedOut.code: Words(504),
}
"""The code of a failed query's error → what its owner is told; any other is the engine's fault."""

RETRY_SECONDS = 5

TITLES: Mapping[int, str] = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    410: "Gone",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
"""The statuses of problems with RFC 9110's names; those of Python differ by its version."""


def of_error(error: MantissaError) -> Problem:
    """Return the problem that stands for an error."""
    words = next(words for kind, words in WORDS if isinstance(error, kind))
    status = 410 if error.code == "expired" else words.status
    detail = words.detail or error.message
    fix = "" if words.detail else error.fix or ""
    problem = Problem(status, error.code, detail, fix=fix, headers=_retry(error, status))
    because = error.__cause__
    problem.cause = f"{error}: {because}" if isinstance(because, MantissaError) else str(error)
    return problem


def of_failure(failure: Failure, query: str) -> Problem:
    """Return the problem that stands for a query that failed."""
    words = _FAILED.get(failure.code, Words(502, _ENGINE))
    detail = words.detail or failure.message
    fix = "" if words.detail else failure.fix
    problem = Problem(words.status, failure.code, detail, fix=fix)
    problem.cause, problem.query = failure.message, query
    return problem


def response(problem: Problem, caller: Caller) -> Response:
    """Return a problem as it is sent; what looks like a credential is replaced."""
    name = caller.request_id
    document = ProblemDocument(
        type=f"urn:mantissa:problem:{problem.code}",
        title=TITLES[problem.status],
        status=problem.status,
        detail=problem.shown,
        instance=f"urn:mantissa:request:{name}",
        code=problem.code,
        id=name,
        fix=shown(problem.fix),
        query=problem.query,
    )
    headers = {"Content-Type": MEDIA_TYPE, **problem.headers}
    return Response(problem.status, headers, encoded(document))


_INNER = re.compile(r"\b(?:arn:aws[\w-]*:|s3a?://)[^\s'\"]+|\b\d{1,3}(?:\.\d{1,3}){3}\b")
"""Names of things in our account, and addresses of machines, as engines put them in messages."""


def shown(text: str) -> str:
    """Return text of ours as it may leave the house: bounded, no credentials, no inner names."""
    clean = _INNER.sub("[…]", scrub(text.encode("utf-8", "replace").decode()))
    return clean if len(clean) <= LONGEST else clean[: LONGEST - 1] + "…"


def _retry(error: MantissaError, status: int) -> dict[str, str]:
    if isinstance(error, QuotaExceeded):
        return {"Retry-After": str(max(1, round(error.retry_after)))}
    return {"Retry-After": str(RETRY_SECONDS)} if status == 503 else {}

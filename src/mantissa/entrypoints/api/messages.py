"""What goes into the API and what comes out of it, whichever server is in front."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from mantissa.audit.trail import Caller

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, its caller proven by the server in front.

    Args:
        path: without query string.
        query: each parameter with its values, in order.
        headers: by lower-case name.
        body: None when the server in front could not read it.
        caller: `subject` is empty when nobody is signed in.
    """

    method: str
    path: str
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = b""
    caller: Caller = field(default_factory=lambda: Caller(""))


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answers with, before it is bytes.

    Args:
        document: a msgspec Struct, or JSON values.
    """

    document: Any
    status: int = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request, for logs and metrics; never sent to the caller.

    Args:
        route: method and path as the route table spells them; empty for what is on no route.
        code: the problem's code; empty when there was none.
        detail: the error in full.
    """

    status: int
    route: str
    request_id: str
    subject: str
    code: str = ""
    detail: str = ""

    @property
    def is_refused(self) -> bool:
        """Whether the request was at fault, by its status."""
        return 400 <= self.status < 500


def encoded(document: Any) -> bytes:
    """Return a document as JSON."""
    return msgspec.json.encode(document)

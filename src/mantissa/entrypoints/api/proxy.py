"""API Gateway's REST proxy events (payload 1.0) to requests, and answers back.

Events are read as plain JSON: what API Gateway, its emulators and its test console leave out or
send as null differs (https://docs.aws.amazon.com/apigateway/latest/developerguide/
set-up-lambda-proxy-integrations.html). Who calls is taken from the authorizer's claims only.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from mantissa.audit.access import GROUPS
from mantissa.audit.trail import Caller
from mantissa.entrypoints.api.application import Api
from mantissa.entrypoints.api.messages import Request

Event = Mapping[str, Any]


def respond(api: Api, event: Event) -> dict[str, Any]:
    """Answer one event."""
    answer = api.handle(_request(event))
    return {
        "statusCode": answer.status,
        "headers": dict(answer.headers),
        "body": answer.body.decode(),
        "isBase64Encoded": False,
    }


def caller(event: Event) -> Caller:
    """Return who calls, as the user pool's authorizer has proven it; nobody without claims."""
    context = event.get("requestContext") or {}
    claims = (context.get("authorizer") or {}).get("claims") or {}
    identity = context.get("identity") or {}
    return Caller(
        subject=_text(claims.get("sub")),
        name=_text(claims.get("cognito:username") or claims.get("username")),
        groups=_groups(claims.get("cognito:groups")),
        session=_text(claims.get("origin_jti") or claims.get("jti")),
        source_ip=_text(identity.get("sourceIp")),
        request_id=_text(context.get("requestId")),
    )


def _groups(claim: object) -> frozenset[str]:
    """Return the groups of ours.

    A REST API joins them with commas (`admin,analyst`), an HTTP API writes `[admin analyst]`,
    and a token decoded by an emulator holds a list.
    """
    if isinstance(claim, str):
        claim = claim.strip("[]").replace(",", " ").split()
    if not isinstance(claim, list):
        return frozenset()
    return frozenset(name for name in claim if name in GROUPS)


def _request(event: Event) -> Request:
    return Request(
        method=_text(event.get("httpMethod")),
        path=_text(event.get("path")),
        query=_values(event, "queryStringParameters", "multiValueQueryStringParameters"),
        headers={
            name.lower(): values[-1]
            for name, values in _values(event, "headers", "multiValueHeaders").items()
        },
        body=_body(event),
        caller=caller(event),
    )


def _body(event: Event) -> bytes | None:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _values(event: Event, single: str, multiple: str) -> dict[str, tuple[str, ...]]:
    many: Mapping[str, Sequence[Any] | None] = event.get(multiple) or {}
    found = {_text(k): tuple(_text(v) for v in values) for k, values in many.items() if values}
    for name, value in (event.get(single) or {}).items():
        found.setdefault(_text(name), (_text(value),))
    return found


def _text(value: object) -> str:
    """Return text that can be written anywhere: half a surrogate pair becomes a question mark."""
    return "" if value is None else str(value).encode("utf-8", "replace").decode()

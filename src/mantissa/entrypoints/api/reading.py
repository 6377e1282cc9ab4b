"""Requests as typed values: bodies, parameters and cursors, each refused with what is wrong."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from mantissa.entrypoints.api.messages import JSON, Request
from mantissa.entrypoints.api.problem import Problem

T = TypeVar("T")


def body(request: Request, kind: type[T]) -> T:
    """Return the JSON body in its type. Raises `Problem` 400 or 415."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != JSON:
        raise Problem(415, "media_type", "the body is JSON", fix=f"Content-Type: {JSON}")
    try:
        return msgspec.json.decode(request.body or b"", type=kind)
    except msgspec.ValidationError as error:
        raise Problem(400, "body", f"the body does not fit: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "json", "the body is not JSON") from error


def params(query: Mapping[str, tuple[str, ...]], kind: type[T]) -> T:
    """Return the query parameters in their types. Raises `Problem` 400."""
    twice = [name for name, values in query.items() if len(values) != 1]
    if twice:
        raise Problem(400, "parameter", "a parameter is given more than once")
    single = {name: values[0] for name, values in query.items()}
    try:
        return msgspec.convert(single, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Problem(400, "parameter", f"a parameter does not fit: {error}") from error


def cursor(place: Any) -> str:
    """Return a place in a list as text that a client hands back unread."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def place(text: str, kind: Any) -> Any:
    """Return the place that a cursor stands for. Raises `Problem` 400."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(data, type=kind)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise Problem(400, "cursor", "the cursor is not one of ours") from error

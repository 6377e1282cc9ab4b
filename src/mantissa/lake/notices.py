"""What a message of the ingest queue says: which objects have arrived.

The same things come in many wrappings: S3's own events, EventBridge's, either inside a message of
SNS, CloudTrail's notification of a delivery, and the pointers that the sweep sends. In S3's events
a key is form-encoded, in the others it is not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import orjson

from mantissa.errors import NoticeError
from mantissa.model import ObjectInfo

SCHEME = "s3://"
_CREATED = "ObjectCreated:"
_MAJOR = "2."
_MOST_WRAPPINGS = 4
_SWEEP = "mantissa:sweep"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One object that a message points to.

    Args:
        etag: what the message says of its content; empty when it says nothing.
    """

    bucket: str
    key: str
    size: int = 0
    etag: str = ""

    @property
    def uri(self) -> str:
        """The object's key among the inputs."""
        return f"{SCHEME}{self.bucket}/{self.key}"


def arrivals_of(body: str) -> list[Arrival]:
    """Return the objects that a message is about; none for S3's test and for other events of S3.

    Raises `NoticeError` for whatever else, so that it can be kept with the reason.
    """
    found: dict[Arrival, None] = {}
    for arrival in _unwrapped(body, _MOST_WRAPPINGS):
        found.setdefault(arrival)
    return list(found)


def pointer_to(objects: Iterable[ObjectInfo]) -> str:
    """Return a message about objects, in the shape of an S3 event; keys are `s3://bucket/key`."""
    return json.dumps({"Records": [_record(info) for info in objects]})


def _record(info: ObjectInfo) -> dict[str, Any]:
    bucket, _, key = info.key.removeprefix(SCHEME).partition("/")
    described = {"key": quote_plus(key, safe="/"), "size": info.size, "eTag": info.etag}
    return {
        "eventVersion": "2.1",
        "eventSource": _SWEEP,
        "eventName": f"{_CREATED}Put",
        "eventTime": info.modified.isoformat(),
        "s3": {"bucket": {"name": bucket}, "object": described},
    }


def _unwrapped(body: str, left: int) -> Iterator[Arrival]:
    message = _parsed(body)
    if not left:
        raise NoticeError("a message inside too many others")
    if message.get("Event") == "s3:TestEvent":
        return
    if isinstance(message.get("Records"), list):
        for record in message["Records"]:
            yield from _of_record(record, left)
    elif message.get("Type") == "Notification":
        yield from _unwrapped(_text(message, "Message"), left - 1)
    elif "detail-type" in message:
        yield from _of_eventbridge(message)
    elif "s3Bucket" in message:
        yield from _of_cloudtrail(message)
    else:
        raise NoticeError(f"a message of no known kind, with {_names(message)}")


def _of_record(record: Any, left: int) -> Iterator[Arrival]:
    if not isinstance(record, dict):
        raise NoticeError("a record that is no object")
    if "Sns" in record:
        yield from _unwrapped(_text(_member(record, "Sns"), "Message"), left - 1)
        return
    if "s3" not in record:
        raise NoticeError(f"a record that is no event of S3, with {_names(record)}")
    version = str(record.get("eventVersion", ""))
    if not version.startswith(_MAJOR):
        raise NoticeError(f"an S3 event of version {version or 'none'}; 2.x is known")
    if not _text(record, "eventName").removeprefix("s3:").startswith(_CREATED):
        return
    s3 = _member(record, "s3")
    yield _arrival(_member(s3, "bucket"), _member(s3, "object"), "eTag", encoded=True)


def _of_eventbridge(message: Mapping[str, Any]) -> Iterator[Arrival]:
    if message.get("source") != "aws.s3":
        raise NoticeError(f"an event of {message.get('source')}, not of S3")
    if message["detail-type"] == "Object Created":
        detail = _member(message, "detail")
        yield _arrival(_member(detail, "bucket"), _member(detail, "object"), "etag", encoded=False)


def _of_cloudtrail(message: Mapping[str, Any]) -> Iterator[Arrival]:
    bucket, keys = _text(message, "s3Bucket"), message.get("s3ObjectKey")
    if not isinstance(keys, list) or not all(isinstance(k, str) and k for k in keys):
        raise NoticeError("a notification of CloudTrail without keys")
    yield from (Arrival(bucket, key) for key in keys)


def _arrival(
    bucket: Mapping[str, Any], thing: Mapping[str, Any], etag: str, *, encoded: bool
) -> Arrival:
    key = _text(thing, "key")
    if encoded:
        try:
            key = unquote_plus(key, errors="strict")
        except UnicodeDecodeError as error:
            raise NoticeError(f"a key that is no UTF-8: {key}") from error
    size = thing.get("size", 0)
    content = str(thing.get(etag) or "").strip('"')
    return Arrival(_text(bucket, "name"), key, size if isinstance(size, int) else 0, content)


def _parsed(body: str) -> dict[str, Any]:
    try:
        message = orjson.loads(body)
    except ValueError as error:
        raise NoticeError(f"a message that is no JSON: {error}") from error
    if not isinstance(message, dict):
        raise NoticeError("a message that is no JSON object")
    return message


def _member(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    if not isinstance(found, dict):
        raise NoticeError(f"an event without {name}")
    return found


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not found:
        raise NoticeError(f"an event without {name}")
    return found


def _names(value: Mapping[str, Any]) -> str:
    return ", ".join(sorted(value)[:8]) or "nothing"

"""A message says which objects arrived, in any of its wrappings, or is refused by name (F-09)."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.errors import NoticeError
from mantissa.lake.notices import Arrival, arrivals_of, pointer_to
from mantissa.model import ObjectInfo

ARRIVAL = Arrival("raw", "AWSLogs/1/CloudTrail/a b+c é.json.gz", 12, "e7")
ENCODED = "AWSLogs/1/CloudTrail/a+b%2Bc+%C3%A9.json.gz"


def event(key: str = ENCODED, **changes: Any) -> dict[str, Any]:
    """Return one record in the shape that S3 sends."""
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": "2026-11-20T10:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:X"},
        "requestParameters": {"sourceIPAddress": "198.51.100.7"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "to-ingest",
            "bucket": {"name": "raw", "arn": "arn:aws:s3:::raw"},
            "object": {"key": key, "size": 12, "eTag": "e7", "sequencer": "0061"},
        },
    } | changes


def s3(*records: dict[str, Any]) -> str:
    return json.dumps({"Records": list(records or (event(),))})


def sns(message: str) -> str:
    return json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:x", "Message": message})


def eventbridge(**changes: Any) -> str:
    thing = {"key": ARRIVAL.key, "size": 12, "etag": "e7", "sequencer": "0061"}
    detail = {"version": "0", "bucket": {"name": "raw"}, "object": thing, "reason": "PutObject"}
    return json.dumps(
        {"version": "0", "source": "aws.s3", "detail-type": "Object Created", "detail": detail}
        | changes
    )


def lambda_sns(message: str) -> str:
    return json.dumps({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": message}}]})


@pytest.mark.parametrize(
    "body",
    [
        s3(),
        s3(event(eventVersion="2.6")),
        s3(event(eventName="s3:ObjectCreated:CompleteMultipartUpload")),
        s3(event(ENCODED.replace("/", "%2F"))),
        s3(event(), event()),
        eventbridge(),
        sns(s3()),
        sns(eventbridge()),
        lambda_sns(s3()),
        sns(lambda_sns(s3())),
    ],
)
def test_every_wrapping_gives_the_same_object(body: str) -> None:
    assert arrivals_of(body) == [ARRIVAL]


def test_a_version_and_a_sequence_may_be_absent() -> None:
    bare = event()
    bare["s3"]["object"] = {"key": "a/b"}
    assert arrivals_of(s3(bare)) == [Arrival("raw", "a/b")]


def test_cloudtrails_own_notification_names_its_files() -> None:
    body = json.dumps({"s3Bucket": "raw", "s3ObjectKey": ["a+b.gz", "c.gz"]})
    found = [a.uri for a in arrivals_of(sns(body))]
    assert found == ["s3://raw/a+b.gz", "s3://raw/c.gz"]


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "raw"}),
        sns(json.dumps({"Event": "s3:TestEvent"})),
        s3(event(eventName="ObjectRemoved:Delete")),
        s3(event(eventName="ObjectTagging:Put")),
        s3(event(eventName="LifecycleExpiration:Delete")),
        eventbridge(**{"detail-type": "Object Deleted"}),
        json.dumps({"Records": []}),
    ],
)
def test_what_is_no_arrival_is_nothing(body: str) -> None:
    assert arrivals_of(body) == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[1]", "no JSON object"),
        ("null", "no JSON object"),
        ('{"hello": 1}', "no known kind, with hello"),
        ('{"Records": [1]}', "no object"),
        ('{"Records": [{"eventSource": "aws:kinesis"}]}', "no event of S3"),
        (s3(event(eventVersion="3.0")), "version 3.0"),
        (s3(event(eventVersion=None)), "version None"),
        (s3(event(s3={"bucket": {"name": "raw"}})), "without object"),
        (s3(event(s3={"object": {"key": "k"}})), "without bucket"),
        (s3(event("")), "without key"),
        (s3(event("a%FF")), "no UTF-8"),
        (eventbridge(source="my.app"), "my.app"),
        (eventbridge(detail=None), "without detail"),
        (sns("no json"), "no JSON"),
        (json.dumps({"Type": "Notification"}), "without Message"),
        (json.dumps({"Type": "SubscriptionConfirmation", "Token": "x"}), "no known kind"),
        (json.dumps({"s3Bucket": "raw", "s3ObjectKey": "k"}), "without keys"),
        (sns(sns(sns(sns(s3())))), "too many others"),
        ('{"Records":' * 2000 + "1" + "}" * 2000, "no JSON|no object"),
    ],
)
def test_whatever_else_is_refused_by_name(body: str, words: str) -> None:
    with pytest.raises(NoticeError, match=words):
        arrivals_of(body)


@given(st.text())
def test_no_text_breaks_it(body: str) -> None:
    with suppress(NoticeError):
        arrivals_of(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Records", "s3", "bucket", "object", "key", "Sns", "Message", "Type"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_document_breaks_it(document: Any) -> None:
    with suppress(NoticeError):
        arrivals_of(json.dumps(document))


@given(st.text(min_size=1).filter(lambda k: k.isprintable()), st.integers(0, 2**40))
def test_our_own_pointers_come_back_whatever_the_key(key: str, size: int) -> None:
    info = ObjectInfo(f"s3://raw/{key}", size, "e7", datetime(2026, 1, 1, tzinfo=UTC), "")
    assert arrivals_of(pointer_to([info, info])) == [Arrival("raw", key, size, "e7")]

"""What records are shipped in, and events that only look like it."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from mantissa.model import Reason
from support.decoding import outcome

EVENT = b'{"eventVersion":"1.08","eventName":"GetObject","detail":{"a":1}}'
OTHER = b'{"eventVersion":"1.08","eventName":"PutObject"}'
FLOW = b"2 123456789012 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 40 1 2 ACCEPT OK"


def obj(**keys: Any) -> bytes:
    """Write an object whose bytes values stand for themselves as JSON."""
    parts = (
        json.dumps(key.replace("__", "-")).encode()
        + b":"
        + (value if isinstance(value, bytes) else json.dumps(value).encode())
        for key, value in keys.items()
    )
    return b"{" + b",".join(parts) + b"}"


def listed(*items: bytes) -> bytes:
    return b"[" + b", ".join(items) + b"]"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def bridge(detail: bytes) -> bytes:
    return obj(version="0", id="i", detail__type="x", source="aws.s3", resources=[], detail=detail)


def kinesis(data: bytes) -> bytes:
    part = {"kinesisSchemaVersion": "1.0", "partitionKey": "k", "data": b64(data)}
    return obj(kinesis=part, eventSource="aws:kinesis", eventVersion="1.0", awsRegion="eu-west-1")


def subscription(*messages: bytes) -> bytes:
    events = [obj(id=str(n), timestamp=n, message=m.decode()) for n, m in enumerate(messages)]
    return obj(
        messageType="DATA_MESSAGE",
        owner="1",
        logGroup="g",
        logStream="s",
        subscriptionFilters=["f"],
        logEvents=listed(*events),
    )


def sns(text: bytes) -> bytes:
    return obj(Type="Notification", MessageId="m", TopicArn="t", Message=text.decode())


ENVELOPES = {
    "records": obj(Records=listed(EVENT, OTHER)),
    "array": listed(EVENT, OTHER),
    "azure": obj(records=listed(EVENT, OTHER)),
    "fixture": obj(events=listed(EVENT, OTHER)),
    "graph page": obj(value=listed(EVENT, OTHER)),
    "lookup": obj(
        Events=listed(
            *(obj(EventId="1", EventName="n", CloudTrailEvent=e.decode()) for e in (EVENT, OTHER))
        )
    ),
    "bridge": bridge(EVENT) + b"\n" + bridge(OTHER),
    "older bridge": obj(account="1", region="r", detail=EVENT, source="aws.ec2", time="t", id="i")
    + OTHER,
    "subscription": subscription(EVENT, OTHER),
    "log group": obj(
        events=listed(
            *(obj(timestamp=1, message=e.decode(), ingestionTime=2) for e in (EVENT, OTHER))
        ),
        nextForwardToken="f",
    ),
    "firehose": obj(
        requestId="r", timestamp=1, records=listed(obj(data=b64(EVENT)), obj(data=b64(OTHER)))
    ),
    "firehose lines": obj(
        records=listed(obj(recordId="1", data=b64(gzip.compress(EVENT + b"\n" + OTHER))))
    ),
    "firehose of subscriptions": obj(
        records=listed(obj(data=b64(gzip.compress(subscription(EVENT, OTHER)))))
    ),
    "kinesis": obj(Records=listed(kinesis(EVENT), kinesis(gzip.compress(OTHER)))),
    "rule tests": b"\n".join(obj(name="n", expected_result=True, log=e) for e in (EVENT, OTHER)),
    "beats": b"\n".join(
        obj(message=e.decode(), host={"name": "h"}, event={"dataset": "d"}) for e in (EVENT, OTHER)
    ),
    "sns": sns(EVENT) + b"\n" + sns(OTHER),
    "sns to sqs": obj(
        Records=listed(*(obj(messageId="1", body=sns(e).decode()) for e in (EVENT, OTHER)))
    ),
    "sns to lambda": obj(
        Records=listed(*(obj(EventSource="aws:sns", Sns=sns(e)) for e in (EVENT, OTHER)))
    ),
    "docker": b"\n".join(
        obj(log=e.decode() + "\n", stream="stdout", time="t") for e in (EVENT, OTHER)
    ),
    "bridge of records": bridge(obj(Records=listed(EVENT, OTHER))),
}


@pytest.mark.parametrize("window", [16, 1 << 20])
@pytest.mark.parametrize("text", ENVELOPES.values(), ids=ENVELOPES.keys())
def test_envelopes_are_opened(text: bytes, window: int) -> None:
    found = outcome(text, window=window)
    assert found.good == [EVENT, OTHER]
    assert found.counts[1:] == (0, 0)


@pytest.mark.parametrize(
    "record",
    [
        EVENT,
        b'{"detail":{"a":1}}',
        b'{"detail":{"a":1},"source":"x","mine":1}',
        b'{"detail":"text","source":"x"}',
        b'{"events":[{"name":"login"}],"kind":"admin#reports#activity","id":{"time":"t"}}',
        b'{"events":["a","b"]}',
        b'{"records":3}',
        b'{"Records":"none"}',
        b'{"value":[1,2]}',
        b'{"message":"hello","level":"info"}',
        b'{"message":{"a":1}}',
        b'{"message":"m","winlog":{"event_id":1}}',
        b'{"message":"m","event":{"action":"login"}}',
        b'{"name":"n","log":{"a":1}}',
        b'{"data":"aGVsbG8="}',
        b'{"kinesis":{"shard":1}}',
        b'{"Type":"Notification"}',
        b'{"messageType":"DATA_MESSAGE","text":"x"}',
        b'{"messageType":"OTHER","logEvents":[]}',
        b"{}",
        b'{"":1}',
        b'{ "\\u0064etail": {"a":1}, "source": "x", "k": 1}',
    ],
)
def test_events_that_look_like_envelopes_stay_whole(record: bytes) -> None:
    assert outcome(record + b"\n").good == [record]
    assert outcome(b'{"Records":[' + record + b"," + EVENT + b"]}").good == [record, EVENT]


def test_text_messages_become_lines() -> None:
    line = FLOW.decode()
    for text in (
        obj(message=line),
        obj(message=line + "\n", stream="s"),
        subscription(FLOW),
        obj(Records=listed(kinesis(FLOW + b"\n"))),
    ):
        assert outcome(text).good == [FLOW]


def test_control_messages_are_skipped() -> None:
    control = obj(messageType="CONTROL_MESSAGE", owner="CloudwatchLogs", logEvents=listed())
    confirm = obj(Type="SubscriptionConfirmation", Message="m", Token="t")
    found = outcome(control + b"\n" + EVENT + b"\n" + confirm + b"\n" + obj(message=" ") + b"\n")
    assert found.good == [EVENT]
    assert [skipped.position for skipped in found.skipped] == [0, 2, 3]


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        (obj(data="not base64!"), Reason.BAD_FORMAT),
        (obj(data=b64(gzip.compress(EVENT, mtime=0)[:-12])), Reason.TRUNCATED_GZIP),
        (obj(data=b64(b'{"a":NaN}')), Reason.BAD_JSON),
        (obj(data=b64(EVENT + b"\n{")), Reason.BAD_JSON),
        (obj(data=b64(b'{"a":' + b"[" * 99 + b"]" * 99 + b"}")), Reason.DEPTH),
    ],
)
def test_bad_inner_parts_have_their_own_position(inner: bytes, reason: Reason) -> None:
    whole = obj(data=b64(OTHER))
    found = outcome(obj(records=listed(whole, inner, whole)))
    assert [bad.reason for bad in found.bad] == [reason]
    assert found.good[0] == found.good[-1] == OTHER
    assert 0 < found.bad[0].position < len(found.good)


def test_bad_messages_of_a_log_group() -> None:
    events = listed(obj(message='{"a":1'), b'{"text":1}', obj(message="ok"))
    found = outcome(obj(messageType="DATA_MESSAGE", logEvents=events))
    assert found.good == [b"ok"]
    assert found.reasons == ["bad_json", "bad_format"]


def test_layers_are_limited() -> None:
    text = EVENT
    for _ in range(12):
        text = listed(text)
    found = outcome(text)
    assert found.reasons == ["bad_format"]
    assert "envelopes" in found.bad[0].detail


def test_a_cut_list_of_deliveries_is_still_opened() -> None:
    text = obj(records=listed(obj(data=b64(EVENT)), obj(data=b64(OTHER))))[:-3]
    found = outcome(text)
    assert found.good == [EVENT]
    assert found.reasons == ["bad_json"]


def test_an_envelope_may_be_larger_than_a_record() -> None:
    text = subscription(*[EVENT] * 100)
    assert outcome(text, max_line=1000, window=100).good == [EVENT] * 100

"""What every destination promises, whatever the server at the other end does (F-18, F-19)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime

import pytest

from mantissa.adapters.memory import MemoryDestination
from mantissa.alerts.deliver import Target
from mantissa.errors import (
    DeliveryError,
    DeliveryPermanent,
    DeliveryTransient,
    DeliveryUnauthorised,
)
from mantissa.model import Secret
from support import receiver as remote
from support.destinations import PATIENT, QUICK, message, secret_of, target_of
from support.findings import NOW
from support.receiver import Receiver

KINDS = ("slack-webhook", "slack-token", "pagerduty", "webhook")


@pytest.fixture
def server() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def refused(target: Target, secret: Secret) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        target.adapter.send(message(), secret)
    assert secret.value not in str(caught.value) + repr(caught.value) + repr(caught.value.__cause__)
    return caught.value


def test_a_message_is_taken(kind: str, server: Receiver) -> None:
    receipt = target_of(kind, server).adapter.send(message(), secret_of(kind, server))
    assert 200 <= receipt.status < 300
    assert len(server.slack_posts) + len(server.incidents) + len(server.webhook_bodies) == 1


def test_the_memory_destination_takes_it_too() -> None:
    memory = MemoryDestination()
    assert memory.send(message(), None).status == 200
    assert memory.messages == [message()]


@pytest.mark.parametrize("what", ["trigger", "acknowledge", "resolve", "test"])
def test_every_kind_of_message_is_taken(kind: str, what: str, server: Receiver) -> None:
    target = target_of(kind, server)
    assert target.adapter.send(message(kind=what), secret_of(kind, server)).status < 300


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("30", 30.0),
        ("0", 0.0),
        ("86400", 86_400.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(days=9), usegmt=True), 0.0),
        ("-1", None),
        ("soon", None),
        ("1e9", None),
        ("Wed, 99 Foo 2026 25:61:61 GMT", None),
        ("٣", None),
    ],
)
def test_too_many_requests(kind: str, server: Receiver, asked: str, wait: float | None) -> None:
    server.fail(remote.too_many(asked.encode().decode("latin-1")))
    error = refused(target_of(kind, server), secret_of(kind, server))
    assert isinstance(error, DeliveryTransient)
    assert (error.status, error.retry_after) == (429, wait)


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504, 599, 301, 302, 307, 304])
def test_what_may_pass_is_transient(kind: str, server: Receiver, code: int) -> None:
    server.fail(remote.status(code, b"", Location=f"{server.url}/inner"))
    error = refused(target_of(kind, server), secret_of(kind, server))
    assert isinstance(error, DeliveryTransient)
    assert (error.status, type(error)) == (code, DeliveryTransient)
    assert len(server.seen) == 1, "a redirect is not followed"


@pytest.mark.parametrize("code", [400, 404, 405, 410, 413, 422])
def test_what_will_be_refused_again_is_permanent(kind: str, server: Receiver, code: int) -> None:
    server.fail(remote.status(code, b"{}"))
    error = refused(target_of(kind, server), secret_of(kind, server))
    assert isinstance(error, DeliveryPermanent)
    assert error.status == code
    assert error.fix


@pytest.mark.parametrize("code", [401, 403])
def test_refused_credentials_ask_for_fresh_ones(kind: str, server: Receiver, code: int) -> None:
    server.fail(remote.status(code))
    error = refused(target_of(kind, server), secret_of(kind, server))
    assert isinstance(error, DeliveryUnauthorised)


def test_a_page_of_html_is_not_repeated_to_anyone(kind: str, server: Receiver) -> None:
    server.fail(remote.BAD_GATEWAY)
    error = refused(target_of(kind, server), secret_of(kind, server))
    assert error.status == 502
    assert "<" not in str(error)


@pytest.mark.parametrize(
    "trouble", [remote.HANG, remote.DRIP_HEADERS, remote.DRIP_BODY, remote.DROP]
)
def test_time_is_bounded(kind: str, server: Receiver, trouble: remote.Trouble) -> None:
    """The receiver stays silent or drips for ever: only our own deadline ends this."""
    server.fail(trouble)
    error = refused(target_of(kind, server, QUICK), secret_of(kind, server))
    assert isinstance(error, DeliveryTransient)


def test_two_gigabytes_are_not_read(kind: str, server: Receiver) -> None:
    server.fail(remote.HUGE)
    target = target_of(kind, server, PATIENT)
    if kind == "webhook":
        assert target.adapter.send(message(), secret_of(kind, server)).status == 200
    else:
        assert isinstance(refused(target, secret_of(kind, server)), DeliveryTransient)
    assert server.bytes_sent < 64 << 20, "what socket buffers hold, and no more"


def test_nobody_listening(kind: str) -> None:
    with Receiver() as gone:
        target, secret = target_of(kind, gone), secret_of(kind, gone)
    assert isinstance(refused(target, secret), DeliveryTransient)


@pytest.mark.parametrize("secret", [None, Secret(""), Secret("nonsense")])
def test_a_useless_secret_is_not_the_end_of_an_alert(
    kind: str, server: Receiver, secret: Secret | None
) -> None:
    with pytest.raises(DeliveryTransient) as caught:
        target_of(kind, server).adapter.send(message(), secret)
    assert isinstance(caught.value, DeliveryUnauthorised)


@pytest.mark.parametrize("size", [0, 1, 100, 3_000, 100_000, 1_000_000])
def test_every_size_is_within_the_destinations_limits(
    kind: str, server: Receiver, size: int
) -> None:
    big = (
        message(
            title="T" * size,
            text="&<>" * size,
            fields=tuple((f"f{n}" * min(size, 99), "`&" * size) for n in range(min(size, 100))),
            samples=("<" * size,) * min(size, 5),
            entities={f"e{n}": "v" * size for n in range(3)},
        )
        if size < 1_000_000
        else message(title="T" * size, samples=("s" * size,) * 5)
    )
    receipt = target_of(kind, server).adapter.send(big, secret_of(kind, server))
    assert receipt.status < 300

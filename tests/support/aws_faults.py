"""A network between one client and moto that loses, refuses, delays and cuts.

Emulators answer at once and in full. Each fault here is a function of the request's effect: it may
let it happen, or not, and answers what it likes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from urllib3.exceptions import ProtocolError

Forward = Callable[[], AWSResponse]
Fault = Callable[[Forward], AWSResponse]


_TURN = threading.RLock()


def one_at_a_time(event_name: str, request: Any, **_: Any) -> AWSResponse:
    """Let moto answer one request after the other: it copies its tables while others write."""
    from moto.core.models import botocore_stubber

    with _TURN:
        answer = botocore_stubber(event_name, request)
    assert answer is not None
    return answer


def reach_moto(client: Any, through: Callable[..., AWSResponse] = one_at_a_time) -> None:
    """Let a client's requests go that way, and no other."""
    from moto.core.models import botocore_stubber

    for handler in (botocore_stubber, one_at_a_time):
        client.meta.events.unregister("before-send", handler)
    client.meta.events.register("before-send", through)


class Network:
    """Counts a client's requests and applies the faults that wait for an operation, in order."""

    def __init__(self, client: Any) -> None:
        self.calls: list[str] = []
        self.sent: list[Any] = []
        self._faults: dict[str, list[Fault]] = {}
        reach_moto(client, self._send)

    def add(self, operation: str, *faults: Fault) -> None:
        """Let the next requests of that operation meet these faults."""
        self._faults.setdefault(operation, []).extend(faults)

    def count(self, operation: str) -> int:
        return self.calls.count(operation)

    def _send(self, event_name: str, request: Any, **_: Any) -> AWSResponse:
        operation = event_name.rpartition(".")[2]
        self.calls.append(operation)
        self.sent.append(request)

        def forward() -> AWSResponse:
            return one_at_a_time(event_name, request)

        waiting = self._faults.get(operation)
        return waiting.pop(0)(forward) if waiting else forward()


def through(forward: Forward) -> AWSResponse:
    """Nothing goes wrong."""
    return forward()


def lost(forward: Forward) -> AWSResponse:
    """It takes effect and the answer does not arrive."""
    forward()
    raise ReadTimeoutError(endpoint_url="https://aws")


def unheard(_: Forward) -> AWSResponse:
    """It never arrives."""
    raise ConnectionClosedError(endpoint_url="https://aws")


def refused(status: int, code: str, message: str = "injected", kind: str = "xml") -> Fault:
    """It is answered with an error and has no effect."""
    if kind == "xml":
        return answered(status, f"<Error><Code>{code}</Code><Message>{message}</Message></Error>")
    return answered(status, f'{{"__type": "com.amazonaws#{code}", "message": "{message}"}}')


def answered(status: int, body: str) -> Fault:
    """It is answered with this and has no effect."""

    def answer(_: Forward) -> AWSResponse:
        headers = {"x-amzn-requestid": "r"}
        return AWSResponse("https://aws", status, headers, _Cut(body.encode(), None))

    return answer


def cut(size: int, error: Exception | None = None) -> Fault:
    """The body ends after so many bytes, quietly or with an error of the connection."""

    def answer(forward: Forward) -> AWSResponse:
        whole = forward()
        whole.raw = _Cut(whole.raw.read()[:size], error)
        return whole

    return answer


def changed(data: bytes) -> Fault:
    """The body's bytes are others than were stored."""

    def answer(forward: Forward) -> AWSResponse:
        whole = forward()
        whole.raw = _Cut(data, None)
        return whole

    return answer


RESET = ProtocolError("Connection broken: ConnectionResetError(104)")


class _Cut(BytesIO):
    def __init__(self, data: bytes, error: Exception | None) -> None:
        super().__init__(data)
        self._error = error

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if not data and self._error is not None:
            raise self._error
        return data


def never(_: float) -> None:
    """Do not wait."""


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the SDK ask again at once."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", never)

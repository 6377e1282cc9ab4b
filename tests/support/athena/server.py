"""The endpoint: an HTTP server that speaks Athena's API, in a thread or as a process.

    with Endpoint(trino.url, ministack) as athena:
        client = athena.client()

Point other programs at it with `AWS_ENDPOINT_URL_ATHENA`. Operations that are not about running
queries go on to the emulator; other services are refused.
"""

from __future__ import annotations

import http.client
import json
import threading
import uuid
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from support.athena.operations import Athena, Behalf
from support.athena.refusal import INTERNAL, WORKGROUP, Answer, Refused
from support.athena.troubles import Drop, Troubles, from_json
from support.athena.wire import TrinoFailed
from support.emulators import Emulator

TARGET = "AmazonAthena."
TROUBLES = "/_troubles"
_HOP = (
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "transfer-encoding",
    "date",
    "server",
)
_NOT_OURS = Answer("UnknownOperationException", "This endpoint speaks Athena's API only.")

Reply = tuple[int, Mapping[str, str], bytes]


class Endpoint:
    """One endpoint on a free loopback port; `troubles` says what goes wrong next.

    With `asks_first` the emulator sees each call before it is carried out here, as the caller
    signed it, and its refusal stands: that is how moto's IAM enforcement judges Athena's actions.
    With `behalf` the lake and the results are read and written in the name of a caller, too.
    """

    def __init__(
        self,
        trino_url: str,
        emulator: Emulator,
        *,
        port: int = 0,
        asks_first: bool = False,
        behalf: Behalf | None = None,
    ) -> None:
        self.emulator, self.asks_first = emulator, asks_first
        self.troubles = Troubles()
        self.athena = Athena(trino_url, emulator, self.troubles, behalf)
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        """Every call as it came: operation and body."""
        handler = type("Bound", (_Handler,), {"endpoint": self})
        self.server = _Server(("127.0.0.1", port), handler)
        self._thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    def __enter__(self) -> Endpoint:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.athena.stop_all()
        self._thread.join()

    def reset(self) -> None:
        """Forget all orders and calls, and stop what still runs: the next test finds it quiet."""
        self.troubles.clear()
        self.calls.clear()
        self.athena.concurrent = None
        self.athena.stop_all()

    def allow_at_once(self, queries: int | None) -> None:
        """Refuse queries over this number queued or running, as an account's quota does."""
        self.athena.concurrent = queries

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, **more: Any) -> Any:
        """Return a boto3 client of this endpoint."""
        return self.emulator.session().client("athena", endpoint_url=self.url, **more)

    def environ(self, **more: str) -> Mapping[str, str]:
        """Return what points any AWS SDK at the emulator, and at this for Athena."""
        return self.emulator.environ(AWS_ENDPOINT_URL_ATHENA=self.url, **more)

    def handle(self, operation: str, data: bytes, forward: Callable[[], Reply]) -> Reply | None:
        """Answer one call; None closes the connection without an answer."""
        body = json.loads(data or b"{}")
        self.calls.append((operation, body))
        text = body.get("QueryString", "")
        trouble = self.troubles.due(operation, text, after=False)
        if trouble is None:
            reply = self._carry_out(operation, body, forward)
            trouble = self.troubles.due(operation, text, after=True)
            return None if isinstance(trouble, Drop) else reply
        return None if isinstance(trouble, Drop) else _refusal(trouble)

    def _carry_out(self, operation: str, body: Any, forward: Callable[[], Reply]) -> Reply:
        ours = self.athena.operations.get(operation)
        if ours is None:
            return forward()
        if self.asks_first and _is_denied(judged := forward()):
            return judged
        try:
            return 200, _headers(), json.dumps(ours(body)).encode()
        except Refused as refused:
            return _refusal(refused.answer)
        except TrinoFailed as failure:
            return _refusal(Answer(INTERNAL.code, str(failure), INTERNAL.status))


def _is_denied(reply: Reply) -> bool:
    status, _, data = reply
    return status == 403 or b"AccessDenied" in data


def _headers() -> dict[str, str]:
    return {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": str(uuid.uuid4())}


def _refusal(answer: Answer) -> Reply:
    body = {"__type": answer.code, "Message": answer.message, **answer.fields}
    return answer.status, _headers(), json.dumps(body).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    endpoint: ClassVar[Endpoint]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == TROUBLES:
            from_json(self.endpoint.troubles, json.loads(data))
            self._send((200, _headers(), b"{}"))
            return
        target = self.headers.get("X-Amz-Target") or ""
        if not target.startswith(TARGET):
            self._send(_refusal(_NOT_OURS))
            return
        operation = target.removeprefix(TARGET)
        self._send(self.endpoint.handle(operation, data, lambda: self._forward(data)))

    def do_GET(self) -> None:
        self._send(_refusal(_NOT_OURS))

    def _forward(self, data: bytes) -> Reply:
        """Send the call on as it was signed, and return the emulator's answer."""
        upstream = http.client.HTTPConnection("127.0.0.1", self.endpoint.emulator.port, timeout=60)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP}
        # The emulator does not know this endpoint's queries.
        headers[WORKGROUP] = self.endpoint.athena.workgroup_of(json.loads(data or b"{}"))
        try:
            upstream.request(self.command, self.path, data, headers)
            reply = upstream.getresponse()
            kept = {k: v for k, v in reply.getheaders() if k.lower() not in _HOP}
            return reply.status, kept, reply.read()
        finally:
            upstream.close()

    def _send(self, reply: Reply | None) -> None:
        if reply is None:
            self.close_connection = True
            return
        status, headers, data = reply
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: a test prints its own story."""

"""A receiver on this machine that takes messages as Slack and PagerDuty would, and keeps them.

The tour (`mantissa demo`) sends to it with the real adapters, so that what it shows is what would
have arrived. It listens on loopback only and answers POST only.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Literal

from mantissa.alerts.route import DestinationConfig

Service = Literal["slack", "pagerduty", "webhook"]
_PATHS: Mapping[str, Service] = {
    "/services/DEMO/DEMO/demo": "slack",
    "/v2/enqueue": "pagerduty",
    "/hook": "webhook",
}
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it arrived."""

    service: Service
    body: Mapping[str, Any]


class LocalReceiver:
    """Runs while its `with` block does; `received` holds what came, in order."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        handler = type("_Bound", (_Handler,), {"receiver": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    def __enter__(self) -> LocalReceiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def destinations(self) -> tuple[DestinationConfig, ...]:
        """Describe it as destinations that send to it."""
        allowed: dict[str, object] = {"allow_networks": ["127.0.0.0/8"]}
        events = {"url": f"{self.url}/v2/enqueue"}
        return (
            DestinationConfig("slack", "slack", "demo-slack", options=allowed),
            DestinationConfig(
                "pagerduty", "pagerduty", "demo-pagerduty", options={**allowed, **events}
            ),
        )

    def secrets(self) -> dict[str, str]:
        """Return the credentials that those destinations name."""
        return {
            "demo-slack": f"{self.url}/services/DEMO/DEMO/demo",
            "demo-pagerduty": "0" * 32,
        }

    def take(self, service: Service, body: Mapping[str, Any]) -> tuple[int, bytes]:
        """Keep a message and answer as its service does."""
        self.received.append(Received(service, body))
        if service == "pagerduty":
            told = {"status": "success", "message": "Event processed"}
            return 202, json.dumps(told | {"dedup_key": body.get("dedup_key", "")}).encode()
        return 200, b"ok"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a sender that hangs up is the sender's affair."""


class _Handler(BaseHTTPRequestHandler):
    receiver: ClassVar[LocalReceiver]
    timeout = 10

    def do_POST(self) -> None:
        """Take one message."""
        service = _PATHS.get(self.path)
        if service is None:
            self._reply(404, b"no_service")
            return
        try:
            body = json.loads(self.rfile.read(self._length()))
        except ValueError:
            body = None
        if isinstance(body, dict):
            self._reply(*self.receiver.take(service, body))
        else:
            self._reply(400, b"invalid_payload")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing; the tour shows what came."""

    def _length(self) -> int:
        length = self.headers.get("Content-Length", "0")
        return min(int(length), _LARGEST) if length.isdigit() else 0

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

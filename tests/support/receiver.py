"""A real HTTP server on loopback that answers as Slack, PagerDuty and a webhook document.

Written from the vendors' pages and sharing no code with the product, so that both can be wrong
only in different ways. It can be told to misbehave for the next requests.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

GIB = 1 << 30
Reply = tuple[int, Mapping[str, str], bytes]


@dataclass(frozen=True)
class Seen:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Trouble:
    """What to do instead of answering; `after_taking` does it once the message is taken."""

    kind: str
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    after_taking: bool = False


def status(code: int, body: bytes = b"", **headers: str) -> Trouble:
    return Trouble("status", code, {k.replace("_", "-"): v for k, v in headers.items()}, body)


def too_many(retry_after: str) -> Trouble:
    return status(429, b"slow down", Retry_After=retry_after)


BAD_GATEWAY = status(502, b"<html><body>Bad Gateway &lt;!channel&gt;</body></html>")
HANG = Trouble("hang")
DRIP_HEADERS = Trouble("drip_headers")
DRIP_BODY = Trouble("drip_body")
HUGE = Trouble("huge", 200)
DROP = Trouble("drop")
LOST_ANSWER = Trouble("drop", after_taking=True)


@dataclass
class Incident:
    """One PagerDuty incident; `events` are the actions that reached it."""

    routing_key: str
    dedup_key: str
    events: list[str]
    payload: Any
    status: str = "triggered"


class Receiver:
    """Slack, PagerDuty and a webhook behind one port."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.seen: list[Seen] = []
        self.troubles: deque[Trouble] = deque()
        self.always: Trouble | None = None
        self.slack_posts: list[Any] = []
        self.slack_tokens = {"xoxb-test-token"}
        self.slack_paths = {"/services/T000/B000/good"}
        self.slack_error: str | None = None
        self.routing_keys = {"R" * 32}
        self.incidents: list[Incident] = []
        self.webhook_secrets = {"hook-secret"}
        self.webhook_bodies: list[Any] = []
        self.now: Callable[[], float] = lambda: 0.0
        self.closed = threading.Event()
        self.bytes_sent = 0
        handler = type("Bound", (_Handler,), {"receiver": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "http" if tls is None else "https"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def slack_url(self) -> str:
        return self.url + "/services/T000/B000/good"

    def fail(self, *troubles: Trouble) -> None:
        self.troubles.extend(troubles)

    def trouble(self) -> Trouble | None:
        return self.troubles.popleft() if self.troubles else self.always

    def answer(self, seen: Seen) -> Reply:
        """Answer as the service whose path it is."""
        if seen.path.startswith("/services/"):
            return self._slack_webhook(seen)
        if seen.path == "/api/chat.postMessage":
            return self._slack_method(seen)
        if seen.path == "/v2/enqueue":
            return self._pagerduty(seen)
        if seen.path == "/hook":
            return self._webhook(seen)
        return 404, {}, b"not found"

    def _slack_webhook(self, seen: Seen) -> Reply:
        if seen.path not in self.slack_paths:
            return 404, {}, b"no_service"
        if self.slack_error:
            code = {"channel_is_archived": 410, "action_prohibited": 403}.get(self.slack_error, 400)
            return code, {}, self.slack_error.encode()
        if (problem := slack_problem(seen.json)) is not None:
            return 400, {}, problem.encode()
        self.slack_posts.append(seen.json)
        return 200, {"Content-Type": "text/html"}, b"ok"

    def _slack_method(self, seen: Seen) -> Reply:
        token = seen.headers.get("authorization", "").removeprefix("Bearer ")
        problem = self.slack_error or slack_problem(seen.json)
        if token not in self.slack_tokens:
            problem = "invalid_auth"
        elif not seen.json.get("channel"):
            problem = "channel_not_found"
        if problem is not None:
            return _json(200, {"ok": False, "error": problem})
        self.slack_posts.append(seen.json)
        stamp = f"1700000000.{len(self.slack_posts):06d}"
        return _json(200, {"ok": True, "ts": stamp, "channel": seen.json["channel"]})

    def _pagerduty(self, seen: Seen) -> Reply:
        errors = pagerduty_errors(seen)
        if errors:
            told = {"status": "invalid event", "message": "Event object is invalid"}
            return _json(400, {**told, "errors": errors})
        event = seen.json
        if event["routing_key"] not in self.routing_keys:
            told = {"status": "invalid event", "message": "Event object is invalid"}
            return _json(400, {**told, "errors": ["'routing_key' is invalid"]})
        self._incident(event)
        told = {"status": "success", "message": "Event processed"}
        return _json(202, {**told, "dedup_key": event["dedup_key"]})

    def _incident(self, event: Any) -> None:
        """Dedup holds against an open incident of the same key only."""
        same = (event["routing_key"], event["dedup_key"])
        held = [i for i in self.incidents if (i.routing_key, i.dedup_key) == same]
        alive = [i for i in held if i.status != "resolved"]
        action = event["event_action"]
        if alive:
            alive[0].events.append(action)
            new = {"acknowledge": "acknowledged", "resolve": "resolved"}.get(action)
            alive[0].status = new or alive[0].status
        elif action == "trigger":
            self.incidents.append(Incident(*same, [action], event["payload"]))

    def _webhook(self, seen: Seen) -> Reply:
        stamp = seen.headers.get("x-mantissa-timestamp", "")
        given = seen.headers.get("x-mantissa-signature", "")
        if not stamp.isdigit() or abs(self.now() - int(stamp)) > 300:
            return 401, {}, b"too old or too new"
        text = stamp.encode() + b"." + seen.body
        good = (
            "v1=" + hmac.new(key.encode(), text, hashlib.sha256).hexdigest()
            for key in self.webhook_secrets
        )
        if not any(hmac.compare_digest(g, given) for g in good):
            return 401, {}, b"bad signature"
        self.webhook_bodies.append(seen.json)
        return 200, {}, b"{}"


def slack_problem(payload: Any) -> str | None:
    """Check a payload against Slack's documented limits."""
    blocks = payload.get("blocks", [])
    if not payload.get("text") and not blocks:
        return "no_text"
    if len(blocks) > 50:
        return "invalid_blocks"
    return next((p for p in map(_block_problem, blocks) if p), None)


def _block_problem(block: Any) -> str | None:
    kind = block["type"]
    if kind == "header":
        return _text_problem(block["text"], 150, ("plain_text",))
    if kind == "section":
        fields = block.get("fields", [])
        if len(fields) > 10 or not (fields or block.get("text")):
            return "invalid_blocks"
        problems = [_text_problem(f, 2000) for f in fields]
        if "text" in block:
            problems.append(_text_problem(block["text"], 3000))
        return next((p for p in problems if p), None)
    if kind == "context":
        if not 1 <= len(block["elements"]) <= 10:
            return "invalid_blocks"
        return next((p for p in (_text_problem(e, 3000) for e in block["elements"]) if p), None)
    return None if kind == "divider" else "invalid_blocks"


def _text_problem(
    text: Any, most: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")
) -> str | None:
    good = text["type"] in kinds and 1 <= len(text["text"]) <= most
    return None if good else "invalid_blocks"


def pagerduty_errors(seen: Seen) -> list[str]:
    """Check an event against the documented schema of Events API v2."""
    if len(seen.body) > 512 * 1024:
        return ["the event is larger than 512 KB"]
    event, errors = seen.json, []
    if len(event.get("routing_key", "")) != 32:
        errors.append("Length of 'routing_key' is incorrect (should be 32 characters)")
    if len(event.get("dedup_key", "")) > 255:
        errors.append("'dedup_key' is too long")
    action = event.get("event_action")
    if action not in ("trigger", "acknowledge", "resolve"):
        errors.append("'event_action' is invalid")
    if action == "trigger":
        payload = event.get("payload", {})
        errors += [
            f"'payload.{k}' is missing"
            for k in ("summary", "source", "severity")
            if k not in payload
        ]
        if len(payload.get("summary", "")) > 1024:
            errors.append("'payload.summary' is too long")
        if payload.get("severity") not in ("critical", "error", "warning", "info"):
            errors.append("'payload.severity' is invalid")
    elif not event.get("dedup_key"):
        errors.append("'dedup_key' is missing")
    return errors


def _json(code: int, value: Any) -> Reply:
    return code, {"Content-Type": "application/json"}, json.dumps(value).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    receiver: ClassVar[Receiver]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.close_connection = True
        length = int(self.headers.get("Content-Length", "0"))
        headers = {k.lower(): v for k, v in self.headers.items()}
        seen = Seen(self.path, headers, self.rfile.read(length))
        self.receiver.seen.append(seen)
        trouble = self.receiver.trouble()
        if trouble is None:
            self._reply(*self.receiver.answer(seen))
            return
        if trouble.after_taking:
            self.receiver.answer(seen)
        getattr(self, f"_{trouble.kind}")(trouble)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _reply(self, code: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _status(self, trouble: Trouble) -> None:
        self._reply(trouble.status, trouble.headers, trouble.body)

    def _hang(self, trouble: Trouble) -> None:
        self.receiver.closed.wait(60)

    def _drop(self, trouble: Trouble) -> None:
        self.connection.close()

    def _drip_headers(self, trouble: Trouble) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.receiver.closed.wait(0.02):
            self.wfile.write(b"x")

    def _drip_body(self, trouble: Trouble) -> None:
        self.wfile.write(b"HTTP/1.1 500 Oops\r\nContent-Length: 1000000\r\n\r\n")
        while not self.receiver.closed.wait(0.02):
            self.wfile.write(b"x")

    def _huge(self, trouble: Trouble) -> None:
        """Offer 2 GiB; a client that reads them all is at fault."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * GIB))
        piece = b"A" * (1 << 16)
        while self.receiver.bytes_sent < 2 * GIB and not self.receiver.closed.is_set():
            self.wfile.write(piece)
            self.receiver.bytes_sent += len(piece)

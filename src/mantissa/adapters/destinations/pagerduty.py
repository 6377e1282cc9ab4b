"""PagerDuty's Events API v2: an incident that follows the alert's state.

202 means taken; 400 an event that will never be; 429 too many (about 120 a minute for one
integration key); the body is at most 512 KB (developer.pagerduty.com, Events API v2). The alert's
id is the `dedup_key`: while an incident with it is open under the same key, sending again adds
nothing, so that a repeated delivery pages nobody twice.
"""

from __future__ import annotations

from typing import Any

import orjson

from mantissa.adapters.destinations.http import Answer, Net, Request, post, refusal
from mantissa.adapters.destinations.options import Options
from mantissa.adapters.destinations.text import safe, shorten, visible
from mantissa.alerts.route import DestinationConfig
from mantissa.errors import DeliveryUnauthorised
from mantissa.model import Message, Receipt, Secret, Severity
from mantissa.ports import Clock

API = "https://events.pagerduty.com/v2/enqueue"
BODY = 512 * 1000
_SUMMARY = 1024
_DETAIL = 4000
_SEVERITY = {
    Severity.INFORMATIONAL: "info",
    Severity.LOW: "info",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "critical",
}


class PagerDuty:
    """Sends events to one integration."""

    def __init__(self, config: DestinationConfig, net: Net, clock: Clock) -> None:
        options = Options(config, ("url", "component", "group", "allow_networks"))
        self._name = config.name
        self._url = options.text("url", API)
        self._where = {
            key: value for key in ("component", "group") if (value := options.text(key, ""))
        }
        self._allowed = options.networks()
        self._net = net
        self._clock = clock

    def send(self, message: Message, secret: Secret | None) -> Receipt:
        """Send one event; a test triggers an incident of the lowest severity and resolves it."""
        key = secret.value.strip() if secret else ""
        receipt = self._event("trigger" if message.kind == "test" else message.kind, message, key)
        if message.kind == "test":
            self._event("resolve", message, key)
        return receipt

    def _event(self, action: str, message: Message, key: str) -> Receipt:
        body: dict[str, Any] = {
            "routing_key": key,
            "event_action": action,
            "dedup_key": message.dedup_key[:255],
        }
        if action == "trigger":
            body |= self._trigger(message)
        request = Request(
            name=self._name,
            url=self._url,
            body=_fitted(body),
            headers={"content-type": "application/json"},
            allowed=self._allowed,
        )
        return self._judge(post(request, self._net))

    def _trigger(self, message: Message) -> dict[str, Any]:
        payload = {
            "summary": safe(f"{message.level.upper()}: {message.title}", _SUMMARY),
            "source": safe(_origin(message), 255) or "mantissa-log",
            "severity": _SEVERITY[message.level],
            "class": safe(message.source, 255),
            "custom_details": _details(message),
            **self._where,
        }
        if message.occurred_at is not None:
            payload["timestamp"] = message.occurred_at.isoformat()
        links = [{"href": message.link, "text": "Open the alert"}] if message.link else []
        return {"payload": payload, "client": "Mantissa Log", "links": links}

    def _judge(self, answer: Answer) -> Receipt:
        told = _answer(answer)
        if answer.status == 202:
            return Receipt(202, provider_id=str(told.get("dedup_key", "")), detail=_reason(told))
        reason = _reason(told)
        if answer.status == 400 and "routing_key" in reason:
            raise DeliveryUnauthorised(f"answered 400: {reason}", where=self._name, status=400)
        raise refusal(answer, self._name, reason, self._clock.now())


def _details(message: Message) -> dict[str, Any]:
    text = {name: safe(value, _DETAIL) for name, value in message.fields}
    entities = {name: safe(value, _DETAIL) for name, value in message.entities.items()}
    return {
        "what": safe(message.text, _DETAIL, lines=True),
        "entities": entities,
        "fields": text,
        "samples": [safe(sample, _DETAIL) for sample in message.samples],
        "tags": [safe(tag, 100) for tag in message.tags[:50]],
    }


def _fitted(body: dict[str, Any]) -> bytes:
    """Leave out samples, then details, until the body is within PagerDuty's limit."""
    data = orjson.dumps(body)
    for key in ("samples", "entities"):
        if len(data) <= BODY:
            return data
        body["payload"]["custom_details"].pop(key, None)
        data = orjson.dumps(body)
    if len(data) > BODY:
        body["payload"]["custom_details"] = {"note": "the details were too large to send"}
        data = orjson.dumps(body)
    return data


def _origin(message: Message) -> str:
    wanted = ("device_host", "cloud_account", "src_ip", "actor_user")
    return next((message.entities[n] for n in wanted if message.entities.get(n)), message.source)


def _answer(answer: Answer) -> dict[str, Any]:
    try:
        value = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _reason(told: dict[str, Any]) -> str:
    errors = told.get("errors")
    parts = [told.get("message", ""), *(errors if isinstance(errors, list) else [])]
    return visible(shorten("; ".join(str(part) for part in parts if part), 300))

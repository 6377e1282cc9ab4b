"""Any HTTPS server: the message as JSON, signed so that the receiver can tell it is ours.

The signature is `v1=` and the hex HMAC-SHA256 of `<timestamp>.<body>` under the shared secret,
in `X-Mantissa-Signature`; the timestamp, seconds since 1970, is in `X-Mantissa-Timestamp`. A
receiver compares in constant time and refuses what is more than five minutes off, so that a
recorded request is worth nothing later. Delivery is at least once: `alert_id` and `kind` tell
what came before.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import msgspec
import orjson

from mantissa.adapters.destinations.http import Net, Request, post, refusal
from mantissa.adapters.destinations.options import Options
from mantissa.alerts.route import DestinationConfig
from mantissa.errors import ConfigError, DeliveryUnauthorised
from mantissa.model import Message, Receipt, Secret
from mantissa.ports import Clock

SIGNATURE = "X-Mantissa-Signature"
TIMESTAMP = "X-Mantissa-Timestamp"


class Webhook:
    """Posts signed JSON to one address."""

    def __init__(self, config: DestinationConfig, net: Net, clock: Clock) -> None:
        options = Options(config, ("url", "allow_networks"))
        self._name = config.name
        self._url = options.text("url")
        self._allowed = options.networks()
        if not self._url.startswith("https://") and not (self._allowed and self._is_http()):
            raise ConfigError(
                "must start with https://",
                where=f"destinations.{config.name}.url",
                fix="plain http is for networks named in allow_networks only",
            )
        self._net = net
        self._clock = clock

    def send(self, message: Message, secret: Secret | None) -> Receipt:
        """Post one message; any 2xx means taken."""
        if secret is None or not secret.value:
            raise DeliveryUnauthorised("a webhook needs a secret to sign with", where=self._name)
        body = orjson.dumps(_body(message))
        stamp = str(int(self._clock.now().timestamp()))
        headers = {
            "content-type": "application/json",
            TIMESTAMP: stamp,
            SIGNATURE: sign(secret.value, stamp, body),
        }
        answer = post(Request(self._name, self._url, body, headers, self._allowed), self._net)
        if not 200 <= answer.status < 300:
            raise refusal(answer, self._name, "", self._clock.now())
        return Receipt(answer.status, detail="taken")

    def _is_http(self) -> bool:
        return self._url.startswith("http://")


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Sign a body for a moment; receivers do the same and compare."""
    text = timestamp.encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def _body(message: Message) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.to_builtins(message)
    value["alert_id"] = value.pop("dedup_key")
    value["fields"] = [{"name": name, "value": text} for name, text in message.fields]
    return {"version": 1, **value}

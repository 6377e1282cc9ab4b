"""Slack, by incoming webhook or by bot token; the secret itself says which.

A webhook answers `ok` or an HTTP error with a word; `chat.postMessage` answers 200 with
`"ok": false` and a word for almost everything that goes wrong (docs.slack.dev, chat.postMessage).
Slack has no idempotency key: a message whose answer got lost may appear twice, so its footer
holds the alert's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from mantissa.adapters.destinations.http import Answer, Net, Request, post, refusal
from mantissa.adapters.destinations.options import Options
from mantissa.adapters.destinations.slack_blocks import payload
from mantissa.alerts.route import DestinationConfig
from mantissa.errors import DeliveryPermanent, DeliveryTransient, DeliveryUnauthorised
from mantissa.model import Message, Receipt, Secret
from mantissa.ports import Clock

API = "https://slack.com/api"
_CREDENTIALS = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "token_revoked",
        "token_expired",
        "account_inactive",
        "missing_scope",
        "ekm_access_denied",
    }
)
_LATER = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
    }
)
_REVOKED = frozenset({"no_service", "no_active_hooks", "invalid_token", "no_team"})
"""What a webhook answers when its address, which is its secret, was replaced."""
_TOKENS = ("xoxb-", "xoxp-", "xoxe.")


class Slack:
    """Posts Block Kit messages to one channel."""

    def __init__(self, config: DestinationConfig, net: Net, clock: Clock) -> None:
        options = Options(config, ("channel", "url", "allow_networks"))
        self._name = config.name
        self._channel = options.text("channel", "")
        self._api = options.text("url", API).rstrip("/")
        self._allowed = options.networks()
        self._net = net
        self._clock = clock

    def send(self, message: Message, secret: Secret | None) -> Receipt:
        """Post one message."""
        value = secret.value.strip() if secret else ""
        if value.startswith(_TOKENS):
            return self._by_token(message, value)
        if value.startswith(("https://", "http://")):
            return self._by_webhook(message, value)
        raise DeliveryUnauthorised(
            "its secret is neither a webhook address nor a bot token",
            where=self._name,
            fix="store https://hooks.slack.com/… or xoxb-…",
        )

    def _by_webhook(self, message: Message, url: str) -> Receipt:
        answer = self._post(url, payload(message), {})
        text = answer.body.decode("utf-8", "replace").strip()
        if text in _REVOKED:
            told = f"answered {answer.status}: {text}"
            raise DeliveryUnauthorised(told, where=self._name, status=answer.status)
        if answer.status != 200:
            raise refusal(answer, self._name, _word(text), self._clock.now())
        if text.lower() != "ok" and _json(answer).get("ok") is not True:
            raise DeliveryTransient(
                "answered 200, but not as Slack does", where=self._name, status=200
            )
        return Receipt(200, detail="ok")

    def _by_token(self, message: Message, token: str) -> Receipt:
        if not self._channel:
            raise DeliveryPermanent(
                "a bot token needs a channel",
                where=self._name,
                fix=f"set destinations.{self._name}.channel",
            )
        body = {**payload(message), "channel": self._channel, "parse": "none"}
        headers = {"authorization": f"Bearer {token}"}
        answer = self._post(f"{self._api}/chat.postMessage", body, headers)
        if answer.status != 200:
            raise refusal(answer, self._name, "", self._clock.now())
        return self._judge(_json(answer))

    def _judge(self, answer: Mapping[str, Any]) -> Receipt:
        if answer.get("ok") is True:
            return Receipt(200, provider_id=str(answer.get("ts", "")), detail="ok")
        word = _word(str(answer.get("error", "no reason")))
        told = f"Slack refused it: {word}"
        if word in _CREDENTIALS:
            raise DeliveryUnauthorised(told, where=self._name, status=200)
        if word in _LATER or "error" not in answer:
            raise DeliveryTransient(told, where=self._name, status=200)
        raise DeliveryPermanent(
            told, where=self._name, status=200, fix=f"mantissa alerts test {self._name}"
        )

    def _post(self, url: str, body: object, headers: Mapping[str, str]) -> Answer:
        sent = {"content-type": "application/json; charset=utf-8", **headers}
        request = Request(self._name, url, orjson.dumps(body), sent, self._allowed)
        return post(request, self._net)


def _word(text: str) -> str:
    """Keep what is one of Slack's words; a page of HTML from a proxy tells nothing."""
    return text if text.isascii() and text.replace("_", "").isalnum() and len(text) < 60 else ""


def _json(answer: Answer) -> Mapping[str, Any]:
    try:
        value = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}

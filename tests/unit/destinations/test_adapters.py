"""What is particular to each destination."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mantissa.adapters.destinations.http import Net, Request, post
from mantissa.adapters.destinations.registry import REGISTRY, followers, targets
from mantissa.adapters.memory import ManualClock
from mantissa.alerts.route import DestinationConfig
from mantissa.errors import ConfigError, DeliveryPermanent, DeliveryTransient, DeliveryUnauthorised
from mantissa.model import Secret, Severity
from support.destinations import LOOPBACK_NETWORKS as LOOPBACK
from support.destinations import PATIENT, config_of, message, secret_of, target_of
from support.findings import NOW
from support.receiver import Receiver


@pytest.fixture
def server() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.mark.parametrize(
    ("word", "error", "unauthorised"),
    [
        ("ratelimited", DeliveryTransient, False),
        ("internal_error", DeliveryTransient, False),
        ("token_revoked", DeliveryTransient, True),
        ("account_inactive", DeliveryTransient, True),
        ("channel_not_found", DeliveryPermanent, False),
        ("msg_too_long", DeliveryPermanent, False),
        ("<b>html</b>", DeliveryPermanent, False),
    ],
)
def test_slack_says_no_with_200(
    server: Receiver, word: str, error: type[Exception], unauthorised: bool
) -> None:
    server.slack_error = word
    with pytest.raises(error) as caught:
        target_of("slack-token", server).adapter.send(message(), Secret("xoxb-test-token"))
    assert isinstance(caught.value, DeliveryUnauthorised) is unauthorised
    assert "<" not in str(caught.value)


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("invalid_payload", DeliveryPermanent),
        ("channel_is_archived", DeliveryPermanent),
        ("action_prohibited", DeliveryTransient),
    ],
)
def test_slacks_webhook_says_no_with_a_word(
    server: Receiver, word: str, error: type[Exception]
) -> None:
    server.slack_error = word
    with pytest.raises(error, match=word):
        target_of("slack-webhook", server).adapter.send(
            message(), secret_of("slack-webhook", server)
        )


def test_a_bot_token_needs_a_channel(server: Receiver) -> None:
    config = DestinationConfig("soc", "slack", "s")
    slack = targets([config], ManualClock(NOW))["soc"].adapter
    with pytest.raises(DeliveryPermanent, match="channel") as caught:
        slack.send(message(), Secret("xoxb-test-token"))
    assert caught.value.fix == "set destinations.soc.channel"


def test_slacks_receipt_names_the_message(server: Receiver) -> None:
    target = target_of("slack-token", server)
    assert target.adapter.send(message(), Secret("xoxb-test-token")).provider_id.startswith("17000")
    assert server.slack_posts[0]["channel"] == "C0123"
    assert server.seen[0].headers["authorization"] == "Bearer xoxb-test-token"


def test_an_incident_follows_the_alert(server: Receiver) -> None:
    send, key = target_of("pagerduty", server).adapter.send, Secret("R" * 32)
    for kind in ("trigger", "trigger", "acknowledge", "resolve"):
        send(message(kind=kind), key)
    (incident,) = server.incidents
    assert incident.events == ["trigger", "trigger", "acknowledge", "resolve"]
    assert incident.status == "resolved"
    send(message(), key)
    assert len(server.incidents) == 2, "after a resolve the same key opens a new incident"


@pytest.mark.parametrize(
    ("level", "severity"),
    list(zip(Severity, ["info", "info", "warning", "error", "critical"], strict=True)),
)
def test_severities(server: Receiver, level: Severity, severity: str) -> None:
    target_of("pagerduty", server).adapter.send(message(level=level), Secret("R" * 32))
    payload = server.incidents[0].payload
    assert payload["severity"] == severity
    assert payload["summary"] == f"{level.upper()}: Console login without MFA"
    assert payload["source"] == "203.0.113.7"
    assert payload["timestamp"] == "2026-03-04T12:30:00+00:00"
    assert payload["custom_details"]["fields"]["eventname"] == "ConsoleLogin"


def test_a_test_leaves_no_incident_open(server: Receiver) -> None:
    target_of("pagerduty", server).adapter.send(message(kind="test"), Secret("R" * 32))
    assert [i.status for i in server.incidents] == ["resolved"]


def test_details_too_large_are_left_out_and_the_page_still_goes(server: Receiver) -> None:
    fields = tuple((f"f{n}", "v" * 4000) for n in range(200))
    target_of("pagerduty", server).adapter.send(message(fields=fields), Secret("R" * 32))
    assert "note" in server.incidents[0].payload["custom_details"]


def test_log_text_cannot_link_or_hide_in_pagerduty(server: Receiver) -> None:
    hostile = message(title="\u202ehttp://evil.example", entities={"device_host": "\x1b[2J"})
    target_of("pagerduty", server).adapter.send(hostile, Secret("R" * 32))
    payload = server.incidents[0].payload
    assert payload["summary"] == "HIGH: \\u202ehxxp://evil[.]example"
    assert payload["source"] == "␛[2J"


def test_a_wrong_signature_and_an_old_one_are_told_apart_from_a_good_one(server: Receiver) -> None:
    target = target_of("webhook", server)
    target.adapter.send(message(), Secret("hook-secret"))
    (body,) = server.webhook_bodies
    assert body["version"] == 1
    assert body["alert_id"] == "a" * 64
    assert body["entities"] == {"actor_user": "mira", "src_ip": "203.0.113.7"}
    assert body["fields"][0] == {"name": "eventname", "value": "ConsoleLogin"}
    with pytest.raises(DeliveryTransient) as caught:
        target.adapter.send(message(), Secret("other"))
    assert isinstance(caught.value, DeliveryUnauthorised)
    server.now = lambda: NOW.timestamp() + 301
    with pytest.raises(DeliveryTransient):
        target.adapter.send(message(), Secret("hook-secret"))


def test_the_registry_says_who_follows() -> None:
    with Receiver() as server:
        configs = [config_of(kind, server) for kind in ("slack-webhook", "pagerduty", "webhook")]
    assert followers(configs) == {"pagerduty", "webhook"}
    made = targets(configs, ManualClock(NOW))
    assert {name: target.follows for name, target in made.items()} == {
        "slack-webhook": False,
        "pagerduty": True,
        "webhook": True,
    }
    assert set(REGISTRY) == {"slack", "pagerduty", "webhook"}


@pytest.mark.parametrize(
    ("type_", "options", "key"),
    [
        ("slak", {}, "type"),
        ("slack", {"chanel": "x"}, "chanel"),
        ("slack", {"channel": 7}, "channel"),
        ("slack", {"allow_networks": "10.0.0.0/8"}, "allow_networks"),
        ("slack", {"allow_networks": ["10.0.0.1/8"]}, "allow_networks"),
        ("webhook", {}, "url"),
        ("webhook", {"url": "http://example.test"}, "url"),
        ("webhook", {"url": "ftp://example.test", "allow_networks": ["127.0.0.0/8"]}, "url"),
        ("pagerduty", {"urll": "x"}, "urll"),
    ],
)
def test_a_wrong_option_names_its_key(type_: str, options: dict[str, Any], key: str) -> None:
    config = DestinationConfig("soc", type_, "s", options=options)
    with pytest.raises(ConfigError) as caught:
        targets([config], ManualClock(NOW))
    assert caught.value.where == f"destinations.soc.{key}"
    assert caught.value.fix


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for alerts.example, signed by itself."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=alerts.example"
    names = ["-addext", "subjectAltName=DNS:alerts.example", "-keyout", str(path), "-out", "-"]
    made = subprocess.run([*command.split(), *names], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + made.stdout)
    return path


def _over_tls(certificate: Path, host: str, *, trusted: bool) -> int:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    trust = ssl.create_default_context(cafile=str(certificate)) if trusted else None
    with Receiver(context) as server:
        net = Net(resolver=lambda h, p: ["127.0.0.1"], context=trust)
        url = f"https://{host}:{server.port}/hook"
        return post(Request("d", url, b"{}", allowed=LOOPBACK), net).status


def test_a_certificate_is_checked_for_the_name_though_the_address_is_pinned(
    certificate: Path,
) -> None:
    assert _over_tls(certificate, "alerts.example", trusted=True) == 401


@pytest.mark.parametrize(("host", "trusted"), [("alerts.example", False), ("other.example", True)])
def test_a_wrong_certificate_is_refused(certificate: Path, host: str, trusted: bool) -> None:
    with pytest.raises(DeliveryTransient, match=r"(?i)certificate"):
        _over_tls(certificate, host, trusted=trusted)


def test_no_tls_at_the_other_end(server: Receiver) -> None:
    url = f"https://127.0.0.1:{server.port}/hook"
    with pytest.raises(DeliveryTransient):
        post(Request("d", url, b"{}", allowed=LOOPBACK), PATIENT)


def test_the_environments_proxy_is_not_used(
    server: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    request = Request("d", f"{server.url}/hook", b"{}", allowed=LOOPBACK)
    assert post(request, replace(PATIENT)).status == 401

"""Destinations of every kind, connected to a local receiver."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from mantissa.adapters.destinations.http import Net
from mantissa.adapters.destinations.registry import targets
from mantissa.adapters.memory import ManualClock
from mantissa.alerts.deliver import Target
from mantissa.alerts.route import DestinationConfig
from mantissa.model import Message, Secret, Severity
from support.findings import NOW
from support.receiver import Receiver

LOOPBACK = ["127.0.0.0/8"]
LOOPBACK_NETWORKS = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
QUICK = Net(connect=2.0, read=0.3, total=0.6)
"""Long enough for a local answer, short enough for a test that waits for none."""
PATIENT = Net()

SECRETS: Mapping[str, Callable[[Receiver], str]] = {
    "slack-webhook": lambda r: r.slack_url,
    "slack-token": lambda r: "xoxb-test-token",
    "pagerduty": lambda r: "R" * 32,
    "webhook": lambda r: "hook-secret",
}


def config_of(kind: str, receiver: Receiver, name: str = "") -> DestinationConfig:
    options: dict[str, dict[str, Any]] = {
        "slack-webhook": {},
        "slack-token": {"url": f"{receiver.url}/api", "channel": "C0123"},
        "pagerduty": {"url": f"{receiver.url}/v2/enqueue"},
        "webhook": {"url": f"{receiver.url}/hook"},
    }
    own = {**options[kind], "allow_networks": LOOPBACK}
    name = name or kind
    return DestinationConfig(name, kind.split("-")[0], f"{name}-secret", options=own)


def target_of(kind: str, receiver: Receiver, net: Net = PATIENT) -> Target:
    receiver.now = NOW.timestamp
    config = config_of(kind, receiver)
    return targets([config], ManualClock(NOW), net)[config.name]


def secret_of(kind: str, receiver: Receiver) -> Secret:
    return Secret(SECRETS[kind](receiver))


def message(**changes: Any) -> Message:
    base = Message(
        kind="trigger",
        dedup_key="a" * 64,
        title="Console login without MFA",
        level=Severity.HIGH,
        text="A person signed in.\n1 finding in aws_cloudtrail.",
        fields=(("eventname", "ConsoleLogin"), ("Query", "SELECT " + "x, " * 100 + "y")),
        samples=("2026-03-04T12:00:00Z eventname=ConsoleLogin",),
        source="aws_cloudtrail",
        entities={"actor_user": "mira", "src_ip": "203.0.113.7"},
        tags=("attack.t1078",),
        link="https://log.example/alerts/aaa",
        occurred_at=NOW,
    )
    return replace(base, **changes)

"""What the tour shows of a Slack message, and the receiver it comes from."""

from __future__ import annotations

import re
import unicodedata

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.adapters.destinations.http import Net
from mantissa.adapters.destinations.registry import targets
from mantissa.adapters.destinations.slack_blocks import payload
from mantissa.adapters.memory import ManualClock
from mantissa.entrypoints.cli.receiver import LocalReceiver
from mantissa.entrypoints.cli.slack_view import slack_text
from mantissa.model import Secret
from support.destinations import message
from support.findings import NOW


def test_a_person_can_read_it() -> None:
    shown = slack_text(payload(message()), width=80)
    assert "HIGH · Console login without MFA" in shown
    assert "A person signed in." in shown
    assert re.search(r"actor_user +src_ip +eventname", shown)
    assert re.search(r"mira +203\.0\.113\.7 +ConsoleLogin", shown)
    assert "Sample 1" in shown
    assert "`" not in shown
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_escapes_are_read_back_and_markup_of_the_terminal_is_text() -> None:
    shown = slack_text(payload(message(title="[red]<!channel> & co[/red]")), width=100)
    assert "[red]<!channel> & co[/red]" in shown


@given(st.text())
def test_nothing_in_a_log_steers_the_terminal(text: str) -> None:
    hostile = {"type": "section", "text": {"type": "mrkdwn", "text": f"*{text}*\n`{text}`"}}
    for made in (payload(message(title=text, samples=(text,))), {"blocks": [hostile]}):
        shown = slack_text(made).replace("\n", "")
        assert {unicodedata.category(c) for c in shown}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})


def test_an_unknown_block_is_named() -> None:
    assert "[video block]" in slack_text({"blocks": [{"type": "video"}, {"type": "divider"}]})


def test_the_receiver_takes_what_the_real_adapters_send() -> None:
    with LocalReceiver() as receiver:
        for config in receiver.destinations():
            target = targets([config], ManualClock(NOW), Net())[config.name]
            secret = Secret(receiver.secrets()[config.secret])
            assert target.adapter.send(message(), secret).status in (200, 202)
    assert [r.service for r in receiver.received] == ["slack", "pagerduty"]
    assert "Console login" in slack_text(receiver.received[0].body)
    assert receiver.received[1].body["dedup_key"] == "a" * 64


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/other", b"{}", 404),
        ("/hook", b"no json", 400),
        ("/hook", b"[]", 400),
        ("/hook", b"{}", 200),
    ],
)
def test_the_receiver_answers_anything(path: str, body: bytes, status: int) -> None:
    with LocalReceiver() as receiver, httpx.Client(trust_env=False) as client:
        assert client.post(receiver.url + path, content=body).status_code == status
        assert client.get(receiver.url + path).status_code == 501

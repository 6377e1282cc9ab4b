"""Which destinations hear of an alert, and what a wrong setting says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

import pytest

from mantissa.alerts.route import Hours, Route, destinations_for
from mantissa.alerts.route_config import alert_settings
from mantissa.errors import ConfigError
from mantissa.model import Alert, Severity, Verdict
from support.findings import NOW, finding, opened, settings

HIGH: Alert = opened(settings())[2]


@pytest.mark.parametrize(
    ("route", "goes"),
    [
        (Route(("soc",)), True),
        (Route(("soc",), min_level=Severity.HIGH), True),
        (Route(("soc",), min_level=Severity.CRITICAL), False),
        (Route(("soc",), tags=frozenset({"attack.t1078.004", "x"})), True),
        (Route(("soc",), tags=frozenset({"attack.t1110"})), False),
        (Route(("soc",), sources=frozenset({"aws_cloudtrail"})), True),
        (Route(("soc",), sources=frozenset({"okta"})), False),
        (Route(("soc",), rules=frozenset({HIGH.rule.id})), True),
        (Route(("soc",), rules=frozenset({"other"})), False),
        (Route(("soc",), hours=Hours(time(8), time(18))), True),
        (Route(("soc",), hours=Hours(time(18), time(8))), False),
    ],
)
def test_a_routes_conditions_all_hold(route: Route, goes: bool) -> None:
    assert bool(destinations_for(HIGH, settings("soc", routes=(route,)), NOW)) is goes


@pytest.mark.parametrize(
    ("hour", "inside"), [(21, False), (22, True), (0, True), (5, True), (6, False)]
)
def test_hours_may_pass_midnight(hour: int, inside: bool) -> None:
    moment = datetime(2026, 3, 4, hour, tzinfo=UTC)
    assert Hours(time(22), time(6)).contain(moment) is inside


def test_all_matching_routes_add_up() -> None:
    routes = (Route(("b", "a")), Route(("c", "a")), Route(("d",), rules=frozenset({"no"})))
    assert destinations_for(HIGH, settings(routes=routes), NOW) == ("a", "b", "c")


def test_without_routes_everyone_hears_of_medium_and_above() -> None:
    chosen = settings("b", "a")
    assert destinations_for(HIGH, chosen, NOW) == ("a", "b")
    assert destinations_for(replace(HIGH, level=Severity.MEDIUM), chosen, NOW) == ("a", "b")
    assert destinations_for(replace(HIGH, level=Severity.LOW), chosen, NOW) == ()


def test_an_alert_without_a_destination_is_kept() -> None:
    state, _, alert = opened(settings("soc"), finding(level=Severity.LOW))
    assert alert.level is Severity.LOW
    assert list(state.query("outbox")) == []


GOOD: dict[str, Any] = {
    "alerts": {"window_minutes": 30, "reopen": ["benign"], "link": "https://log.example/"},
    "destinations": {
        "soc": {"type": "slack", "secret": "slack-webhook", "mask": ["actor_user"], "channel": "x"}
    },
    "routes": [
        {
            "destinations": ["soc"],
            "min_level": "high",
            "tags": ["a"],
            "sources": ["s"],
            "rules": ["r"],
            "hours": "22:00-06:30",
        }
    ],
}


def test_settings_are_read() -> None:
    chosen = alert_settings(GOOD)
    assert chosen.window.total_seconds() == 1800
    assert chosen.reopen == {Verdict.BENIGN}
    assert chosen.link == "https://log.example"
    assert chosen.destinations[0].redaction.mask == ("actor_user",)
    assert chosen.destinations[0].options == {"channel": "x"}
    assert chosen.routes[0].hours == Hours(time(22), time(6, 30))
    assert alert_settings({}).routes == ()


@pytest.mark.parametrize(
    ("key", "document"),
    [
        ("alerts.windw", {"alerts": {"windw": 1}}),
        ("alerts.window_minutes", {"alerts": {"window_minutes": 0}}),
        ("alerts.window_minutes", {"alerts": {"window_minutes": True}}),
        ("alerts.reopen", {"alerts": {"reopen": ["maybe"]}}),
        ("alerts.link", {"alerts": {"link": "javascript:alert(1)"}}),
        ("alerts.tenant", {"alerts": {"tenant": ""}}),
        ("destinations", {"destinations": []}),
        ("destinations.A/b", {"destinations": {"A/b": {"type": "slack", "secret": "s"}}}),
        ("destinations.soc.secret", {"destinations": {"soc": {"type": "slack"}}}),
        ("destinations.soc.type", {"destinations": {"soc": {"secret": "slack"}}}),
        (
            "destinations.soc.drop",
            GOOD | {"destinations": {"soc": {"type": "s", "secret": "s", "drop": "x"}}},
        ),
        ("routes", {"routes": "x"}),
        ("routes[0]", {"routes": ["x"]}),
        ("routes[0].destinations", {"routes": [{}]}),
        ("routes[0].destinations", GOOD | {"routes": [{"destinations": ["sock"]}]}),
        ("routes[0].min_level", GOOD | {"routes": [{"destinations": ["soc"], "min_level": "hi"}]}),
        ("routes[0].hours", GOOD | {"routes": [{"destinations": ["soc"], "hours": "8-25"}]}),
        ("routes[0].hours", GOOD | {"routes": [{"destinations": ["soc"], "hours": "24:00-08:00"}]}),
        ("routes[1].levels", GOOD | {"routes": [{"destinations": ["soc"]}, {"levels": 1}]}),
    ],
)
def test_a_wrong_setting_names_its_key(key: str, document: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        alert_settings(document)
    assert caught.value.where == key
    assert caught.value.fix


def test_a_near_miss_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        alert_settings(GOOD | {"routes": [{"destinations": ["sok"]}]})
    assert caught.value.fix == "did you mean 'soc'?"

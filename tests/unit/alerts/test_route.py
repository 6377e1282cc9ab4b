"""Which destinations hear of an alert, and what a wrong setting says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time

import pytest

from mantissa.alerts.route import Hours, Route, destinations_for
from mantissa.alerts.route_config import alert_settings
from mantissa.config.settings import AlertSettings as Section
from mantissa.config.settings import DestinationSettings, RouteSettings
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


SOC = DestinationSettings(
    "soc",
    "slack",
    "slack-webhook",
    url="https://x.example",
    mask=("actor_user",),
    options={"channel": "x"},
)
ALL = RouteSettings(
    ("soc",), min_level="high", tags=("a",), sources=("s",), rules=("r",), hours="22:00-06:30"
)


def test_settings_are_read() -> None:
    alerts = Section(window=1800.0, reopen=("benign",), link="https://log.example/", tenant="t")
    chosen = alert_settings(alerts, [SOC], [ALL])
    assert (chosen.window.total_seconds(), chosen.tenant) == (1800, "t")
    assert chosen.reopen == {Verdict.BENIGN}
    assert chosen.link == "https://log.example"
    assert chosen.destinations[0].redaction.mask == ("actor_user",)
    assert chosen.destinations[0].options == {"channel": "x", "url": "https://x.example"}
    assert chosen.routes[0] == Route(
        ("soc",),
        Severity.HIGH,
        frozenset("a"),
        frozenset("s"),
        frozenset("r"),
        Hours(time(22), time(6, 30)),
    )


def test_the_defaults_are_the_same_on_both_sides() -> None:
    assert alert_settings(Section()) == settings()


@pytest.mark.parametrize(
    ("key", "alerts", "destinations", "routes"),
    [
        ("alerts.window", Section(window=0), [], []),
        ("alerts.reopen", Section(reopen=("maybe",)), [], []),
        ("alerts.link", Section(link="javascript:alert(1)"), [], []),
        ("destinations", Section(), [SOC, SOC], []),
        ("destinations[1].name", Section(), [SOC, replace(SOC, name="A/b")], []),
        ("routes[0].destinations", Section(), [SOC], [replace(ALL, destinations=())]),
        ("routes[0].destinations", Section(), [SOC], [replace(ALL, destinations=("sock",))]),
        ("routes[1].min_level", Section(), [SOC], [ALL, replace(ALL, min_level="hi")]),
        ("routes[0].hours", Section(), [SOC], [replace(ALL, hours="8-25")]),
        ("routes[0].hours", Section(), [SOC], [replace(ALL, hours="24:00-08:00")]),
    ],
)
def test_a_wrong_setting_names_its_key(
    key: str,
    alerts: Section,
    destinations: list[DestinationSettings],
    routes: list[RouteSettings],
) -> None:
    with pytest.raises(ConfigError) as caught:
        alert_settings(alerts, destinations, routes)
    assert caught.value.where == key
    assert caught.value.fix


def test_a_near_miss_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        alert_settings(Section(), [SOC], [replace(ALL, destinations=("sok",))])
    assert caught.value.fix == "did you mean 'soc'?"

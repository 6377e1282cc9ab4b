"""What people do with alerts, and finding alerts again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mantissa.adapters.memory import MemoryState
from mantissa.alerts.listing import AlertFilter, find, list_alerts, stats
from mantissa.alerts.outbox import all_rows, live_rows
from mantissa.alerts.record import alert_from, alert_json, alert_value
from mantissa.alerts.triage import NOTE, Triage
from mantissa.errors import ConfigError, StoreError
from mantissa.model import AlertStatus, Severity, Verdict
from mantissa.ports import Item, Put, Write
from support.findings import NOW, RULE, commit, finding, only_alert, opened, settings

BOTH = settings("pager", "soc")


def desk(followers: Sequence[str] = ("pager",)) -> tuple[Triage, MemoryState, str]:
    state, clock, alert = opened(BOTH)
    return Triage(state, clock, BOTH, followers), state, alert.id


def owed(state: MemoryState) -> list[tuple[str, str, int]]:
    return [(h.row.destination, h.row.kind, h.row.sequence) for h in live_rows(state)]


def test_acknowledging_tells_those_that_follow() -> None:
    triage, state, key = desk()
    alert = triage.acknowledge(key, "mira")
    assert alert.status is AlertStatus.ACKNOWLEDGED
    assert owed(state) == [
        ("pager", "trigger", 1),
        ("pager", "acknowledge", 2),
        ("soc", "trigger", 1),
    ]
    assert triage.acknowledge(key, "noah") == alert
    assert len(only_alert(state).history) == 2


def test_closing_keeps_verdict_note_and_history() -> None:
    triage, state, key = desk()
    triage.close(key, Verdict.FALSE_POSITIVE, "mira", "a drill")
    alert = only_alert(state)
    assert (alert.status, alert.verdict, alert.note) == (
        AlertStatus.CLOSED,
        Verdict.FALSE_POSITIVE,
        "a drill",
    )
    assert alert.history[-1] == {
        "at": NOW.isoformat(),
        "actor": "mira",
        "action": "closed",
        "verdict": "false_positive",
        "note": "a drill",
    }
    assert ("pager", "resolve", 2) in owed(state)


def test_a_second_verdict_replaces_the_first_and_tells_nobody() -> None:
    triage, state, key = desk()
    triage.close(key, Verdict.FALSE_POSITIVE, "mira", "a drill")
    before = owed(state)
    alert = triage.close(key, Verdict.TRUE_POSITIVE, "noah")
    assert (alert.verdict, alert.note) == (Verdict.TRUE_POSITIVE, "a drill")
    assert owed(state) == before


def test_only_destinations_that_were_told_hear_of_the_end() -> None:
    state, clock, alert = opened(settings("soc"))
    Triage(state, clock, BOTH, ("pager",)).close(alert.id, Verdict.BENIGN, "mira")
    assert owed(state) == [("soc", "trigger", 1)]


def test_reopening_tells_everyone_anew() -> None:
    triage, state, key = desk()
    triage.close(key, Verdict.BENIGN, "mira")
    alert = triage.reopen(key, "noah")
    assert (alert.status, alert.verdict) == (AlertStatus.OPEN, None)
    assert ("soc", "trigger", 3) in owed(state)
    assert ("pager", "trigger", 3) in owed(state)


def test_a_closed_alert_is_not_acknowledged() -> None:
    triage, _, key = desk()
    triage.close(key, Verdict.BENIGN, "mira")
    with pytest.raises(ConfigError, match="closed") as caught:
        triage.acknowledge(key, "mira")
    assert caught.value.where == key


def test_assigning_and_commenting_leave_a_trace() -> None:
    triage, state, key = desk()
    triage.assign(key, "noah", "mira")
    triage.comment(key, "  looked at it  ", "noah")
    alert = only_alert(state)
    assert alert.assignee == "noah"
    assert [(h["actor"], h["action"]) for h in alert.history[1:]] == [
        ("mira", "assigned"),
        ("noah", "commented"),
    ]
    assert alert.history[-1]["text"] == "looked at it"
    assert triage.assign(key, "", "mira").assignee == ""


def test_a_comment_says_something_and_is_bounded() -> None:
    triage, _, key = desk()
    with pytest.raises(ConfigError):
        triage.comment(key, " ", "mira")
    assert len(triage.comment(key, "x" * 9999, "mira").history[-1]["text"]) == NOTE


class Interrupted(MemoryState):
    """Lets another writer in before the first transaction."""

    def __init__(self) -> None:
        super().__init__()
        self.once = False

    def transact(self, writes: Sequence[Write]) -> None:
        if self.once:
            self.once = False
            commit(self, [finding(9)], BOTH)
        super().transact(writes)


def test_a_run_at_the_same_time_loses_nothing() -> None:
    state = Interrupted()
    commit(state, [finding(0)], BOTH)
    _, clock, _ = opened(BOTH)
    state.once = True
    Triage(state, clock, BOTH, ()).acknowledge(only_alert(state).id, "mira")
    alert = only_alert(state)
    assert (alert.count, alert.status) == (2, AlertStatus.ACKNOWLEDGED)


def test_an_alert_is_found_by_the_beginning_of_its_id() -> None:
    _, state, key = desk()
    assert find(state, key[:8]).id == key
    for wrong in (key[:3], "0" * 64, "zzzzzzzz"):
        with pytest.raises(ConfigError):
            find(state, wrong)


def test_an_ambiguous_beginning_is_refused() -> None:
    _, state, key = desk()
    twin = replace(only_alert(state), id=key[:10] + "0" * 54)
    state.put(Put("alerts", twin.id, alert_value(twin), None))
    with pytest.raises(ConfigError, match="more than one"):
        find(state, key[:10])


FILTERS: list[tuple[AlertFilter, int]] = [
    (AlertFilter(), 3),
    (AlertFilter(status=AlertStatus.CLOSED), 1),
    (AlertFilter(min_level=Severity.CRITICAL), 1),
    (AlertFilter(rule=RULE.id), 3),
    (AlertFilter(rule="x"), 0),
    (AlertFilter(source="okta"), 1),
    (AlertFilter(entity="NOA"), 1),
    (AlertFilter(assignee="mira"), 1),
    (AlertFilter(verdict=Verdict.BENIGN), 1),
    (AlertFilter(since=finding(2).event_time), 1),
    (AlertFilter(until=finding(2).event_time), 2),
]


def three() -> MemoryState:
    state = MemoryState()
    found = [
        finding(0, entities={"actor_user": "mira"}),
        finding(1, entities={"actor_user": "noah"}, source="okta"),
        finding(2, entities={"actor_user": "lena"}, level=Severity.CRITICAL),
    ]
    commit(state, found, BOTH)
    _, clock, _ = opened(BOTH)
    triage = Triage(state, clock, BOTH, ())
    keys = {a.entities["actor_user"][0]: a.id for a in list_alerts(state, AlertFilter())}
    triage.close(keys["mira"], Verdict.BENIGN, "mira")
    triage.assign(keys["noah"], "mira", "mira")
    return state


@pytest.mark.parametrize(("wanted", "many"), FILTERS)
def test_filters(wanted: AlertFilter, many: int) -> None:
    assert len(list_alerts(three(), wanted)) == many


def test_the_latest_comes_first_and_no_more_than_asked() -> None:
    listed = list_alerts(three(), AlertFilter(), limit=2)
    assert [a.entities["actor_user"][0] for a in listed] == ["lena", "noah"]


def test_numbers() -> None:
    told = stats(three())
    assert told["by_status"] == {"open": 2, "acknowledged": 0, "closed": 1}
    assert told["by_level"]["critical"] == 1
    assert told["by_rule"][RULE.id] == {
        "alerts": 3,
        "true_positive": 0,
        "false_positive": 0,
        "benign": 1,
        "precision": 0.0,
    }
    assert told["deliveries"]["soc"]["pending"] == 3


def test_the_json_has_what_the_command_line_promises() -> None:
    state, _, alert = opened(BOTH)
    value = alert_json(alert, all_rows(state, alert.id))
    promised = [
        "id",
        "title",
        "level",
        "status",
        "rule",
        "entities",
        "first_event",
        "last_event",
        "count",
        "deliveries",
    ]
    assert [k for k in promised if k not in value] == []
    assert (
        value["deliveries"][0] | {"destination": "pager", "state": "pending", "attempts": 0}
        == (value["deliveries"][0])
    )
    assert value["first_event"] == "2026-03-04T12:00:00Z"


def test_a_record_survives_the_store_and_a_newer_version() -> None:
    _, _, alert = opened(BOTH)
    kept = alert_value(alert) | {"added_later": 1}
    assert alert_value(alert_from(kept)) == alert_value(alert)


@pytest.mark.parametrize("value", [{}, {"id": 1}, {"id": "x", "level": "loud"}])
def test_a_broken_record_names_its_place(value: dict[str, Any]) -> None:
    item = Item("alerts", "k", value, 1)
    with pytest.raises(StoreError) as caught:
        alert_from(item.value)
    assert caught.value.where is not None and caught.value.where.startswith("alerts/")


def test_filters_take_ranges_of_time() -> None:
    wanted = AlertFilter(since=NOW + timedelta(days=1))
    assert list_alerts(three(), wanted) == []

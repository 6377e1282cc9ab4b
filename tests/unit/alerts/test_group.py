"""Findings become alerts: which ones belong together, and what is told of them."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.adapters.memory import MemoryState
from mantissa.alerts.group import TEXT, alert_id, alert_writes, window_start
from mantissa.alerts.listing import every_alert
from mantissa.alerts.outbox import live_rows
from mantissa.alerts.record import alert_value
from mantissa.errors import Conflict
from mantissa.model import AlertStatus, RuleInfo, Severity, Verdict
from mantissa.ports import Put
from support.findings import NOW, RULE, commit, finding, only_alert, settings

SOC = settings("soc")


def test_findings_of_one_person_in_one_hour_are_one_alert() -> None:
    state = MemoryState()
    writes = commit(state, [finding(n) for n in range(7)], SOC)
    alert = only_alert(state)
    assert (writes.touched, writes.opened) == (1, 1)
    assert alert.count == 7
    assert alert.first_event == datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
    assert alert.last_event == datetime(2026, 3, 4, 12, 6, tzinfo=UTC)
    assert [s.event_id for s in alert.samples] == [f"e{n:08d}" for n in range(5)]
    assert alert.entities["actor_user"] == ("mira",)
    assert len(list(live_rows(state))) == 1


def test_a_later_run_adds_and_tells_nobody_again() -> None:
    state = MemoryState()
    commit(state, [finding(3)], SOC)
    writes = commit(state, [finding(1), finding(9)], SOC)
    alert = only_alert(state)
    assert (writes.touched, writes.opened) == (1, 0)
    assert alert.count == 3
    assert [s.event_id for s in alert.samples] == ["e00000001", "e00000003", "e00000009"]
    assert len(list(live_rows(state))) == 1


def test_two_runs_at_once_cannot_both_count() -> None:
    state = MemoryState()
    commit(state, [finding(0)], SOC)
    first = alert_writes(state, [finding(1)], {RULE.id: RULE}, SOC, NOW)
    second = alert_writes(state, [finding(1)], {RULE.id: RULE}, SOC, NOW)
    state.transact(first.writes)
    with pytest.raises(Conflict):
        state.transact(second.writes)
    assert only_alert(state).count == 2


@pytest.mark.parametrize(
    ("entities", "alerts"),
    [
        ([{"actor_user": "a"}, {"actor_user": "b"}], 2),
        ([{"actor_user": "a", "src_ip": "1.1.1.1"}, {"actor_user": "a", "src_ip": "2.2.2.2"}], 1),
        ([{"src_ip": "1.1.1.1"}, {"src_ip": "2.2.2.2"}], 2),
        ([{"actor_id": "x", "actor_user": ""}, {"actor_id": "y"}], 2),
        ([{"device_host": "h1"}, {"device_host": "h2"}], 2),
        ([{"cloud_account": "1"}, {"cloud_account": "2"}], 2),
        ([{}, {}], 1),
        ([{"actor_user": "a\0b"}, {"actor_user": "a", "cloud_account": "b"}], 2),
    ],
)
def test_default_groups(entities: list[dict[str, str]], alerts: int) -> None:
    state = MemoryState()
    commit(state, [finding(n, entities=e) for n, e in enumerate(entities)], SOC)
    assert len(list(every_alert(state))) == alerts


def test_a_rule_may_group_by_its_own_fields() -> None:
    rule = replace(RULE, group_by=("eventname",))
    found = [finding(n, fields={"eventname": name}) for n, name in enumerate("aab")]
    state = MemoryState()
    commit(state, found, SOC, rules={rule.id: rule})
    assert sorted(a.count for a in every_alert(state)) == [1, 2]


def test_hours_and_rule_majors_and_tenants_are_kept_apart() -> None:
    base = alert_id(finding(0), RULE, SOC)
    assert alert_id(finding(59), RULE, SOC) == base
    late = finding(0, event_time=finding(0).event_time + timedelta(hours=1))
    others = {
        alert_id(late, RULE, SOC),
        alert_id(finding(0), replace(RULE, major=2), SOC),
        alert_id(finding(0), RULE, replace(SOC, tenant="other")),
        alert_id(finding(0), replace(RULE, id="other"), SOC),
    }
    assert len(others) == 4
    assert base not in others
    assert alert_id(finding(0), replace(RULE, version="new text"), SOC) == base
    assert len(base) == 64


@given(
    st.datetimes(timezones=st.just(UTC)).filter(lambda t: 1900 < t.year < 2200),
    st.integers(1, 1440).map(lambda m: timedelta(minutes=m)),
)
def test_a_window_holds_its_moment(moment: datetime, window: timedelta) -> None:
    start = window_start(moment, window)
    assert start <= moment < start + window
    assert window_start(start, window) == start


def test_offsets_of_the_same_moment_share_a_window() -> None:
    local = finding(5).event_time.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert alert_id(finding(5, event_time=local), RULE, SOC) == alert_id(finding(5), RULE, SOC)


@given(st.integers(1, 40), st.integers(1, 5), st.randoms(use_true_random=False))
def test_order_and_batches_make_no_difference(
    many: int, batches: int, shuffler: random.Random
) -> None:
    found = [finding(n, entities={"actor_user": "a", "src_ip": f"10.0.0.{n}"}) for n in range(many)]
    once = MemoryState()
    commit(once, found, SOC)
    shuffler.shuffle(found)
    often = MemoryState()
    for part in range(batches):
        commit(often, found[part::batches], SOC)
    a, b = only_alert(once), only_alert(often)
    assert (a.count, a.samples, a.entities, a.first_event, a.last_event) == (
        b.count,
        b.samples,
        b.entities,
        b.first_event,
        b.last_event,
    )


def _close(state: MemoryState, verdict: Verdict) -> None:
    alert = replace(only_alert(state), status=AlertStatus.CLOSED, verdict=verdict)
    state.put(Put("alerts", alert.id, alert_value(alert), 1))


def test_a_closed_alert_opens_again_and_is_told_again() -> None:
    state = MemoryState()
    commit(state, [finding(0)], SOC)
    _close(state, Verdict.BENIGN)
    writes = commit(state, [finding(1)], SOC)
    alert = only_alert(state)
    assert writes.opened == 1
    assert (alert.status, alert.verdict, alert.count) == (AlertStatus.OPEN, None, 2)
    assert [h["action"] for h in alert.history] == ["opened", "reopened"]
    assert [h.row.sequence for h in live_rows(state)] == [1, 2]


def test_the_policy_may_keep_a_false_positive_closed() -> None:
    chosen = settings("soc", reopen=frozenset({Verdict.TRUE_POSITIVE}))
    state = MemoryState()
    commit(state, [finding(0)], chosen)
    _close(state, Verdict.FALSE_POSITIVE)
    commit(state, [finding(1)], chosen)
    alert = only_alert(state)
    assert (alert.status, alert.count) == (AlertStatus.CLOSED, 2)
    assert len(list(live_rows(state))) == 1


def test_a_higher_level_is_told_and_a_lower_one_is_not() -> None:
    state = MemoryState()
    commit(state, [finding(0, level=Severity.MEDIUM)], SOC)
    commit(state, [finding(1, level=Severity.LOW)], SOC)
    assert only_alert(state).level is Severity.MEDIUM
    assert len(list(live_rows(state))) == 1
    commit(state, [finding(2, level=Severity.CRITICAL)], SOC)
    assert only_alert(state).level is Severity.CRITICAL
    assert [h.row.level for h in live_rows(state)] == [Severity.MEDIUM, Severity.CRITICAL]


def test_a_rule_that_is_gone_is_described_by_its_finding() -> None:
    state = MemoryState()
    commit(state, [finding(0)], SOC, rules={})
    assert only_alert(state).rule == RuleInfo(
        id=RULE.id, title=RULE.title, level=RULE.level, tags=RULE.tags, version=RULE.version
    )


def test_long_values_are_cut_and_secrets_in_them_are_gone_before() -> None:
    text = "x" * (TEXT - 10) + "AKIA" + "Q" * 16 + "y" * 5000
    state = MemoryState()
    commit(state, [finding(0, fields={"commandline": text}, entities={"actor_user": text})], SOC)
    alert = only_alert(state)
    shown = alert.samples[0].summary["commandline"]
    assert len(shown) == TEXT
    assert "AKIA" not in shown
    assert alert.entities["actor_user"] == (shown,)


def test_the_rules_sql_is_not_kept_with_every_alert() -> None:
    state = MemoryState()
    commit(state, [finding(0)], SOC)
    assert only_alert(state).rule.sql == ""


def test_no_findings_write_nothing() -> None:
    assert commit(MemoryState(), [], SOC).writes == []

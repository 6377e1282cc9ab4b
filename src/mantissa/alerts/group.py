"""Findings become alerts: one per rule, group of entities and window of event time.

The writes that come back belong into the same transaction that removes the judged input from
`pending`: then each finding is counted exactly once, and adding to the count is safe. Every
choice made here (samples, entities) gives the same result in whatever order findings arrive.

A destination hears of an alert when it opens, opens again or rises in level; further findings
only change its record.
"""

from __future__ import annotations

import bisect
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from mantissa.alerts.outbox import enqueue
from mantissa.alerts.record import TABLE, alert_from, alert_value
from mantissa.alerts.redact import scrub
from mantissa.alerts.route import AlertSettings, destinations_for
from mantissa.model import Alert, AlertStatus, Finding, RuleInfo, Sample, Severity, Stages
from mantissa.ports import Put, StateStore, Write

SAMPLES = 5
ENTITY_VALUES = 20
"""Most values kept of one kind of entity; the smallest in text order, so that order is no matter."""
TEXT = 1024
"""Most characters kept of one value; the whole value stays in the lake."""
FIELDS = 40

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Writes:
    """What findings change in the state store.

    Args:
        groups: one for each alert written: its record and what destinations are owed. A group
            belongs into one transaction; two groups need not.
        opened: how many alerts are new or open again.
    """

    groups: Sequence[Sequence[Write]]
    opened: int

    @property
    def writes(self) -> list[Write]:
        """Every write, in order."""
        return [write for group in self.groups for write in group]

    @property
    def touched(self) -> int:
        """How many alerts are written."""
        return len(self.groups)


@dataclass(slots=True)
class _Group:
    """The findings of one alert, as far as they were read."""

    alert_id: str
    rule: RuleInfo
    window_start: datetime
    level: Severity
    source: str
    first: datetime
    last: datetime
    count: int = 0
    samples: list[Sample] = field(default_factory=list)
    entities: dict[str, set[str]] = field(default_factory=dict)
    opener: Finding | None = None
    run_id: str = ""

    def add(self, finding: Finding) -> None:
        """Count one finding."""
        self.count += 1
        self.run_id = finding.run_id
        if self.opener is None or _age(finding) < _age(self.opener):
            self.opener = finding
        self.first = min(self.first, finding.event_time)
        self.last = max(self.last, finding.event_time)
        if finding.level is not self.level:
            self.level = max(self.level, finding.level, key=lambda level: level.rank)
        self.source = min(self.source, finding.source)
        _add_sample(self.samples, finding)
        for name, value in finding.entities.items():
            if value:
                self.entities.setdefault(name, set()).add(clip(value))


def alert_writes(
    state: StateStore,
    findings: Iterable[Finding],
    rules: Mapping[str, RuleInfo],
    settings: AlertSettings,
    now: datetime,
) -> Writes:
    """Turn findings into alert records and the messages that destinations are owed.

    A finding whose rule is not in `rules` describes its rule by itself. An alert that has counted
    the findings of this run already is left as it is, so a run may be told of more than once.
    """
    groups: list[list[Write]] = []
    opened = 0
    for group in _groups(findings, rules, settings):
        item = state.get(TABLE, group.alert_id)
        before = None if item is None else alert_from(item.value)
        if before is not None and before.last_run == group.run_id:
            continue
        after = _opened(group, now) if before is None else _updated(before, group, settings, now)
        put = Put(TABLE, after.id, alert_value(after), item.version if item else None)
        told = before is None or before.sequence != after.sequence
        groups.append([put, *(notices(after, settings, now) if told else ())])
        opened += before is None or (before.status != after.status)
    return Writes(groups, opened)


def notices(alert: Alert, settings: AlertSettings, now: datetime) -> Iterator[Write]:
    """Write what each routed destination is owed; the one place where a storm can be capped."""
    for name in destinations_for(alert, settings, now):
        yield enqueue(alert, name, "trigger", now)


def alert_id(finding: Finding, rule: RuleInfo, settings: AlertSettings) -> str:
    """Name the alert of a finding: 64 hex digits, the same for ever for the same content."""
    parts = [
        settings.tenant,
        rule.id,
        rule.major,
        group_key(finding, rule),
        window_start(finding.event_time, settings.window),
    ]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def group_key(finding: Finding, rule: RuleInfo) -> tuple[tuple[str, str], ...]:
    """Pick the values that keep findings apart: the rule's, or who and where."""
    return tuple((n, _value(finding, n)) for n in group_names(finding.entities, rule))


def group_names(entities: Mapping[str, object], rule: RuleInfo) -> tuple[str, ...]:
    """Name what keeps the findings of a rule apart, given the entities there are."""
    if rule.group_by:
        return rule.group_by
    actor = next((n for n in ("actor_user", "actor_id") if entities.get(n)), "src_ip")
    return actor, "cloud_account", "device_host"


def window_start(moment: datetime, window: timedelta) -> datetime:
    """Align a time to the start of its window, counted from 1970 in UTC."""
    moment = moment.astimezone(UTC)
    return moment - (moment - _EPOCH) % window


def clip(text: str) -> str:
    """Shorten a long value; secrets go first, so that none is left behind cut in half."""
    return text if len(text) <= TEXT else scrub(text)[: TEXT - 1] + "…"


def event(action: str, now: datetime, actor: str = "mantissa", **details: Any) -> dict[str, Any]:
    """Make one entry of an alert's history."""
    return {"at": now.isoformat(), "actor": actor, "action": action, **details}


def _groups(
    findings: Iterable[Finding], rules: Mapping[str, RuleInfo], settings: AlertSettings
) -> Iterable[_Group]:
    groups: dict[str, _Group] = {}
    for finding in findings:
        rule = rules.get(finding.rule_id) or _own_rule(finding)
        key = alert_id(finding, rule, settings)
        if key not in groups:
            groups[key] = _start(key, finding, rule, settings)
        groups[key].add(finding)
    return groups.values()


def _start(key: str, finding: Finding, rule: RuleInfo, settings: AlertSettings) -> _Group:
    return _Group(
        alert_id=key,
        rule=rule,
        window_start=window_start(finding.event_time, settings.window),
        level=finding.level,
        source=finding.source,
        first=finding.event_time,
        last=finding.event_time,
    )


def _opened(group: _Group, now: datetime) -> Alert:
    return Alert(
        id=group.alert_id,
        rule=group.rule,
        level=group.level,
        status=AlertStatus.OPEN,
        source=group.source,
        entities=_bounded(group.entities),
        window_start=group.window_start,
        first_event=group.first,
        last_event=group.last,
        count=group.count,
        samples=tuple(group.samples),
        created_at=now,
        updated_at=now,
        sequence=1,
        history=(event("opened", now),),
        stages=_stages(group, now),
        last_run=group.run_id,
    )


def _stages(group: _Group, now: datetime) -> Stages | None:
    first = group.opener
    if first is None:
        return None
    return Stages(first.object_time, first.row_time, first.detected_at, now)


def _age(finding: Finding) -> tuple[datetime, str]:
    """Order findings by when their object came, then by name, so that the order is no matter."""
    return finding.object_time or finding.detected_at, finding.finding_id


def _updated(before: Alert, group: _Group, settings: AlertSettings, now: datetime) -> Alert:
    entities = {n: set(values) for n, values in before.entities.items()}
    for name, values in group.entities.items():
        entities.setdefault(name, set()).update(values)
    after = replace(
        before,
        rule=group.rule,
        entities=_bounded(entities),
        first_event=min(before.first_event, group.first),
        last_event=max(before.last_event, group.last),
        count=before.count + group.count,
        samples=_merged(before.samples, group.samples),
        updated_at=now,
        last_run=group.run_id,
    )
    return _raised(_reopened(after, settings, now), group.level, now)


def _reopened(alert: Alert, settings: AlertSettings, now: datetime) -> Alert:
    if alert.status is not AlertStatus.CLOSED or alert.verdict not in settings.reopen:
        return alert
    return replace(
        alert,
        status=AlertStatus.OPEN,
        verdict=None,
        sequence=alert.sequence + 1,
        history=(*alert.history, event("reopened", now, verdict=str(alert.verdict))),
    )


def _raised(alert: Alert, level: Severity, now: datetime) -> Alert:
    if level.rank <= alert.level.rank:
        return alert
    told = alert.sequence + (alert.status is not AlertStatus.CLOSED)
    change = event("raised", now, level=str(level), before=str(alert.level))
    return replace(alert, level=level, sequence=told, history=(*alert.history, change))


def _own_rule(finding: Finding) -> RuleInfo:
    return RuleInfo(
        id=finding.rule_id,
        title=finding.rule_title,
        level=finding.level,
        tags=finding.tags,
        version=finding.rule_version,
    )


def _add_sample(samples: list[Sample], finding: Finding) -> None:
    place = (finding.event_time, finding.event_id)
    if len(samples) == SAMPLES and _place(samples[-1]) <= place:
        return
    summary = {n: clip(v) for n, v in list(finding.fields.items())[:FIELDS]}
    bisect.insort(samples, Sample(finding.event_id, finding.event_time, summary), key=_place)
    del samples[SAMPLES:]


def _merged(old: Iterable[Sample], new: Iterable[Sample]) -> tuple[Sample, ...]:
    return tuple(sorted((*old, *new), key=_place)[:SAMPLES])


def _place(sample: Sample) -> tuple[datetime, str]:
    return sample.event_time, sample.event_id


def _bounded(entities: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {n: tuple(sorted(values)[:ENTITY_VALUES]) for n, values in sorted(entities.items())}


def _value(finding: Finding, name: str) -> str:
    return finding.entities.get(name) or finding.fields.get(name, "")

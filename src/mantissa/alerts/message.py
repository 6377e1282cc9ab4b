"""An alert as a neutral message: plain text that no destination's markup has touched yet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from mantissa.alerts.group import TEXT, group_names
from mantissa.alerts.outbox import Kind
from mantissa.alerts.redact import Redactor, hide, scrub
from mantissa.alerts.took import took
from mantissa.model import Alert, Message, Sample, Severity

if TYPE_CHECKING:
    from sqlglot import exp

ROWS_SHOWN = 500
_LINE = 600


def compose(alert: Alert, kind: Kind, redactor: Redactor, link: str) -> Message:
    """Tell of an alert what one destination may know.

    Args:
        link: address of the web UI without the path; empty for none.
    """
    known = [(n, v) for n, values in alert.entities.items() for v in values]
    known += [pair for sample in alert.samples for pair in sample.summary.items()]
    stand_ins = redactor.stand_ins(known)
    return Message(
        kind=kind,
        dedup_key=alert.id,
        title=scrub(alert.rule.title) or alert.rule.id,
        level=alert.level,
        text=hide(_text(alert), stand_ins),
        fields=tuple(_fields(alert, redactor, stand_ins)),
        samples=tuple(_samples(alert.samples, redactor, stand_ins)),
        source=alert.source,
        entities=dict(_entities(alert, redactor, stand_ins)),
        tags=alert.rule.tags,
        link=f"{link}/alerts/{alert.id}" if link else "",
        occurred_at=alert.first_event,
    )


def trial(destination: str, now: datetime) -> Message:
    """Make a harmless message that shows a destination works."""
    return Message(
        kind="test",
        dedup_key=f"mantissa-test-{destination}-{now:%Y%m%dT%H%M%S}",
        title="Mantissa Log test message",
        level=Severity.INFORMATIONAL,
        text=f"Destination {destination} is set up. No alert was raised; nothing needs doing.",
        source="mantissa",
        occurred_at=now,
    )


def body_hash(message: Message) -> str:
    """Fingerprint a message, so that it can be told later what was sent."""
    return hashlib.sha256(msgspec.json.encode(message, order="sorted")).hexdigest()


def remaining_sql(alert: Alert, group: Mapping[str, str]) -> str:
    """Write the query that shows every finding of an alert.

    Args:
        group: the entities that may be named; what a destination may not know stays out.
    """
    from sqlglot import exp

    def between(column: str, low: exp.Expression, high: exp.Expression) -> exp.Expression:
        return exp.Between(this=exp.column(column, quoted=True), low=low, high=high)

    def equals(column: str, value: str) -> exp.Expression:
        return exp.column(column, quoted=True).eq(exp.Literal.string(value))

    span = (alert.first_event, alert.last_event)
    dates = [exp.Literal.string(f"{t:%Y-%m-%d}") for t in span]
    times = [_timestamp(t) for t in (span[0], span[1] + timedelta(milliseconds=1))]
    conditions = [
        between("event_date", *dates),
        equals("rule_id", alert.rule.id),
        *(equals(name, value) for name, value in group.items()),
        between("event_time", *times),
    ]
    query = exp.select("*").from_(exp.to_table("findings")).where(*conditions)
    ordered = query.order_by(exp.column("event_time", quoted=True)).limit(ROWS_SHOWN)
    return ordered.sql(dialect="duckdb")


def _group(alert: Alert, redactor: Redactor) -> dict[str, str]:
    """Pick the entities that make the alert, as far as they may be shown whole."""
    names = group_names(alert.entities, alert.rule)
    single = ((n, alert.entities[n][0]) for n in names if len(alert.entities.get(n, ())) == 1)
    return {n: v for n, v in single if len(v) < TEXT and redactor.field(n, v) == v}


def _text(alert: Alert) -> str:
    times = f"{alert.count} finding{'s' if alert.count != 1 else ''}"
    span = f"between {_time(alert.first_event)} and {_time(alert.last_event)}"
    if alert.first_event == alert.last_event:
        span = f"at {_time(alert.first_event)}"
    closing = [f"Closed as {alert.verdict.replace('_', ' ')}."] if alert.verdict else []
    note = [scrub(alert.note)] if alert.verdict and alert.note else []
    told = [scrub(alert.rule.description.strip()), f"{times} in {alert.source} {span}."]
    return "\n".join(part for part in (*told, *closing, *note) if part)


def _fields(
    alert: Alert, redactor: Redactor, stand_ins: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    rule = alert.rule
    yield "Level", str(alert.level)
    yield "Status", str(alert.status)
    yield "Rule", scrub(rule.id)
    yield from _reasons(alert, redactor, stand_ins)
    if techniques := attack(rule.tags):
        yield "ATT&CK", ", ".join(techniques)
    if rule.false_positives:
        yield "Known false positives", scrub("; ".join(rule.false_positives))
    if told := took(msgspec.to_builtins(alert.stages) if alert.stages else {}):
        yield "Took", told
    yield "Query", hide(scrub(remaining_sql(alert, _group(alert, redactor))), stand_ins)
    yield "Alert", alert.id


def _reasons(
    alert: Alert, redactor: Redactor, stand_ins: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Show the fields the rule names as the first sample has them: why it fired."""
    summary = alert.samples[0].summary if alert.samples else {}
    for name, value in summary.items():
        shown = redactor.field(name, value)
        if shown is not None and name not in alert.entities:
            yield name, hide(shown, stand_ins)


def _samples(
    samples: Iterable[Sample], redactor: Redactor, stand_ins: Mapping[str, str]
) -> Iterator[str]:
    for sample in samples:
        parts = [_time(sample.event_time)]
        for name, value in sample.summary.items():
            shown = redactor.field(name, value)
            if shown is not None:
                parts.append(f"{name}={hide(shown, stand_ins)}")
        line = " ".join(parts)
        yield line if len(line) <= _LINE else line[: _LINE - 1] + "…"


def _entities(
    alert: Alert, redactor: Redactor, stand_ins: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for name, values in alert.entities.items():
        shown = [redactor.field(name, value) for value in values]
        told = [hide(text, stand_ins) for text in shown if text is not None]
        if told:
            yield name, ", ".join(told)


def attack(tags: Iterable[str]) -> list[str]:
    """Write ATT&CK tags as people read them: techniques first, then tactics."""
    names = [tag.removeprefix("attack.") for tag in tags if tag.startswith("attack.")]
    techniques = [n.upper() for n in names if n[:1] == "t" and n[1:5].isdigit()]
    return techniques + [n.replace("-", " ").replace("_", " ") for n in names if n[1:2].isalpha()]


def _timestamp(moment: datetime) -> exp.Expression:
    from sqlglot import exp

    literal = exp.Literal.string(moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3])
    return exp.cast(literal, exp.DataType.Type.TIMESTAMP)


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

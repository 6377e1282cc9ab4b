"""An alert as a page for people: what, how bad, who, the events, and what was done about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mantissa.alerts.took import took
from mantissa.entrypoints.cli.layout import counted, facts, moment, named, paragraph
from mantissa.entrypoints.cli.text import visible

Document = Mapping[str, Any]
_LONGEST = 120
"""Characters of one value of an event."""


def alert_text(alert: Document) -> str:
    """Return the page of one alert, from its JSON document."""
    return "\n".join(_lines(alert))


def alert_line(alert: Document) -> str:
    """Return what an alert is and how it stands, on one line."""
    state = f"{alert['status']}{_verdict(alert)}{_assignee(alert)}"
    return f"{alert['id'][:12]}  {visible(alert['title'])}: {visible(state)}"


def _lines(alert: Document) -> Iterator[str]:
    yield f"{alert['level'].upper()}  {visible(alert['title'])}"
    first, last = moment(alert["first_event"]), moment(alert["last_event"])
    span = first if first == last else f"{first} to {last}"
    state = f"{alert['status']}{_verdict(alert)}{_assignee(alert)}"
    yield visible(f"{state}, {counted(alert['count'], 'finding')}, {span} UTC")
    yield ""
    yield paragraph(alert["description"])
    yield ""
    yield facts((("alert", alert["id"]), ("rule", alert["rule"]), ("source", alert["source"])))
    told = (("tags  ", alert["tags"]), ("note  ", alert["note"]), ("took  ", took(alert["stages"])))
    yield facts(told)
    yield from _section("Who and what", facts(alert["entities"].items(), "  "))
    known = {value for values in alert["entities"].values() for value in values}
    events = [_sample(sample, known) for sample in alert["samples"]]
    yield from _section("Events", facts(events, "  "))
    yield from _section("Known false positives", _bullets(alert["false_positives"]))
    yield from _section("Deliveries", facts(map(_delivery, alert["deliveries"]), "  "))
    yield from _section("History", facts(map(_step, alert["history"]), "  "))
    yield from _section("Read on", _bullets(alert["references"]))


def _section(title: str, body: str) -> Iterator[str]:
    if body:
        yield f"\n{title}\n{body}"


def _bullets(texts: list[str]) -> str:
    return "\n".join(paragraph(text, "  ") for text in texts)


def _sample(sample: Document, known: set[str]) -> tuple[str, str]:
    """Say what is special about one event: what the page says already and whole documents go."""
    summary = sample["summary"]
    telling = {k: v for k, v in summary.items() if v not in known and not v.startswith(("{", "["))}
    return moment(sample["event_time"]), named(telling or summary, _LONGEST)


def _delivery(row: Document) -> tuple[str, str]:
    tries = counted(row["attempts"], "attempt")
    error = f": {row['error']}" if row["error"] else ""
    when = moment(row["next_at"] or row["at"])
    verb = "next at" if row["next_at"] else "at"
    return row["destination"], f"{row['kind']} {row['state']}, {tries}, {verb} {when}{error}"


def _step(step: Document) -> tuple[str, str]:
    more = {k: v for k, v in step.items() if k not in ("at", "actor", "action")}
    return moment(step["at"]), f"{step['action']} by {step['actor']}  {named(more)}".rstrip()


def _verdict(alert: Document) -> str:
    return f" as {alert['verdict'].replace('_', ' ')}" if alert["verdict"] else ""


def _assignee(alert: Document) -> str:
    return f", {alert['assignee']} is on it" if alert["assignee"] else ""

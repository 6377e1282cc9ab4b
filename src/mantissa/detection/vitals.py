"""What can be said of each rule's health without running it: from the journal and the lake's books.

A rule that works and a rule that cannot fire look the same: neither finds anything. So each is held
against what its sources brought: whether they bring anything, and whether they ever fill the
fields without which its condition cannot hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mantissa.detection.correlation import Correlation, Kind
from mantissa.detection.journal import HEALTH
from mantissa.detection.pipeline import find_targets
from mantissa.detection.possible import fields_of, outcome
from mantissa.detection.prepare import Predicate, Prepared
from mantissa.lake.presence import Presence, presence
from mantissa.model import Table
from mantissa.ports import StateStore

RECORD = ("last_run", "last_success", "last_error", "failing_since")
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Vitals:
    """One rule's health.

    Args:
        state: `ok`, `failing`, `cannot_fire`, `no_data`, or `not_run` when it has never judged.
        record: what the last runs left: `RECORD`.
        cannot_fire: why it cannot fire, else empty.
        no_data: why there is nothing to judge, else empty.
        unknown: fields inside documents without which it cannot fire, and of which the books do
            not say whether they are ever there.
    """

    state: str
    record: Mapping[str, Any]
    cannot_fire: str = ""
    no_data: str = ""
    unknown: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what `rules list` adds to a rule."""
        return {
            "health": self.state,
            **{name: self.record.get(name) for name in RECORD},
            "cannot_fire": self.cannot_fire or None,
            "no_data": self.no_data or None,
            "unknown_fields": list(self.unknown),
        }


NOTHING_KNOWN: Mapping[str, Any] = {
    "health": "unknown",
    **dict.fromkeys((*RECORD, "cannot_fire", "no_data")),
    "unknown_fields": [],
}
"""What `rules list` adds to a rule where there is no lake, or that does not run."""


@dataclass(frozen=True, slots=True)
class Look:
    """How far back to look.

    Args:
        back: over which days a field must have held a value.
        silence: for how long a source may bring nothing.
    """

    now: datetime
    back: timedelta = 30 * DAY
    silence: timedelta = DAY

    @property
    def first_day(self) -> str:
        """The first day that is looked at, as partitions are named."""
        return (self.now - self.back).date().isoformat()


@dataclass(slots=True)
class Books:
    """What the lake's books and detection's journal say."""

    look: Look
    tables: Mapping[str, Presence]
    records: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def open_books(state: StateStore, prepared: Prepared, look: Look) -> Books:
    """Read what is known of the tables that rules read."""
    tables: dict[str, Table] = {p.source.table.name: p.source.table for p in prepared.predicates}
    records = {item.key: item.value for item in state.query(HEALTH)}
    return Books(look, presence(state, tables.values(), look.first_day), records)


def vitals(prepared: Prepared, books: Books) -> dict[str, Vitals]:
    """Return the health of everything that runs, by id."""
    own: dict[str, list[Predicate]] = {}
    for predicate in prepared.predicates:
        own.setdefault(predicate.rule.info.id, []).append(predicate)
    found = {rule_id: _of_rule(rule_id, mine, books) for rule_id, mine in own.items()}
    for correlation in prepared.correlations:
        found[correlation.info.id] = _of_correlation(correlation, found, books)
    return found


def silent_sources(prepared: Prepared, books: Books) -> dict[str, str]:
    """Return the sources that used to bring rows and stopped, with for how long."""
    told: dict[str, str] = {}
    for predicate in prepared.predicates:
        here = books.tables[predicate.source.table.name]
        if here.ever and (why := _silence(here, books.look)):
            told[predicate.source.name] = why
    return dict(sorted(told.items()))


def hopeless_rules(prepared: Prepared, books: Books, rows: int) -> dict[tuple[str, str], list[str]]:
    """Return (source, why) → ids of the rules that cannot fire on it.

    Args:
        rows: sources that brought fewer are passed over.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for predicate in prepared.predicates:
        here = books.tables[predicate.source.table.name]
        if here.rows >= rows and (why := _hopeless(predicate, books)):
            found.setdefault((predicate.source.name, why), []).append(predicate.rule.info.id)
    return found


def _of_rule(rule_id: str, predicates: Sequence[Predicate], books: Books) -> Vitals:
    record = books.records.get(rule_id, {})
    silences = [_silence(books.tables[p.source.table.name], books.look) for p in predicates]
    no_data = silences[0] if all(silences) else ""
    hopeless = [_hopeless(predicate, books) for predicate in predicates]
    cannot = "; ".join(dict.fromkeys(hopeless)) if all(hopeless) else ""
    unknown = () if cannot else _unknown(predicates, books)
    return Vitals(_state(record, cannot, no_data), record, cannot, no_data, unknown)


def _of_correlation(correlation: Correlation, known: Mapping[str, Vitals], books: Books) -> Vitals:
    """Say of a correlation what is so of too many of its members for it to fire."""
    record = books.records.get(correlation.info.id, {})
    members = {m.name: known[m.id] for m in correlation.members if m.id in known}
    needed = _members_needed(correlation)
    dead = {name: m.cannot_fire for name, m in members.items() if m.cannot_fire}
    quiet = {name: m.no_data for name, m in members.items() if m.no_data}
    cannot = _together(dead) if len(members) - len(dead) < needed else ""
    no_data = _together(quiet) if len(members) - len(quiet) < needed else ""
    unknown = tuple(dict.fromkeys(name for m in members.values() for name in m.unknown))
    return Vitals(_state(record, cannot, no_data), record, cannot, no_data, unknown)


def _together(reasons: Mapping[str, str]) -> str:
    """Say for all members what is so of each, a reason that several share once."""
    members: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        members.setdefault(reason, []).append(name)
    if len(members) == 1:
        return next(iter(members))
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in members.items())


def _members_needed(correlation: Correlation) -> int:
    """Return how many different members must match at least, before it can fire."""
    asked = correlation.threshold
    counts_members = correlation.kind in (Kind.TEMPORAL, Kind.TEMPORAL_ORDERED)
    if not counts_members or asked is None or asked.operator not in ("gte", "eq"):
        return 1
    return max(1, min(int(asked.number), len(correlation.members)))


def _state(record: Mapping[str, Any], cannot: str, no_data: str) -> str:
    if record.get("failing_since"):
        return "failing"
    if cannot:
        return "cannot_fire"
    if no_data:
        return "no_data"
    return "ok" if record else "not_run"


def _silence(here: Presence, look: Look) -> str:
    """Return why a table brings nothing to judge, or the empty text."""
    if not here.ever:
        return "no data yet"
    if not here.rows:
        return f"no data for more than {look.back.days} days"
    quiet = here.silent_for(look.now)
    if quiet is None or quiet <= look.silence or not look.silence:
        return ""
    return f"no data for {int(quiet.total_seconds() // 3600)} hours"


def _hopeless(predicate: Predicate, books: Books) -> str:
    """Return why a rule cannot fire on a source, or the empty text."""
    here = books.tables[predicate.source.table.name]
    if not here.rows or here.unfilled is None:
        return ""
    unfilled = here.unfilled
    found = outcome(predicate.rule.conditions, lambda name: _column(predicate, name) in unfilled)
    missing = found.because if found.holds is False else _not_told_apart(predicate, unfilled)
    if not missing:
        return ""
    word = "field" if len(missing) == 1 else "fields"
    return f"{word} {', '.join(sorted(missing))} never populated in {books.look.back.days} days"


def _not_told_apart(predicate: Predicate, unfilled: frozenset[str]) -> frozenset[str]:
    """Return unfilled columns without which no row belongs to the rule's log source."""
    (target,) = find_targets(predicate.rule.logsource, [predicate.source])
    missing = [unfilled & when.keys() for when in target.when]
    return frozenset().union(*missing) if missing and all(missing) else frozenset()


def _column(predicate: Predicate, name: str) -> str:
    """Return the column that a field is in; a field that is bound nowhere is none."""
    binding = predicate.bindings.get(name)
    return binding.column if binding else ""


def _unknown(predicates: Iterable[Predicate], books: Books) -> tuple[str, ...]:
    """Return the fields that decide whether a rule can fire and that the books do not know."""
    found: dict[str, None] = {}
    for predicate in predicates:
        here = books.tables[predicate.source.table.name]
        if not here.rows:
            continue
        for name in fields_of(predicate.rule.conditions):
            if _is_unknown(predicate, name, here) and _is_needed(predicate, name):
                found[name] = None
    return tuple(found)


def _is_unknown(predicate: Predicate, name: str, here: Presence) -> bool:
    binding = predicate.bindings.get(name)
    return here.unfilled is None or (binding is not None and bool(binding.path))


def _is_needed(predicate: Predicate, name: str) -> bool:
    return outcome(predicate.rule.conditions, lambda other: other == name).holds is False

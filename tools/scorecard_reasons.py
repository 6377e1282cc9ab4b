"""Why no rule for an attack's technique fired on its recording, worked out from rules and rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import orjson
import pyarrow as pa

from mantissa.detection.correlation import Correlation
from mantissa.detection.coverage import techniques_of
from mantissa.detection.possible import fields_of, outcome
from mantissa.detection.prepare import Predicate, Prepared
from mantissa.detection.rule import Refusal, Rule, RuleSet
from mantissa.sources.definition import Binding
from public_logs import Outcome, World, condition_of, members_of

NAMED = 4
"""Log sources, fields or kinds of records that a sentence names; the rest is counted."""


def related(one: str, other: str) -> bool:
    """Whether two techniques are the same, or one is the other's sub-technique."""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def names(tags: Iterable[str], techniques: Collection[str]) -> bool:
    """Whether a rule's tags name one of these techniques."""
    return any(related(tag, t) for tag in techniques_of(tags) for t in techniques)


@dataclass(frozen=True)
class Collected:
    """One collection of rules, as it was prepared with all others.

    Args:
        ids: ids of its rules and correlations.
    """

    name: str
    rules: RuleSet
    prepared: Prepared
    ids: frozenset[str]

    @cached_property
    def known(self) -> dict[str, Correlation]:
        """The correlations that run, of any collection."""
        return {c.info.id: c for c in self.prepared.correlations}

    def reading(self, source: str, techniques: Collection[str]) -> list[Reader]:
        """Return the rules that report, read a source and name one of the techniques."""
        found: dict[str, Reader] = {}
        for predicate in self.prepared.predicates:
            info = predicate.rule.info
            is_mine = info.id in self.ids and predicate.reports and names(info.tags, techniques)
            if is_mine and predicate.source.name == source:
                found.setdefault(info.id, Reader(info.id)).reads.append(predicate)
        for correlation in self.prepared.correlations:
            info = correlation.info
            if info.id in self.ids and names(info.tags, techniques):
                reads = members_of(correlation, self.known, self.prepared.predicates)
                own = [p for p in reads if p.source.name == source]
                if own:
                    found[info.id] = Reader(info.id, own)
        return list(found.values())

    def elsewhere(self, techniques: Collection[str]) -> tuple[int, int, int]:
        """Count rules that name a technique and: run, wait for a source, were refused."""
        runs = {p.rule.info.id for p in self.prepared.predicates} | self.known.keys()
        waits = {r.info.id for r in self.prepared.waiting}
        refused = {r.id for r in self.prepared.refused if isinstance(r, Refusal)}
        mine: list[Rule | Correlation] = [*self.rules.rules, *self.rules.correlations]
        ids = {r.info.id for r in mine if r.info.id in self.ids and names(r.info.tags, techniques)}
        return len(ids & runs), len(ids & waits), len(ids & refused - runs)


@dataclass
class Reader:
    """A rule, or a correlation, and what of it reads a source."""

    id: str
    reads: list[Predicate] = field(default_factory=list)


@dataclass(frozen=True)
class Attack:
    """An attack and what was found of it.

    Args:
        techniques: as rules name them today.
        found: None when no source carries its records.
    """

    world: World
    techniques: tuple[str, ...]
    found: Outcome | None

    @property
    def recorded(self) -> int:
        """Records that the recording holds."""
        if self.found is not None:
            return self.found.records
        return sum(entry.events for entry in self.world.files)

    @property
    def is_readable(self) -> bool:
        """Whether any of its records is a row of some source."""
        return self.found is not None and self.found.rows.num_rows > 0

    @property
    def is_test(self) -> bool:
        """Whether somebody wrote its records to test a rule."""
        return any(entry.alerting for entry in self.world.files)

    @cached_property
    def filled(self) -> frozenset[tuple[str, ...]]:
        """Columns, and paths inside JSON columns, that hold a value in some row."""
        if self.found is None:
            return frozenset()
        held: set[tuple[str, ...]] = set()
        for name, column in zip(self.found.rows.column_names, self.found.rows.columns, strict=True):
            if column.null_count < len(column):
                held.add((name,))
        return frozenset(held)


def why(attack: Attack, collected: Collected) -> str:
    """Say why no rule of a collection that names the attack's technique fired."""
    said = ", ".join(attack.techniques)
    if attack.found is None:
        return _no_source(attack, collected)
    if not attack.found.rows.num_rows:
        return f"none of its records is a row: {_most(attack.found.unread.elements())}"
    readers = collected.reading(attack.world.source, attack.techniques)
    if not readers:
        runs, waits, refused = collected.elsewhere(attack.techniques)
        other = [
            text
            for count, text in (
                (runs, "for other sources"),
                (waits, "waiting for a source"),
                (refused, "refused"),
            )
            if count
        ]
        counts = [str(n) for n in (runs, waits, refused) if n]
        rest = "; ".join(f"{n} {t}" for n, t in zip(counts, other, strict=True))
        return f"no rule covers {said} on {attack.world.source}" + (f" ({rest})" if rest else "")
    return _of_readers(readers, attack)


def _no_source(attack: Attack, collected: Collected) -> str:
    if not attack.techniques:
        return "no source carries such records yet"
    _, waits, _ = collected.elsewhere(attack.techniques)
    return f"no source carries such records yet; {waits} rules for its techniques wait for one"


def _of_readers(readers: Sequence[Reader], attack: Attack) -> str:
    """Say what stood in the way of rules that exist: records, fields, or what they look for."""
    found = attack.found
    if found is None:
        raise ValueError("an attack without records has no readers")
    seeing = [r for r in readers if any(found.belonging[condition_of(p)] for p in r.reads)]
    blind = len(readers) - len(seeing)
    if not seeing:
        wanted = _most(_log_source(p) for r in readers for p in r.reads)
        held = _most(_kinds(found.rows))
        return f"no telemetry: {_rules(blind)} for {wanted}; the recording holds {held}"
    lacking = {r.id: _lacks(r, attack) for r in seeing}
    able = [r for r in seeing if lacking[r.id] is None]
    if not able:
        fields = _most(f for missing in lacking.values() for f in missing or ())
        return f"fields missing: {_rules(len(seeing))} cannot fire without what no record has ({fields})"
    looks = "looks" if len(able) == 1 else "look"
    parts = [f"{_rules(len(able))} judged its records and {looks} for something else"]
    if len(seeing) > len(able):
        parts.append(
            f"{_rules(len(seeing) - len(able))} cannot fire without fields that no record has"
        )
    if blind:
        parts.append(f"{_rules(blind)} for log sources that are not in the recording")
    return "another procedure: " + "; ".join(parts)


def _rules(count: int) -> str:
    return "1 rule" if count == 1 else f"{count} rules"


def _lacks(reader: Reader, attack: Attack) -> frozenset[str] | None:
    """Return fields without which a rule cannot fire here; None when it could."""
    found = attack.found
    missing: frozenset[str] = frozenset()
    for predicate in reader.reads:
        if found is None or not found.belonging[condition_of(predicate)]:
            continue
        absent = {
            name
            for name in fields_of(predicate.rule.conditions)
            if not _is_filled(predicate.source.bind(name), found.rows, attack)
        }
        came_to = outcome(predicate.rule.conditions, absent.__contains__)
        if came_to.holds is not False:
            return None
        missing |= came_to.because
    return missing


def _is_filled(binding: Binding | None, rows: pa.Table, attack: Attack) -> bool:
    if binding is None or (binding.column,) not in attack.filled:
        return False
    if not binding.path:
        return True
    texts = rows.column(binding.column).drop_null().to_pylist()
    return any(_holds(orjson.loads(text), binding.path) for text in texts)


def _holds(value: object, path: Sequence[str]) -> bool:
    for name in path:
        if isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict):
            value = value.get(name)
        else:
            return False
    return value is not None


def _log_source(predicate: Predicate) -> str:
    words = predicate.rule.logsource
    return str(words.category or words.service or words.product)


def _kinds(rows: pa.Table) -> Iterable[str]:
    """Yield each row's kind: a Windows event's channel and number, else what was done."""
    if "eventid" in rows.column_names and "channel" in rows.column_names:
        channels, numbers = rows.column("channel").to_pylist(), rows.column("eventid").to_pylist()
        for channel, number in zip(channels, numbers, strict=True):
            yield f"{str(channel).removeprefix('Microsoft-Windows-').partition('/')[0]} {number}"
    else:
        yield from (str(name) for name in rows.column("activity").to_pylist())


def _most(names: Iterable[str]) -> str:
    """Name the most frequent of some names; say how many more there are."""
    counts = Counter(names)
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    rest = f" and {len(ranked) - NAMED} more" if len(ranked) > NAMED else ""
    return ", ".join(ranked[:NAMED]) + rest

"""A first rule for a source: a template that runs and whose tests pass before a word is changed.

Its tests are records of the source's own sample, so that an author sees the vendor's spelling.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import orjson
import yaml

from mantissa.errors import ConfigError
from mantissa.sources.definition import FieldSpec, SigmaLogsource, SourceSpec

Row = Mapping[str, Any]
LONGEST_VALUE = 60
SUGGESTED = 6
"""Fields of a source that a template names besides the one it tests."""
_SHOWN = ("actor_user", "src_ip", "device_host", "resource")
"""Shared columns whose fields an alert of a new rule shows."""
_TELLING = ("activity", "resource", "actor_user", "src_ip", "user_agent", "device_host")
_SPECIAL = re.compile(r"[*?%]|\\\\|\\$")
"""What a Sigma value would have to escape, or takes for a placeholder."""
_OTHER = "something-else"
_TEMPLATE = """\
title: {title}
id: {id}
{name}status: experimental
description: Say what this finds, why that matters, and what to look at first.
references:
  - {docs}
author: {author}
date: {date}
# tags:
#   - attack.t1078.004
logsource:
{logsource}
detection:
  selection:
{selection}
    # More of its fields (all of them: mantissa sources show {source}):
{more}
  condition: selection
falsepositives:
  - Say who does this for a good reason.
level: medium
fields:
{fields}
tests:
  - name: what it looks for
    match: true
    source: {source}
    event:
{match}
  - name: something else
    match: false
    source: {source}
    event:
{other}
"""
_CORRELATION = """\
---
title: {title}
id: {id}
status: experimental
description: Say what so many of them at once mean, and what to look at first.
author: {author}
date: {date}
correlation:
  # event_count, value_count, temporal, temporal_ordered, value_sum, value_avg, value_percentile
  type: event_count
  rules:
    - {name}
  group-by:
    - {group}
  timespan: 5m
  condition:
    gte: {often}
falsepositives:
  - Say who does this so often for a good reason.
level: high
tests:
{tests}
"""
OFTEN = 5
"""Matches that make a new correlation fire."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes a rule, when, and under which id."""

    rule_id: str
    title: str
    name: str
    today: date


@dataclass(frozen=True, slots=True)
class Draft:
    """What a template says of a source.

    Args:
        field: the field it tests, and `value` what for.
        match: a record that has the value.
        other: one that has not.
        more: further fields with a value each.
        group: a field that says whose doing it is, which `match` has.
    """

    source: SourceSpec
    logsource: SigmaLogsource
    field: str
    value: str
    match: Any
    other: Any
    more: Mapping[str, Any]
    shown: Sequence[str]
    group: str


def choose_logsource(
    source: SourceSpec, service: str | None, category: str | None
) -> SigmaLogsource:
    """Choose the Sigma log source that a rule is for. Raises `ConfigError`."""
    if not source.sigma:
        raise ConfigError(
            f"source {source.name} serves no Sigma log source",
            where=source.file,
            fix="say in its `sigma:` which product, service or category it is",
        )
    asked = [(s, w) for s, w in (("service", service), ("category", category)) if w]
    found = [e for e in source.sigma if all(getattr(e, key) == word for key, word in asked)]
    if not found:
        words = sorted({w for e in source.sigma for w in (e.service, e.category) if w})
        raise ConfigError(
            f"source {source.name} serves no {' and '.join(f'{k} {w}' for k, w in asked)}",
            fix=f"it serves: {', '.join(words)}",
        )
    return found[0]


def draft(source: SourceSpec, logsource: SigmaLogsource, rows: Sequence[Row]) -> Draft:
    """Make a draft from the rows of a source's sample. Raises `ConfigError` if none is of use."""
    own = [row for row in rows if _belongs(source, logsource, row)]
    strange = [row for row in rows if row not in own]
    for counter in (_another, _foreign, _changed):
        for spec in _candidates(source):
            row = next((row for row in own if _is_telling(row[spec.name])), None)
            other = row and counter(own if counter is _another else strange, spec, row)
            if row and other:
                return _draft(source, logsource, spec, (row, other))
    raise ConfigError(
        f"the sample of source {source.name} has no record of {_words(logsource)}",
        where=source.file,
        fix="choose another --service or --category, or write the rule by hand",
    )


def _draft(
    source: SourceSpec, logsource: SigmaLogsource, spec: FieldSpec, pair: tuple[Row, Any]
) -> Draft:
    row, other = pair
    return Draft(
        source=source,
        logsource=logsource,
        field=_spelt(source, spec),
        value=row[spec.name],
        match=_record(row),
        other=other,
        more=_more(source, spec, row),
        shown=_shown(source, _spelt(source, spec)),
        group=_group(source, spec, row),
    )


def render_correlation(author: Author, given: Draft, rule_id: str) -> str:
    """Return the YAML of a new correlation and, before it, of the rule that it counts.

    Args:
        rule_id: the id of that rule; the author's is the correlation's.
    """
    name = "member_" + rule_id[:8]
    rule = render(replace(author, rule_id=rule_id), given, name)
    return rule + _CORRELATION.format(
        title=_scalar(f"{author.title}, again and again"),
        id=author.rule_id,
        author=_scalar(author.name),
        date=author.today.isoformat(),
        name=name,
        group=_scalar(given.group),
        often=OFTEN,
        tests=_yaml(_repeated(given.match), 2),
    )


def _repeated(event: Any) -> list[dict[str, Any]]:
    """Return tests of one event, again and again; YAML writes it once and refers to it."""
    return [
        {"name": "often enough", "match": True, "events": [event] * OFTEN},
        {"name": "once too few", "match": False, "events": [event] * (OFTEN - 1)},
    ]


def render(author: Author, given: Draft, name: str = "") -> str:
    """Return the YAML of a new rule.

    Args:
        name: how correlations call it, if any do.
    """
    logsource = {
        key: word
        for key in ("product", "service", "category")
        if (word := getattr(given.logsource, key))
    }
    more = _yaml(dict(given.more), 4).splitlines()
    return _TEMPLATE.format(
        title=_scalar(author.title),
        id=author.rule_id,
        name=f"name: {name}\n" if name else "",
        docs=_scalar(given.source.docs),
        author=_scalar(author.name),
        date=author.today.isoformat(),
        logsource=_yaml(logsource, 2),
        selection=_yaml({given.field: given.value}, 4),
        source=given.source.name,
        more="\n".join(f"    # {line[4:]}" for line in more),
        fields=_yaml(list(given.shown), 2),
        match=_yaml(given.match, 6),
        other=_yaml(given.other, 6),
    )


def _belongs(source: SourceSpec, logsource: SigmaLogsource, row: Row) -> bool:
    for field, values in logsource.when.items():
        binding = source.bind(field)
        if binding is None or str(row[binding.column]) not in map(str, values):
            return False
    return True


def _candidates(source: SourceSpec) -> Iterator[FieldSpec]:
    """Yield text fields that a rule may test: what was done, to what, by whom, then the rest."""
    ranks = {
        alternative.column: rank
        for rank, name in reversed(list(enumerate(_TELLING)))
        for alternative in source.derive.get(name, ())
    }
    texts = [spec for spec in source.fields if spec.type == "string"]
    yield from sorted(texts, key=lambda spec: ranks.get(spec.name, len(_TELLING)))


def _is_telling(value: Any) -> bool:
    """Tell whether a value can stand in a rule as it is: no wildcard, nothing to escape."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= LONGEST_VALUE
        and value.isprintable()
        and not _SPECIAL.search(value)
    )


def _another(own: Sequence[Row], spec: FieldSpec, row: Row) -> Any:
    """Return a record of the log source that has another value."""
    value = row[spec.name].lower()
    others = (r for r in own if r[spec.name] is not None and r[spec.name].lower() != value)
    return next(map(_record, others), None)


def _foreign(strange: Sequence[Row], spec: FieldSpec, row: Row) -> Any:
    """Return a record of the same source that is of another log source."""
    return next(map(_record, strange), None)


def _changed(_: Sequence[Row], spec: FieldSpec, row: Row) -> Any:
    """Return this record with its value changed, if it is where the source says."""
    record, value = _record(row), row[spec.name]
    if isinstance(record, str):
        return record.replace(value, _OTHER)
    made = copy.deepcopy(record)
    for path in spec.paths:
        place = made
        for step in path[:-1]:
            place = place.get(step) if isinstance(place, dict) else None
        if isinstance(place, dict) and place.get(path[-1]) == value:
            place[path[-1]] = _OTHER
    return None if made == record else made


def _more(source: SourceSpec, tested: FieldSpec, row: Row) -> dict[str, Any]:
    told = {
        _spelt(source, spec): row[spec.name]
        for spec in _candidates(source)
        if spec.name != tested.name and _is_telling(row[spec.name])
    }
    return dict(list(told.items())[:SUGGESTED])


def _shown(source: SourceSpec, field: str) -> list[str]:
    columns = {a.column for name in _SHOWN for a in source.derive.get(name, ())[:1] if a.column}
    named = [_spelt(source, spec) for spec in source.fields if spec.name in columns]
    return list(dict.fromkeys([field, *named]))


def _group(source: SourceSpec, tested: FieldSpec, row: Row) -> str:
    """Return the field by which a correlation groups: who or whence, else what the rule tests."""
    columns = [a.column for name in _SHOWN for a in source.derive.get(name, ()) if a.column]
    named = {spec.name: spec for spec in source.fields}
    own = (named[c] for c in columns if c in named and row[c] is not None and c != tested.name)
    return _spelt(source, next(own, tested))


def _spelt(source: SourceSpec, spec: FieldSpec) -> str:
    """Return a field's name as rules have it: the last part alone where that is enough."""
    path = spec.paths[0]
    found = source.bind(path[-1])
    alone = found is not None and found.column == spec.name and not found.path
    return path[-1] if alone else ".".join(path)


def _words(logsource: SigmaLogsource) -> str:
    words = (logsource.product, logsource.service, logsource.category)
    return " ".join(word for word in words if word)


def _record(row: Row) -> Any:
    """Return a row's record as received: what its JSON says, or its text."""
    try:
        value = orjson.loads(row["raw"])
    except orjson.JSONDecodeError:
        return row["raw"]
    return value if isinstance(value, dict) else row["raw"]


def _scalar(text: str) -> str:
    return _yaml(text, 0).removesuffix("\n...")


def _yaml(value: Any, indent: int) -> str:
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10_000).rstrip("\n")
    text = text.removesuffix("\n...")
    return "\n".join(" " * indent + line for line in text.splitlines())

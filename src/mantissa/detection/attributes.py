"""What a rule file may say beyond Sigma: its own tests, and how this product treats it.

`tests:` is a list of `{name, match: true or false, event: {…one record as the vendor writes it…}}`
(or `events:`, and `source:` if the rule applies to several; a correlation's events may say
`{source: NAME, event: {…}}` one by one). `mantissa:` may hold `enabled`,
`group_by` (common columns) and `major`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from mantissa.detection.rule import Event, RuleTest
from mantissa.detection.table import ENTITIES
from mantissa.detection.yamlsafe import Document
from mantissa.errors import RuleError

_SETTINGS = ("enabled", "group_by", "major")
_TEST_KEYS = ("name", "match", "event", "events", "source")


@dataclass(frozen=True, slots=True)
class Settings:
    """The `mantissa:` mapping of a rule.

    Args:
        group_by: common columns that make one alert; empty for the product's default.
        major: a new number gives the rule's alerts new ids.
    """

    enabled: bool = True
    group_by: tuple[str, ...] = ()
    major: int = 1


@dataclass(frozen=True, slots=True)
class _Place:
    """Where complaints about one attribute are to point."""

    path: str
    line: int

    def refuse(self, message: str, fix: str | None = None) -> RuleError:
        return RuleError(message, file=self.path, line=self.line, fix=fix)


def read_settings(attributes: Mapping[str, Any], document: Document, path: str) -> Settings:
    """Check and return a rule's `mantissa:` mapping. Raises `RuleError`."""
    place = _Place(path, document.keys.get("mantissa", document.line))
    value = attributes.get("mantissa", {})
    if not isinstance(value, dict):
        raise place.refuse("`mantissa:` must be a mapping")
    _known(value, _SETTINGS, "mantissa", place)
    enabled, major = value.get("enabled", True), value.get("major", 1)
    if not isinstance(enabled, bool):
        raise place.refuse("`mantissa.enabled` must be true or false")
    if not isinstance(major, int) or isinstance(major, bool) or major < 1:
        raise place.refuse("`mantissa.major` must be a whole number from 1")
    return Settings(enabled, _group_by(value.get("group_by", []), place), major)


def _group_by(value: Any, place: _Place) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise place.refuse("`mantissa.group_by` must be a list of column names")
    for name in value:
        if name not in ENTITIES:
            raise place.refuse(
                f"`mantissa.group_by` does not know {name!r}", f"use some of {', '.join(ENTITIES)}"
            )
    return tuple(dict.fromkeys(value))


def read_tests(
    attributes: Mapping[str, Any], document: Document, path: str, *, of_several: bool = False
) -> tuple[RuleTest, ...]:
    """Check and return a rule's own `tests:`. Raises `RuleError`.

    Args:
        of_several: an event may be `{source: NAME, event: RECORD}`, as in a correlation's tests.
    """
    place = _Place(path, document.keys.get("tests", document.line))
    value = attributes.get("tests", [])
    if not isinstance(value, list):
        raise place.refuse("`tests:` must be a list")
    tests = tuple(_test(entry, number, place) for number, entry in enumerate(value, 1))
    return tuple(_with_sources(test, place) for test in tests) if of_several else tests


def _test(entry: Any, number: int, place: _Place) -> RuleTest:
    if not isinstance(entry, dict):
        raise place.refuse(f"test {number} must be a mapping")
    _known(entry, _TEST_KEYS, f"test {number}", place)
    if not isinstance(entry.get("match"), bool):
        raise place.refuse(f"test {number} must say `match: true` or `match: false`")
    if ("event" in entry) == ("events" in entry):
        raise place.refuse(f"test {number} must have either `event` or `events`")
    events = entry["events"] if "events" in entry else [entry["event"]]
    if not isinstance(events, list) or not events:
        raise place.refuse(f"test {number}: `events` must be a list that is not empty")
    source = entry.get("source")
    return RuleTest(
        name=str(entry.get("name", f"test {number}")),
        match=entry["match"],
        events=tuple(_event(event, number, place) for event in events),
        source=None if source is None else str(source),
    )


def _with_sources(test: RuleTest, place: _Place) -> RuleTest:
    """Take apart the events that name their own log source."""
    events: list[Event] = []
    sources: list[str | None] = []
    for event in test.events:
        named = isinstance(event, Mapping) and set(event) == {"source", "event"}
        if named and isinstance(event, Mapping) and isinstance(event["source"], str):
            sources.append(event["source"])
            events.append(_event(event["event"], test.name, place))
        else:
            sources.append(test.source)
            events.append(event)
    return replace(test, events=tuple(events), sources=tuple(sources))


def _event(event: Any, number: int | str, place: _Place) -> Event:
    if isinstance(event, str) or (
        isinstance(event, dict) and all(isinstance(key, str) for key in event)
    ):
        return event
    raise place.refuse(f"test {number}: an event is a record's text, or a mapping with text keys")


def _known(value: Mapping[Any, Any], names: tuple[str, ...], where: str, place: _Place) -> None:
    for key in value:
        if key not in names:
            near = get_close_matches(str(key), names, 1)
            fix = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(names)}"
            raise place.refuse(f"{where} has an unknown key {key!r}", fix)

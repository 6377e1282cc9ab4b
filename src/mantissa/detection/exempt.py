"""A new exception as a file: a Sigma filter on one rule, with its author, reason and last day."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import yaml

from mantissa.detection.rule import Rule
from mantissa.errors import ConfigError

LONGEST_DAYS = 366
_DAYS = re.compile(r"([1-9][0-9]{0,3})d")
_WHERE = re.compile(r"(?P<field>[^=|\s][^=|]*(?:\|[a-z0-9]+)*)=(?P<value>.*)", re.DOTALL)
_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Exempt:
    """What is to be left out of a rule's matches.

    Args:
        where: field, with modifiers if any → values of which one must hold; fields must all hold.
    """

    id: str
    title: str
    author: str
    reason: str
    today: date
    expires: date
    where: dict[str, list[str | int]]


def read_where(given: Iterable[str]) -> dict[str, list[str | int]]:
    """Read `field=value`, `field|contains=value` and so on. Raises `ConfigError`."""
    where: dict[str, list[str | int]] = {}
    for text in given:
        match = _WHERE.fullmatch(text)
        if match is None:
            fix = "write it as field=value or field|contains=value"
            raise ConfigError(f"cannot read --where {text!r}", fix=fix)
        value = match["value"]
        number = _WHOLE_NUMBER.fullmatch(value)
        where.setdefault(match["field"].strip(), []).append(int(value) if number else value)
    if not where:
        fix = "say which records with --where field=value; disable the rule if it is all of them"
        raise ConfigError("an exception must say what it leaves out", fix=fix)
    return where


def read_last_day(text: str, today: date) -> date:
    """Read a day, or a number of days such as `30d`. Raises `ConfigError`."""
    days = _DAYS.fullmatch(text)
    try:
        last = today + timedelta(days=int(days[1])) if days else date.fromisoformat(text)
    except ValueError:
        fix = "write it like 2027-01-31, or like 90d"
        raise ConfigError(f"--expires is no day: {text!r}", fix=fix) from None
    if not today <= last <= today + timedelta(days=LONGEST_DAYS):
        fix = "name a day within a year; an exception is looked at again when it expires"
        raise ConfigError(f"--expires {last} is past or too far away", fix=fix)
    return last


def render_exception(given: Exempt, rule: Rule) -> str:
    """Return the YAML of the exception."""
    named = ("product", "service", "category")
    logsource = {name: word for name in named if (word := getattr(rule.logsource, name))}
    document: dict[str, Any] = {
        "title": given.title,
        "id": given.id,
        "description": f"Exception of the rule: {rule.info.title}",
        "author": given.author,
        "date": given.today,
        "logsource": logsource,
        "filter": {
            "rules": [rule.info.id],
            "exempt": {f: v[0] if len(v) == 1 else v for f, v in given.where.items()},
            "condition": "not exempt",
        },
        "mantissa": {"reason": given.reason, "expires": given.expires},
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)

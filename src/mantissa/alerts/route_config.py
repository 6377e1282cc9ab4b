"""Reading routes and destinations from a settings document; every error names its key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import time, timedelta
from typing import Any

from mantissa.alerts.route import AlertSettings, DestinationConfig, Hours, Redaction, Route
from mantissa.errors import ConfigError
from mantissa.model import Severity, Verdict

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_HOURS = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_ROUTE_KEYS = ("destinations", "min_level", "tags", "sources", "rules", "hours")
_ALERT_KEYS = ("tenant", "window_minutes", "reopen", "link")
_REDACTION_KEYS = ("allow", "mask", "drop")


def alert_settings(document: Mapping[str, Any]) -> AlertSettings:
    """Build the settings from the tables `alerts`, `destinations` and the list `routes`.

    Raises `ConfigError` naming the key, such as `routes[1].min_level`.
    """
    alerts = _table(document.get("alerts", {}), "alerts")
    _known_keys(alerts, _ALERT_KEYS, "alerts")
    destinations = read_destinations(document.get("destinations", {}))
    return AlertSettings(
        tenant=_text(alerts.get("tenant", "local"), "alerts.tenant"),
        window=_window(alerts.get("window_minutes", 60), "alerts.window_minutes"),
        reopen=_reopen(alerts.get("reopen", [str(v) for v in Verdict]), "alerts.reopen"),
        link=_link(alerts.get("link", ""), "alerts.link"),
        routes=read_routes(document.get("routes", []), [d.name for d in destinations]),
        destinations=destinations,
    )


def read_destinations(raw: object) -> tuple[DestinationConfig, ...]:
    """Build the destinations from a table of name → settings."""
    return tuple(
        _destination(name, _table(value, f"destinations.{name}"))
        for name, value in _table(raw, "destinations").items()
    )


def read_routes(raw: object, known: Collection[str]) -> tuple[Route, ...]:
    """Build the routes from a list of tables; `known` are the destinations there are."""
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise _wrong("routes", "must be a list of tables", "write each route under [[routes]]")
    return tuple(
        _route(_table(value, f"routes[{i}]"), f"routes[{i}]", known) for i, value in enumerate(raw)
    )


def _route(raw: Mapping[str, Any], where: str, known: Collection[str]) -> Route:
    _known_keys(raw, _ROUTE_KEYS, where)
    names = _texts(raw.get("destinations", ()), f"{where}.destinations")
    if not names:
        raise _wrong(f"{where}.destinations", "names no destination", "name at least one")
    for name in names:
        _one_of(name, known, f"{where}.destinations")
    return Route(
        destinations=names,
        min_level=_level(raw.get("min_level", "informational"), f"{where}.min_level"),
        tags=frozenset(_texts(raw.get("tags", ()), f"{where}.tags")),
        sources=frozenset(_texts(raw.get("sources", ()), f"{where}.sources")),
        rules=frozenset(_texts(raw.get("rules", ()), f"{where}.rules")),
        hours=_hours(raw["hours"], f"{where}.hours") if "hours" in raw else None,
    )


def _destination(name: str, raw: Mapping[str, Any]) -> DestinationConfig:
    where = f"destinations.{name}"
    if not _NAME.fullmatch(name):
        raise _wrong(where, "is not a usable name", "use a-z, 0-9, - and _, at most 63")
    for key in ("type", "secret"):
        if key not in raw:
            raise _wrong(f"{where}.{key}", "is missing", f"add {key} = …")
    taken = {"type", "secret", *_REDACTION_KEYS}
    return DestinationConfig(
        name=name,
        type=_text(raw["type"], f"{where}.type"),
        secret=_text(raw["secret"], f"{where}.secret"),
        redaction=Redaction(**{k: _texts(raw.get(k, ()), f"{where}.{k}") for k in _REDACTION_KEYS}),
        options={k: v for k, v in raw.items() if k not in taken},
    )


def _hours(raw: object, where: str) -> Hours:
    match = _HOURS.fullmatch(raw) if isinstance(raw, str) else None
    numbers = [int(n) for n in match.groups()] if match else []
    if not match or max(numbers[::2]) > 23 or max(numbers[1::2]) > 59:
        raise _wrong(where, f"{raw!r} is not a span of hours", 'write "08:00-18:00" (UTC)')
    start_hour, start_minute, end_hour, end_minute = numbers
    return Hours(time(start_hour, start_minute), time(end_hour, end_minute))


def _window(raw: object, where: str) -> timedelta:
    if not isinstance(raw, int) or isinstance(raw, bool) or not 1 <= raw <= 1440:
        raise _wrong(where, f"{raw!r} is not a number of minutes", "use 1 to 1440")
    return timedelta(minutes=raw)


def _level(raw: object, where: str) -> Severity:
    return Severity(_one_of(_text(raw, where), [str(s) for s in Severity], where))


def _reopen(raw: object, where: str) -> frozenset[Verdict]:
    known = [str(v) for v in Verdict]
    return frozenset(Verdict(_one_of(v, known, where)) for v in _texts(raw, where))


def _link(raw: object, where: str) -> str:
    link = _text(raw, where, empty=True)
    if link and not link.startswith(("https://", "http://")):
        raise _wrong(where, f"{link!r} is not a web address", "start it with https://")
    return link.rstrip("/")


def _table(raw: object, where: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise _wrong(where, "must be a table", f"write it under [{where}]")
    return raw


def _text(raw: object, where: str, *, empty: bool = False) -> str:
    if not isinstance(raw, str) or not (raw or empty):
        raise _wrong(where, f"{raw!r} is not a text", "put it in quotes")
    return raw


def _texts(raw: object, where: str) -> tuple[str, ...]:
    if isinstance(raw, str) or not isinstance(raw, Sequence):
        raise _wrong(where, f"{raw!r} is not a list", 'write ["a", "b"]')
    return tuple(_text(item, where) for item in raw)


def _known_keys(raw: Mapping[str, Any], known: Collection[str], where: str) -> None:
    for key in raw:
        _one_of(key, known, f"{where}.{key}")


def _one_of(value: str, known: Collection[str], where: str) -> str:
    if value not in known:
        raise _wrong(where, f"{value!r} is not known", nearest(value, known))
    return value


def nearest(value: str, known: Collection[str]) -> str:
    """Say which of the known words the user may have meant."""
    close = difflib.get_close_matches(value, known, n=1)
    return f"did you mean {close[0]!r}?" if close else "use one of: " + ", ".join(sorted(known))


def _wrong(where: str, problem: str, fix: str) -> ConfigError:
    return ConfigError(problem, where=where, fix=fix)

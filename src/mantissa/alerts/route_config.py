"""Routes and destinations from the user's settings; every error names its key.

The settings reader has seen to types and unknown keys. What is checked here is what only alerts
know: names that can be part of a key, hours, and routes that lead somewhere.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence
from datetime import time, timedelta

from mantissa.alerts.route import AlertSettings, DestinationConfig, Hours, Redaction, Route
from mantissa.alerts.sections import AlertsSection, DestinationSection, RouteSection
from mantissa.errors import ConfigError
from mantissa.model import Severity, Verdict

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def alert_settings(
    alerts: AlertsSection,
    destinations: Sequence[DestinationSection] = (),
    routes: Sequence[RouteSection] = (),
) -> AlertSettings:
    """Build the settings of alerts from the user's sections of the same names.

    Raises `ConfigError` naming the key, such as `routes[1].hours`.
    """
    configs = tuple(_destination(d, f"destinations[{i}]") for i, d in enumerate(destinations))
    names = [config.name for config in configs]
    if len(set(names)) < len(names):
        raise _wrong("destinations", "two have the same name", "give each its own")
    verdicts = [_one_of(verdict, list(Verdict), "alerts.reopen") for verdict in alerts.reopen]
    return AlertSettings(
        tenant=alerts.tenant,
        window=_window(alerts.window),
        reopen=frozenset(Verdict(verdict) for verdict in verdicts),
        link=_link(alerts.link),
        routes=tuple(_route(r, f"routes[{i}]", names) for i, r in enumerate(routes)),
        destinations=configs,
    )


def _route(section: RouteSection, where: str, known: Collection[str]) -> Route:
    if not section.destinations:
        raise _wrong(f"{where}.destinations", "names no destination", "name at least one")
    for name in section.destinations:
        _one_of(name, known, f"{where}.destinations")
    return Route(
        destinations=tuple(section.destinations),
        min_level=Severity(_one_of(section.min_level, list(Severity), f"{where}.min_level")),
        tags=frozenset(section.tags),
        sources=frozenset(section.sources),
        rules=frozenset(section.rules),
        hours=_hours(section.hours, f"{where}.hours") if section.hours else None,
    )


def _destination(section: DestinationSection, where: str) -> DestinationConfig:
    if not _NAME.fullmatch(section.name):
        fix = "use a-z, 0-9, - and _, at most 63"
        raise _wrong(f"{where}.name", f"{section.name!r} is not a usable name", fix)
    return DestinationConfig(
        name=section.name,
        type=section.type,
        secret=section.secret,
        redaction=Redaction(tuple(section.allow), tuple(section.mask), tuple(section.drop)),
        options={**section.options, **({"url": section.url} if section.url else {})},
    )


def _hours(raw: str, where: str) -> Hours:
    match = _HOURS.fullmatch(raw)
    if match is None:
        raise _wrong(where, f"{raw!r} is not a span of hours", 'write "08:00-18:00" (UTC)')
    start_hour, start_minute, end_hour, end_minute = (int(n) for n in match.groups())
    return Hours(time(start_hour, start_minute), time(end_hour, end_minute))


def _window(seconds: float) -> timedelta:
    if not 60 <= seconds <= 86_400:
        raise _wrong("alerts.window", f"{seconds} s is too short or long", "use 1 min to 24 h")
    return timedelta(seconds=int(seconds))


def _link(link: str) -> str:
    if link and not link.startswith(("https://", "http://")):
        raise _wrong("alerts.link", f"{link!r} is not a web address", "start it with https://")
    return link.rstrip("/")


def _one_of(value: str, known: Collection[str], where: str) -> str:
    if value not in known:
        raise _wrong(where, f"{value!r} is not known", nearest(value, known))
    return value


def nearest(value: str, known: Collection[str]) -> str:
    """Say which of the known words the user may have meant."""
    close = difflib.get_close_matches(value, known, n=1)
    return f"did you mean {str(close[0])!r}?" if close else "known: " + ", ".join(sorted(known))


def _wrong(where: str, problem: str, fix: str) -> ConfigError:
    return ConfigError(problem, where=where, fix=fix)
